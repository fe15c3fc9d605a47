"""Steps on the database, done by one host for all."""

from collections.abc import Iterator, Mapping

from comfytavern.deploy.errors import Refused
from comfytavern.deploy.facts import Facts
from comfytavern.deploy.release import Release
from comfytavern.deploy.spec import Spec
from comfytavern.deploy.stage import Step

LOCK_TIMEOUT_MS, RETRIES = 300, 40
"""A migration waits so long for a table and then lets the requests behind it pass; the retries outlast a transaction of 10 s."""


def expands(host: str, facts: Facts, release: Release, spec: Spec, deploy: str) -> Iterator[Step]:
    """Yield a tested backup and the expanding migration; nothing when the database is far enough already."""
    if facts.migration is not None and facts.migration.level >= release.schema.level:
        return
    args = {"release": release.release}
    deadline_s = spec.deadlines.migrate_s
    if facts.active is not None:
        backup = {**args, "deploy": deploy}
        yield Step(host=host, verb="backup", args=backup, deadline_s=deadline_s, title="Back up the data, restore it aside and compare")
    expand = {**args, "phase": "expand", "lock_timeout_ms": LOCK_TIMEOUT_MS, "retries": RETRIES}
    yield Step(host=host, verb="migrate", args=expand, deadline_s=deadline_s, title=f"Expand the database to level {release.schema.level}")


def refuse_out_of_range(fleet: Mapping[str, Facts], release: str) -> None:
    """Refuse to go back to a release that cannot run on the database as it is: `Refused` (`deploy.schema`)."""
    for facts in fleet.values():
        levels, there = facts.levels(release), facts.migration
        if levels and there and (problem := levels.problem(there.level, there.contracted or 0)):
            hint = "`deploy rollback --restore-db` takes the data back as well, and says first what would be lost."
            hint = hint if "new" in problem else "Run `deploy apply` with it: that brings the database to its level."
            raise Refused("deploy.schema", f"The database is {problem}: {release}.", hint=hint)
