"""Marks of a deployment in what watches: beside the curves, the errors and the traces. Each is a Place of connectors/place.py."""
