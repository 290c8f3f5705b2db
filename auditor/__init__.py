"""Workload audit and migration planner for LLM API spend."""

__version__ = "0.1.0"
