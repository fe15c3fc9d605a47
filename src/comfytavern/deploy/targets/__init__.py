"""Where commands reach a host."""
