"""Printing labels: what a label says, its symbol, where each part stands, and the two forms: sheets (PDF) and ZPL."""
