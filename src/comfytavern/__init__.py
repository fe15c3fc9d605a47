"""ComfyTavern: from canvas to production."""

__version__ = "0.1.0"
