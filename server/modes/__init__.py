"""Changing how a product is tracked while it is in stock: what needs a plate, how far that is, and the switch."""
