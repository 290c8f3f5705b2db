"""What calls cost: the price book, spend, savings, and the provider's bill."""
