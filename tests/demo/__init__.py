"""`make demo`: a small warehouse through the whole path, with real processes, real videos and a real database."""
