"""A pytest plugin (`-p tests.ahead`): every database of the contract suites is one expand step ahead of this code."""

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from comfytavern.store import migrate
from comfytavern.store.phases import Phase
from comfytavern.testing import databases
from tests.next_release import next_release


def ahead(real: Callable[[], Any], url_of: Callable[[Any], str]) -> Callable[[], Any]:
    made: list[Any] = []

    def template() -> Any:
        if not made:
            found = real()
            done = migrate.migrate(url_of(found), Phase.EXPAND, folder=next_release(Path(tempfile.mkdtemp(prefix="comfytavern-"))))
            assert done.applied == ("n1",)
            made.append(found)
        return made[0]

    return template


databases._template_file = ahead(databases._template_file, lambda file: f"sqlite:///{file}")
databases._template_database = ahead(databases._template_database, lambda name: databases.shared_server().url(name))
