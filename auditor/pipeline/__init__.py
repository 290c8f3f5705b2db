"""The order of the stages, what is stale, and the record of runs."""
