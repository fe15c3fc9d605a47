"""Whatever two tabs do in whatever order, no version is ever lost or changed."""

import asyncio
import shutil
import tempfile
from pathlib import Path

import msgspec
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from comfytavern.accounts.user import Credentials, Role, User
from comfytavern.kernel.errors import Conflict
from comfytavern.projects.service import Projects
from comfytavern.store.accounts import SqlUsers
from comfytavern.store.database import Database
from comfytavern.store.projects import SqlProjects, SqlTrash, SqlVersions, SqlWorkflows
from comfytavern.testing.databases import new_database

pytestmark = pytest.mark.slow

ANN = "usr_ann"
TABS = st.sampled_from(["left", "right"])
TEXTS = st.sampled_from(["one", "two", "three"])


class TwoTabs(RuleBasedStateMachine):
    """Two tabs edit one workflow; the model is the list of all graphs that were accepted."""

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.folder = Path(tempfile.mkdtemp(prefix="comfytavern-"))
        self.database = new_database("sqlite", self.folder)
        self.projects = self._door(self.database)
        self.saved: list[str] = []
        self.tabs: dict[str, int] = {}

    def teardown(self) -> None:
        self.loop.run_until_complete(self.database.close())
        self.loop.close()
        shutil.rmtree(self.folder)

    @initialize(text=TEXTS)
    def begin(self, text: str) -> None:
        async def begin() -> str:
            user = User(id=ANN, name="Ann", role=Role.OWNER, created_at=0)
            await SqlUsers(self.database).add(Credentials(user=user, password_hash=""))
            project = await self.projects.first_project(ANN)
            return (await self.projects.create_workflow(ANN, project.id, "W", graph=_graph(text))).id

        self.id = self.loop.run_until_complete(begin())
        self.saved = [text]
        self.tabs = {"left": 1, "right": 1}

    @rule(tab=TABS, text=TEXTS)
    def save(self, tab: str, text: str) -> None:
        self._expect(tab, text, self._save(tab, text))

    @rule(left=TEXTS, right=TEXTS)
    def save_at_once(self, left: str, right: str) -> None:
        async def both() -> list[int | None]:
            return list(await asyncio.gather(self._try("left", left), self._try("right", right)))

        results = dict(zip(("left", "right"), self.loop.run_until_complete(both()), strict=True))
        texts = {"left": left, "right": right}
        before = self.saved
        for order in (("left", "right"), ("right", "left")):
            self.saved = list(before)
            if {tab: self._model(tab, texts[tab]) for tab in order} == results:
                break
        else:
            raise AssertionError(f"{results} is the result of neither order")
        for tab, result in results.items():
            self.tabs[tab] = result or self.tabs[tab]

    @rule(tab=TABS, number=st.integers(1, 6))
    def restore(self, tab: str, number: int) -> None:
        if number <= len(self.saved):
            self._expect(tab, self.saved[number - 1], self._save(tab, self.saved[number - 1]))

    @rule(tab=TABS)
    def reload(self, tab: str) -> None:
        self.tabs[tab] = self.loop.run_until_complete(self.projects.workflow(ANN, self.id)).version

    @rule()
    def restart(self) -> None:
        self.loop.run_until_complete(self.database.close())
        self.database = Database(str(self.database.url))
        self.projects = self._door(self.database)

    @invariant()
    def every_accepted_graph_is_there(self) -> None:
        if not self.saved:
            return

        async def all_graphs() -> list[str]:
            page = await self.projects.versions(ANN, self.id, limit=200)
            numbers = sorted(item.version for item in page.items)
            assert numbers == list(range(1, len(self.saved) + 1))
            return [_text((await self.projects.version(ANN, self.id, number)).graph) for number in numbers]

        assert self.loop.run_until_complete(all_graphs()) == self.saved

    def _model(self, tab: str, text: str) -> int | None:
        """Return what a save must answer: the same text is no version; an old base is refused; all else is one more version."""
        if text == self.saved[-1]:
            return len(self.saved)
        if self.tabs[tab] != len(self.saved):
            return None
        self.saved.append(text)
        return len(self.saved)

    def _expect(self, tab: str, text: str, result: int | None) -> None:
        assert result == self._model(tab, text)
        self.tabs[tab] = result or self.tabs[tab]

    def _save(self, tab: str, text: str) -> int | None:
        return self.loop.run_until_complete(self._try(tab, text))

    async def _try(self, tab: str, text: str) -> int | None:
        try:
            return (await self.projects.save_workflow(ANN, self.id, _graph(text), self.tabs[tab])).version
        except Conflict as conflict:
            assert conflict.params["current_version"] == len((await self.projects.versions(ANN, self.id, limit=200)).items)
            return None

    @staticmethod
    def _door(database: Database) -> Projects:
        return Projects(SqlProjects(database), SqlWorkflows(database), SqlVersions(database), SqlTrash(database))


def _graph(text: str) -> dict[str, object]:
    return {"nodes": [{"id": text, "kind": "text.join"}]}


def _text(graph: msgspec.Raw) -> str:
    return msgspec.json.decode(graph)["nodes"][0]["id"]


TestTwoTabs = TwoTabs.TestCase
TestTwoTabs.settings = settings(max_examples=25, stateful_step_count=20, deadline=None)
