"""Numbers, comparisons and logic."""
