"""The stages: each reads tables and writes its own; none imports another.

A stage is one function of one shape::

    def run(store: Store, settings: ..., watch: Watch = silent) -> StageResult

``pipeline`` knows their order and decides which ones are stale.
"""
