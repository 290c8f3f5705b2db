"""What must not be kept or shown: masking of secrets, deletion on request."""
