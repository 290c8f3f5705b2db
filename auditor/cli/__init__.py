"""What is typed and seen: options, commands, progress, tables."""
