"""The commands, by what they are about; ``auditor.cli`` puts them into one group."""
