"""Room api/schemas."""
