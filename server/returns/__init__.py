"""The returns desk: what customers announce, what came back, the verdict on it, and what becomes of it."""
