"""Defects back to the maker: where units came from, who handled them, where their siblings are, and the proof of it."""
