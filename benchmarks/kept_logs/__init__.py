"""Synthetic one-month LLM API logs of six companies (seeded, standard library only)."""
