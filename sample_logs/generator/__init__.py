"""Writes the sample logs: two invented apps, fourteen tasks, thirty days of calls."""
