"""What the web app has to know to tell its mistakes."""

from pydantic import BaseModel


class Errors(BaseModel):
    """Where, and as what."""

    dsn: str
    """Names the project; the key in it is public by its nature, and the web app sends nothing there itself."""
    release: str
    environment: str


class Watching(BaseModel):
    """What is watched; null: nobody wants to know."""

    errors: Errors | None = None
