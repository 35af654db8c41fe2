"""Warranty: the terms, a unit's life with its owners, who may claim, and repairs with loans and replacements."""
