"""The steps of a deployment, as values."""
