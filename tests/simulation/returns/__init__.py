"""A returns desk of a shop: honest customers and others, and a clerk who sees what a clerk would see."""
