"""What a release says of the application: its database, its settings, its default configuration."""

from pathlib import Path

import msgspec
from alembic.script import ScriptDirectory

from comfytavern.deploy.build.service import App
from comfytavern.deploy.release import EnvName, Migration, Schema
from comfytavern.settings import render
from comfytavern.settings.variables import schema
from comfytavern.store import migrations


def app() -> App:
    """Return what the manifest of a release built from this code has to say."""
    steps = _migrations()
    level = max((step.level for step in steps), default=0)
    contracted = max((step.level for step in steps if step.phase == "contract"), default=0)
    return App(
        schema=Schema(level=level, min=contracted),
        migrations=steps,
        env=msgspec.convert(schema(), dict[str, EnvName]),
        templates={".env.example": render.env()},
    )


def _migrations() -> tuple[Migration, ...]:
    """Return every step of the database, the oldest first. One that says nothing of itself only adds."""
    scripts = reversed(list(ScriptDirectory(str(Path(migrations.__file__ or "").parent)).walk_revisions()))
    return tuple(
        Migration(script.revision, int(getattr(script.module, "level", number)), getattr(script.module, "phase", "expand"))
        for number, script in enumerate(scripts, 1)
    )
