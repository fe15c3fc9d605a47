"""For finding out what a graph really does."""
