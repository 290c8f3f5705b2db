"""How results read on a terminal, and what `--json` says of them; one module per command group."""
