"""Where SQL lives: one adapter per room that has a port. Nothing outside this folder knows SQL. Door: database.py."""
