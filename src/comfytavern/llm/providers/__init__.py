"""Wire formats, one folder each. They never import each other."""
