"""Options that several verbs have."""

from pathlib import Path
from typing import Annotated

import typer

DataDir = Annotated[Path | None, typer.Option(help="Folder of the database, files and secrets (DATA_DIR).")]
