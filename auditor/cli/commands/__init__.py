"""The commands, by what they are about; ``auditor.cli.main`` puts them into one group."""
