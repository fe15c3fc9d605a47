"""How tables change while two versions of the code run on them: expand first, contract last, and levels that say who can run on what.

expand    only adds, so that code that does not know of it goes on as before; every deployment runs these, and nothing else
migrate   fills in data; every version of the code can live with it done, half done or not done
contract  takes away what no code in use needs any more; a command of its own (`comfytavern db contract`)

The revisions of each phase are a chain of their own (`down_revision`); one may depend (`depends_on`) on revisions of earlier phases.
`level` counts: on an expand revision it is the level that the database reaches, on a contract revision the lowest level of code that
can run afterwards. Code of level L runs on a database of level >= L with contracted <= L.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final

from comfytavern.kernel.errors import Failure, Unavailable
from comfytavern.store.faults import fault

LEVEL: Final = 3
"""The level of this code: that of its newest expand revision. Written down so that a start need not load Alembic (0.3 s)."""
FOLDER: Final = Path(__file__).parent / "migrations"


class Phase(StrEnum):
    """When a revision is run."""

    EXPAND = "expand"
    MIGRATE = "migrate"
    CONTRACT = "contract"

    def and_earlier(self) -> tuple["Phase", ...]:
        """Return the phases that are run when this one is asked for."""
        return tuple(Phase)[: tuple(Phase).index(self) + 1]


@dataclass(frozen=True, slots=True)
class Step:
    """One revision."""

    revision: str
    phase: Phase
    level: int
    needs: tuple[str, ...]
    """The revisions that must have been run before it."""


@dataclass(frozen=True, slots=True)
class State:
    """What a database says of itself; level 0 is an empty one."""

    level: int = 0
    contracted: int = 0

    def problem(self, level: int = LEVEL) -> Failure | None:
        """Return why code of this level cannot run on it: `db.behind`, `store.newer`; None when it can."""
        if self.contracted > level:
            return fault("newer", f"contracted to level {self.contracted}, this code has level {level}")
        if self.level >= level:
            return None
        what = f"at level {self.level}" if self.level else "empty"
        sentence = f"The database is {what}; this version needs level {level}."
        return Unavailable("db.behind", sentence, hint="Run: comfytavern db migrate", level=self.level, needed=level)


def steps(folder: Path = FOLDER) -> tuple[Step, ...]:
    """Return every revision of a folder of migrations, each after those that it needs."""
    from alembic.script import ScriptDirectory  # noqa: PLC0415 -- see LEVEL

    found = [_step(script) for script in ScriptDirectory(str(folder)).walk_revisions()]
    done: dict[str, Step] = {}
    while len(done) < len(found):
        ready = [step for step in found if step.revision not in done and set(step.needs) <= done.keys()]
        done |= {step.revision: step for step in sorted(ready, key=lambda step: step.revision)}
    return tuple(done.values())


def heads(of: Iterable[Step], phases: Iterable[Phase]) -> list[str]:
    """Return the revisions to run for these phases: those of them that no other of them needs."""
    wanted = set(phases)
    chosen = [step for step in of if step.phase in wanted]
    needed = {revision for step in chosen for revision in step.needs}
    return [step.revision for step in chosen if step.revision not in needed]


def with_needs(of: Iterable[Step], revisions: Iterable[str]) -> list[Step]:
    """Return these revisions and everything that they need, as far as it is known here."""
    known = {step.revision: step for step in of}
    open_ends, found = list(revisions), dict[str, Step]()
    while open_ends:
        step = known.get(open_ends.pop())
        if step is not None and step.revision not in found:
            found[step.revision] = step
            open_ends += step.needs
    return [step for step in known.values() if step.revision in found]


def reached(done: Iterable[Step], before: State) -> State:
    """Return the state of a database in which these revisions have been run; it never goes back."""
    done = list(done)
    return State(
        level=max([before.level, *(step.level for step in done if step.phase is not Phase.CONTRACT)]),
        contracted=max([before.contracted, *(step.level for step in done if step.phase is Phase.CONTRACT)]),
    )


def _step(script: object) -> Step:
    module = getattr(script, "module")  # noqa: B009 -- Alembic's scripts have no types worth naming
    down, on = (getattr(module, name, None) or () for name in ("down_revision", "depends_on"))
    needs = [(name,) if isinstance(name, str) else tuple(name) for name in (down, on)]
    return Step(str(module.revision), Phase(module.phase), int(module.level), needs[0] + needs[1])
