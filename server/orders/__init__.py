"""Customers' orders: what they ask for, how far they are, what is cancelled, and the cartons that leave for them."""
