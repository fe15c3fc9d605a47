"""Levels and phases: who can run on what, and that what is called expand only adds."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from comfytavern.store import migrate, phases
from comfytavern.store.phases import FOLDER, LEVEL, Phase, State, Step
from comfytavern.testing.migrations import operations, unsafe
from tests.next_release import CONTRACT, HEADER, next_release

STEPS = phases.steps()
FILES = sorted((FOLDER / "versions").glob("*.py"))


def test_the_level_and_the_head_written_down_are_those_of_the_migrations() -> None:
    assert phases.reached(STEPS, State()).level == LEVEL
    assert phases.heads(STEPS, [Phase.EXPAND]) == [migrate.HEAD]


def test_levels_of_expand_revisions_count_up() -> None:
    levels = [step.level for step in STEPS if step.phase is Phase.EXPAND]
    assert levels == list(range(1, len(levels) + 1))


def test_no_revision_needs_one_of_a_later_phase_and_no_contract_asks_for_more_than_this_code() -> None:
    order = list(Phase)
    by_name = {step.revision: step for step in STEPS}
    for step in STEPS:
        assert all(order.index(by_name[name].phase) <= order.index(step.phase) for name in step.needs)
        assert step.phase is not Phase.CONTRACT or step.level <= LEVEL


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_what_is_called_expand_only_adds(file: Path) -> None:
    step = next(step for step in STEPS if step.revision == file.stem[:4])
    if step.phase is Phase.EXPAND:
        assert unsafe(operations(file)) == []


@pytest.mark.parametrize(
    "body",
    [
        'op.drop_table("users")',
        'op.drop_column("users", "name")',
        'op.add_column("users", sa.Column("age", sa.Integer, nullable=False))',
        'op.add_column("users", sa.Column("team", sa.String(40), sa.ForeignKey("projects.id"), nullable=True))',
        'op.alter_column("users", "name", new_column_name="title")',
        'op.alter_column("users", "name", type_=sa.Text)',
        'op.alter_column("users", "name", nullable=False)',
        'op.rename_table("users", "people")',
        'op.create_index("ix_u", "users", ["name"], unique=True)',
        'op.create_unique_constraint("uq", "users", ["name"])',
        'op.create_check_constraint("ck", "users", "name <> \'\'")',
        'op.drop_index("ix_runs_state", "runs")',
        'op.execute("ALTER TABLE users DROP COLUMN name")',
        'op.execute("DELETE FROM users")',
        'with op.batch_alter_table("users") as batch:\n        batch.drop_column("name")',
    ],
)
def test_what_takes_away_or_forbids_is_not_expand(tmp_path: Path, body: str) -> None:
    file = tmp_path / "wrong.py"
    file.write_text(HEADER.format(revision="x", down=None, on=None, phase="expand", level=1, body=f"    {body}"))
    assert len(unsafe(operations(file))) == 1


def test_the_next_release_is_a_good_example(tmp_path: Path) -> None:
    folder = next_release(tmp_path, contract=CONTRACT)
    assert unsafe(operations(folder / "versions" / "n1_next.py")) == []
    assert unsafe(operations(folder / "versions" / "c1_next.py")) != []
    steps = phases.steps(folder)
    assert phases.heads(steps, [Phase.EXPAND]) == ["n1"]
    assert sorted(phases.heads(steps, Phase.CONTRACT.and_earlier())) == ["c1"]
    assert phases.reached(steps, State()) == State(LEVEL + 1, LEVEL + 1)


@given(level=st.integers(0, 9), contracted=st.integers(0, 9), code=st.integers(1, 9))
def test_code_runs_on_its_level_and_above_until_something_it_needs_is_gone(level: int, contracted: int, code: int) -> None:
    problem = State(level, contracted).problem(code)
    assert (problem is None) == (level >= code and contracted <= code)
    if problem:
        assert problem.code == ("store.newer" if contracted > code else "db.behind")
        assert problem.hint


@given(st.permutations(range(6)))
def test_the_state_never_goes_back(order: list[int]) -> None:
    steps = [Step(str(n), Phase.CONTRACT if n % 3 == 2 else Phase.EXPAND, n, ()) for n in order]
    state = State()
    for number in range(len(steps)):
        after = phases.reached(steps[:number], state)
        assert after.level >= state.level
        assert after.contracted >= state.contracted
        state = after
