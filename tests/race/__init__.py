"""Handhelds pull while many write, on PostgreSQL: none may be skipped that commits late; a naive cursor skips some."""
