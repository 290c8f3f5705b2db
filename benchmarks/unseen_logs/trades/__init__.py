"""One module per trade: `TASKS` of its team and the `WORDS` that fill their patterns."""
