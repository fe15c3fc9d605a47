"""The border of a graph, and notes for people."""
