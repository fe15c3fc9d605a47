"""Text: make it, cut it, join it, read it."""
