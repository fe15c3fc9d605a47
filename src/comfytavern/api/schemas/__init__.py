"""What travels over HTTP, one file per room. Pydantic lives here and in settings only."""
