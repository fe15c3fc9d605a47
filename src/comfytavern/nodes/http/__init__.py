"""Other servers, through one guard."""
