"""Room projects."""
