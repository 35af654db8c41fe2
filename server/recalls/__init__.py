"""Recalls: what they reach, how they begin, how each unit is accounted for, whom to write to, and how they end."""
