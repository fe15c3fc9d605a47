"""Room boot."""
