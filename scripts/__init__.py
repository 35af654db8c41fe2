"""Programs that rewrite data which is kept in the project."""
