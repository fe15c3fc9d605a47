"""Nodes that ask models. Every one works on `demo/demo`, without a key and without a network."""
