"""What a database server makes possible and SQLite does not: writers at the same time."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import create_engine, func, select

from comfytavern.accounts.user import Credentials, Role, User
from comfytavern.kernel.errors import Conflict, Unavailable
from comfytavern.projects.project import Draft, NewWorkflow, Project, moment
from comfytavern.store import migrate
from comfytavern.store.accounts import SqlUsers
from comfytavern.store.appender import Appender
from comfytavern.store.blobs import sweep_blobs
from comfytavern.store.database import Database
from comfytavern.store.dialect import async_url, sync_url
from comfytavern.store.projects import SqlProjects, SqlTrash, SqlWorkflows
from comfytavern.store.tables import blobs, metadata, setup_tokens
from comfytavern.testing.databases import new_database, new_url
from comfytavern.testing.postgres import PostgresServer, binaries

ANN = "usr_ann"


def person(id: str, role: Role = Role.MEMBER) -> Credentials:
    return Credentials(user=User(id=id, name=id, role=role, created_at=0), password_hash="")


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    database = new_database("postgresql", tmp_path)
    yield database
    await database.close()


def test_the_migrations_make_exactly_the_tables_of_the_code(tmp_path: Path) -> None:
    url = new_url("postgresql", tmp_path, migrated=False)
    migrate.prepare(url)
    engine = create_engine(sync_url(async_url(url)))
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection, opts={"compare_type": True}), metadata) == []
    engine.dispose()


async def test_of_many_who_set_up_at_once_one_is_the_owner(database: Database) -> None:
    users = SqlUsers(database)
    outcomes = await asyncio.gather(*(users.add(person(f"usr_{at}", Role.OWNER), first=True) for at in range(8)), return_exceptions=True)
    assert sum(outcome is None for outcome in outcomes) == 1
    assert all(outcome is None or isinstance(outcome, Conflict) for outcome in outcomes)
    assert len(await users.everybody()) == 1


async def test_a_graph_that_is_being_kept_is_not_swept_away(database: Database) -> None:
    await SqlUsers(database).add(person(ANN))
    projects, workflows, trash = SqlProjects(database), SqlWorkflows(database), SqlTrash(database)
    draft = Draft(graph=msgspec.Raw(b'{"same":1}'), node_count=0, created_at=moment(1), author=ANN)

    def project(id: str) -> Project:
        return Project(id=id, name=id, description="", created_at=moment(1), updated_at=moment(1), trashed_at=moment(2))

    async def come_and_go(at: int) -> None:
        for turn in range(6):
            id = f"{at}_{turn}"
            await projects.add(
                ANN, project(f"prj_{id}"), [NewWorkflow(id=f"wfl_{id}", project_id=f"prj_{id}", name="W", description="", drafts=[draft])]
            )
            found = await workflows.find(ANN, f"wfl_{id}")
            assert found is not None
            assert bytes(found.graph) == b'{"same":1}'
            assert await trash.purge(ANN, f"prj_{id}")

    await asyncio.gather(*(come_and_go(at) for at in range(4)))
    async with database.write() as connection:
        await sweep_blobs(connection)
        assert await connection.scalar(select(func.count()).select_from(blobs)) == 0


async def test_a_reader_sees_one_state_while_others_write(database: Database) -> None:
    query = select(func.count()).select_from(setup_tokens)
    async with database.read() as connection:
        assert await connection.scalar(query) == 0
        await Appender(database).add(setup_tokens, [{"token_hash": "one", "created_at": 1.0}])
        assert await connection.scalar(query) == 0
    async with database.read() as connection:
        assert await connection.scalar(query) == 1


async def test_a_server_that_went_away_is_a_failure_and_not_a_traceback() -> None:
    folder = binaries()
    if folder is None:
        pytest.skip("PostgreSQL is not installed")
    server = await asyncio.to_thread(PostgresServer, folder)
    database = Database(server.url("postgres"))

    async def ask() -> None:
        async with database.read() as connection:
            await connection.scalar(select(1))

    await ask()
    await asyncio.to_thread(server.stop)
    with pytest.raises(Unavailable) as failure:
        await ask()
    assert failure.value.code == "store.unreachable"
    await database.close()
