"""From counts to verdicts: pure functions with sources, no store and no clock."""
