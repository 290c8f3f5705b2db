"""From paths to records: files, archives and documents, cut on the bytes."""
