"""What a release says of the application: its database, its settings, its default configuration."""

import msgspec

from comfytavern.deploy.build.service import App
from comfytavern.deploy.release import EnvName, Migration, Schema
from comfytavern.deploy.render.site import defaults
from comfytavern.settings import render
from comfytavern.settings.variables import schema
from comfytavern.store.phases import State, reached, steps


def app() -> App:
    """Return what the manifest of a release built from this code has to say."""
    chain = steps()
    return App(
        schema=Schema(level=reached(chain, State()).level),
        migrations=tuple(Migration(step.revision, step.level, step.phase.value) for step in chain),
        env=msgspec.convert(schema(), dict[str, EnvName]),
        templates={".env.example": render.env(), **defaults()},
    )
