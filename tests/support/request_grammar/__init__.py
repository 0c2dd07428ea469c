"""Requests in every spelling, drawn from a grammar of their own, and what each of them means."""
