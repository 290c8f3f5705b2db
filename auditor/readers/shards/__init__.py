"""Reading in several processes: what can be read by itself, who reads it, and how it comes back."""
