"""Code that a person writes into a node."""
