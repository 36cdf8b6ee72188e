"""Takes a cart to an order."""
