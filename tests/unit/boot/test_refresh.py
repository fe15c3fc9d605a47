"""New settings for a server that runs: which secrets it believes, and what it says of what it cannot change."""

import logging
from pathlib import Path

import pytest

from comfytavern.accounts.bearer import Claim, Signer
from comfytavern.api.services import Values
from comfytavern.boot.redact import secrets_of
from comfytavern.boot.refresh import AT_ONCE, Keyed, Refresh
from comfytavern.boot.secrets import application_secrets
from comfytavern.kernel.clock import SystemClock
from comfytavern.kernel.errors import Invalid, Problem, Unauthenticated
from comfytavern.kernel.secret import Secret
from comfytavern.llm.given import GivenChannels
from comfytavern.llm.vault import Vault
from comfytavern.settings.settings import Settings

A, B, C, D, E, F = (f"{letter}-secret-of-more-than-thirty-two-bytes" for letter in "abcdef")
CLAIM = Claim(user_id="usr_1", epoch=0)


class Desk:
    """A refresh with everything that it changes."""

    def __init__(self, folder: Path, **settings: object) -> None:
        self.folder = folder
        first = self.settings(**settings)
        secret, *earlier = application_secrets(first)
        self.signer, self.vault = Signer([secret, *earlier], clock=SystemClock()), Vault(secret, earlier=earlier)
        self.values = Values(version="1")
        given = GivenChannels(None, {}, self.vault, None)  # pyright: ignore -- nobody asks it for channels here
        self.refresh = Refresh(first, Keyed(self.signer, self.vault, given), self.values)

    def settings(self, **settings: object) -> Settings:
        return Settings.model_validate({"data_dir": self.folder, **settings})

    async def turn(self, **settings: object) -> None:
        await self.refresh.run(lambda: self.settings(**settings))

    def believes(self, token: str) -> bool:
        try:
            return self.signer.read(token) == CLAIM
        except Unauthenticated:
            return False

    def token(self) -> str:
        return self.signer.sign(CLAIM).access_token


async def test_what_any_earlier_secret_signed_or_sealed_is_good_until_the_process_ends(tmp_path: Path) -> None:
    desk = Desk(tmp_path, secret=A)
    first, sealed = desk.token(), desk.vault.seal(Secret("key"), "chn_1/key")
    await desk.turn(secret=B)
    second = desk.token()
    await desk.turn(secret=C)
    assert all(map(desk.believes, (first, second, desk.token())))
    assert desk.vault.open(sealed, "chn_1/key").reveal() == "key"
    await desk.turn(secret=C, log_level="error")
    assert desk.believes(first), "a refresh for another reason forgets nothing"
    for secret in (D, E, F):
        await desk.turn(secret=secret)
    assert not desk.believes(first), "three that nobody gives any more are enough"


async def test_an_earlier_secret_that_was_given_and_is_taken_back_is_forgotten(tmp_path: Path) -> None:
    desk = Desk(tmp_path, secret=A)
    token = desk.token()
    await desk.turn(secret=B, earlier_secrets=A)
    assert desk.believes(token)
    await desk.turn(secret=B)
    assert not desk.believes(token), "`env rotate --finish` ends the overlap here too"


async def test_settings_that_cannot_be_had_change_nothing_and_are_one_line(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    desk = Desk(tmp_path, secret=A)
    token = desk.token()

    def wrong() -> Settings:
        problems = [Problem(code="settings.value", message=f"{name}: is wrong") for name in ("JWT_SECRET", "LOG_LEVEL")]
        raise Invalid("settings.invalid", "Some settings have values that cannot be used.").with_problems(problems)

    await desk.refresh.run(wrong)
    assert [record.getMessage() for record in caplog.records] == [
        "the settings stay as they were, for new ones cannot be had: JWT_SECRET: is wrong; LOG_LEVEL: is wrong"
    ]
    assert desk.believes(token)


async def test_what_needs_a_restart_is_named_and_what_does_not_is_in_force(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    before = logging.getLogger().level
    try:
        desk = Desk(tmp_path, secret=A)
        await desk.turn(secret=A, metrics_token="t" * 20, origins="https://a.example", log_level="info", port=4000, queue_max=3)
        assert logging.getLogger().level == logging.INFO
    finally:
        logging.getLogger().setLevel(before)
    assert desk.values.metrics_token is not None
    assert (desk.values.metrics_token.reveal(), desk.values.origins) == ("t" * 20, ("https://a.example",))
    said = [record.getMessage() for record in caplog.records]
    assert said == [
        "new settings are in force: CORS_ORIGIN, METRICS_TOKEN, LOG_LEVEL",
        "these settings have changed and need a restart: PORT_BACKEND, QUEUE_MAX",
    ]
    await desk.turn(secret=A)
    assert (desk.values.metrics_token, desk.values.origins) == (None, ())


async def test_what_needs_a_restart_is_as_it_was_for_backups_too_and_is_named_again(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    desk = Desk(tmp_path / "here")
    token = desk.token()
    for _ in range(2):
        await desk.turn(data_dir=tmp_path / "there", database_url="postgresql://tavern:hidden-word@db/new")
    assert desk.refresh.settings().data_dir == tmp_path / "here"
    assert desk.refresh.settings().database.startswith("sqlite")
    assert not (tmp_path / "there").exists(), "no secret is made in a folder that is not in use"
    assert desk.believes(token)
    said = [record.getMessage() for record in caplog.records]
    assert said == ["these settings have changed and need a restart: DATA_DIR, DATABASE_URL"] * 2


def test_every_setting_that_is_said_to_change_at_once_exists() -> None:
    assert set(Settings.model_fields) >= AT_ONCE


def test_a_reference_is_no_secret_and_stays_readable_in_the_log() -> None:
    given = {"JWT_SECRET": "aws-sm:prod/tavern#JWT_SECRET", "OPENAI_API_KEY": "sk-1", "AZURE_APPCONFIG_CONNECTION_STRING": "Endpoint=x"}
    assert secrets_of(given) == {"sk-1", "Endpoint=x"}
