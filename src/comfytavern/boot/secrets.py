"""The application's secret: given by the settings, or in development made once and kept beside the data."""

import contextlib
import os
import secrets
from pathlib import Path

from comfytavern.kernel.errors import Unavailable
from comfytavern.kernel.secret import Secret
from comfytavern.settings.settings import Settings

FILE = "secrets/application.key"


def application_secrets(settings: Settings) -> list[Secret]:
    """Return the secrets under which tokens are signed and keys sealed, the current one first; makes one when none was given."""
    return settings.secrets or [Secret(_kept(settings.data_dir / FILE))]


def _kept(file: Path) -> str:
    """Return the text of `file`, made (0600, in a 0700 folder) when it is not there yet."""
    try:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not file.exists():
            with contextlib.suppress(FileExistsError):  # Another process was faster: its secret is the one.
                _write_new(file)
        text = file.read_text(encoding="ascii").strip()
    except OSError as error:
        sentence = f"The secret in {file} cannot be read or made."
        raise Unavailable("boot.secret", sentence, hint="Check DATA_DIR, or give JWT_SECRET.") from error
    if not text:
        hint = "Restore it from a backup, or delete it; then everybody logs in again and enters model keys again."
        raise Unavailable("boot.secret", f"The secret in {file} is empty.", hint=hint)
    return text


def _write_new(file: Path) -> None:
    """Write a secret to a file that must not exist: beside it first, so that nobody reads half of it."""
    beside = file.with_name(f".{file.name}.{secrets.token_hex(8)}")
    descriptor = os.open(beside, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="ascii") as stream:
            stream.write(secrets.token_urlsafe(48) + "\n")
            stream.flush()
            os.fsync(stream.fileno())
        os.link(beside, file)
    finally:
        beside.unlink()
