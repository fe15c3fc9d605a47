"""What a command imports, its user waits for: a tenth of a second here, half of one there."""

import subprocess
import sys

import pytest

pytestmark = pytest.mark.slow

WEB = ("fastapi", "uvicorn", "opentelemetry")
NEVER_AT_A_START = ("jwt", "alembic", "bpe_openai", "sqlalchemy.dialects.postgresql", "rich")


@pytest.mark.parametrize(
    ("modules", "unwanted"),
    [
        ("comfytavern.cli.main", (*WEB, *NEVER_AT_A_START, "sqlalchemy", "pydantic", "httpx", "cryptography")),
        (", ".join(f"comfytavern.boot.{each}" for each in ("people", "single", "database", "checkup")), (*WEB, *NEVER_AT_A_START)),
        ("comfytavern.boot.server", NEVER_AT_A_START),
    ],
    ids=["every verb", "verbs without a server", "the server"],
)
def test_nothing_is_imported_that_its_users_do_not_need(modules: str, unwanted: tuple[str, ...]) -> None:
    script = f"import sys, {modules}; print(*sorted({set(unwanted)} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=True).stdout == "\n"
