"""What a hot line's own text says that it does."""
