"""The identity of a run: digests of its inputs, its model and its options."""
