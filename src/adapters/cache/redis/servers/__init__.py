"""The servers behind redis_url: one, the nodes of a cluster, or the primary that Sentinels name."""
