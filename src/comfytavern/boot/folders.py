"""The folders of a product, for whoever needs no more than these: its data, ready for use, and the built web app."""

from pathlib import Path
from typing import Final

import comfytavern
from comfytavern.kernel.errors import Unavailable
from comfytavern.settings.settings import Settings
from comfytavern.store.migrate import prepare as prepare_database

FREE_BYTES_MIN: Final = 32 * 1024 * 1024


def prepare(settings: Settings) -> None:
    """Make the data folder and bring the database up to date. Blocks: call it before there is an event loop. Raises `Failure`.

    In production nothing migrates by itself: a database that is behind (an empty one too) is `db.behind`.
    """
    try:
        settings.data_dir.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise Unavailable("boot.data_dir", f"{settings.data_dir} cannot be made: {error.strerror}.", hint="Check DATA_DIR.") from error
    prepare_database(settings.database, backups=settings.data_dir / "backups", may_migrate=settings.environment != "production")


def web_folder() -> Path | None:
    """Return where the built web app is: inside the package (a wheel), or in the checkout; None when it is not built."""
    package = Path(comfytavern.__file__).parent
    folders = (package / "_web", package.parent.parent / "web" / "dist")
    return next((folder for folder in folders if (folder / "index.html").is_file()), None)
