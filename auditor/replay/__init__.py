"""Which calls are drawn, and what candidates answer to them."""
