"""What is missing: when it was seen last, when a count first missed it, what it cost, and who was near meanwhile."""
