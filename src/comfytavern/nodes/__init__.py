"""The built-in catalogue: one node, one file. kit.py is the only import a node author needs."""
