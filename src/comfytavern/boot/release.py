"""What a release says of the application: its database, its settings, its default configuration."""

from comfytavern.deploy.build.service import App


def app() -> App:
    """Return what the manifest of a release built from this code has to say."""
    return App()
