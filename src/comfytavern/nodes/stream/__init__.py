"""Streams: cut, extend, watch and gather them while they flow."""
