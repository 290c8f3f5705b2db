"""From records to columns: identity, masks and JSON text, ready for the database."""
