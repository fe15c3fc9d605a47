"""Room api/routes."""
