"""Receiving: what was announced or ordered against what came, carton by carton, and what to claim for it."""
