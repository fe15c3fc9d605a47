"""Makes the release artifact: reproducible, checked, signed."""
