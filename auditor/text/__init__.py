"""Text that came from outside: made safe to show, and YAML that remembers its lines."""
