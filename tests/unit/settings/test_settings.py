from pathlib import Path

import pytest

from comfytavern.kernel.errors import Invalid
from comfytavern.settings.settings import Settings, read, variable_of

STRONG = "a secret of more than thirty-two bytes"


@pytest.fixture(autouse=True)
def empty_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in Settings.model_fields:
        monkeypatch.delenv(variable_of(name), raising=False)
    for alias in ("NODE_ENV", "SESSION_SECRET"):
        monkeypatch.delenv(alias, raising=False)
    monkeypatch.chdir(tmp_path)


def test_nothing_has_to_be_set_in_development() -> None:
    settings = read()
    assert settings.environment == "development"
    assert settings.address == "http://localhost:3233"
    assert settings.database == f"sqlite:///{Path('data/comfytavern.db').absolute()}"
    assert settings.secrets == []


def test_every_bad_value_is_reported_at_once_by_its_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    bad = {"PORT_BACKEND": "abc", "LOG_LEVEL": "loud", "COMFYTAVERN_ENV": "production", "CORS_ORIGIN": "tavern.example", "QUEUE_MAX": "-1"}
    for name, value in bad.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(Invalid) as caught:
        read()
    assert caught.value.code == "settings.invalid"
    assert {problem.place["field"] for problem in caught.value.problems} == {
        "PORT_BACKEND",
        "LOG_LEVEL",
        "CORS_ORIGIN",
        "QUEUE_MAX",
        "JWT_SECRET",
    }
    assert any("openssl rand" in problem.message for problem in caught.value.problems)


@pytest.mark.parametrize("secret", ["", "short"])
def test_production_refuses_to_start_without_a_strong_secret(monkeypatch: pytest.MonkeyPatch, secret: str) -> None:
    monkeypatch.setenv("COMFYTAVERN_ENV", "production")
    monkeypatch.setenv("JWT_SECRET", secret)
    with pytest.raises(Invalid) as caught:
        read()
    assert [problem.place for problem in caught.value.problems] == [{"field": "JWT_SECRET"}]


def test_the_current_secret_comes_before_earlier_ones_and_none_is_printed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SESSION_SECRET", STRONG)
    monkeypatch.setenv("JWT_SECRET_PREVIOUS", f"{STRONG} 2, {STRONG} 3")
    settings = read()
    assert [secret.reveal() for secret in settings.secrets] == [STRONG, f"{STRONG} 2", f"{STRONG} 3"]
    assert STRONG not in repr(settings)
    assert STRONG not in str(settings.model_dump())


def test_a_weak_earlier_secret_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JWT_SECRET_PREVIOUS", "short")
    with pytest.raises(Invalid):
        read()


def test_what_is_given_wins_over_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORT_BACKEND", "4000")
    assert read(port=None).port == 4000
    assert read(port=5000).port == 5000


def test_a_value_that_was_given_is_named_by_its_variable_when_it_is_wrong() -> None:
    with pytest.raises(Invalid) as caught:
        read(port=0)
    assert caught.value.problems[0].place == {"field": "PORT_BACKEND"}


def test_a_dotenv_file_is_read_and_empty_variables_are_none(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("PORT_BACKEND=4444\nSOMETHING_ELSE=1\n")
    monkeypatch.setenv("DATABASE_URL", "")
    settings = read()
    assert settings.port == 4444
    assert settings.database.startswith("sqlite:///")


def test_other_words_of_the_guide_are_understood(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NODE_ENV", "Production")
    monkeypatch.setenv("LOG_LEVEL", "WARN")
    monkeypatch.setenv("JWT_SECRET", STRONG)
    monkeypatch.setenv("API_BASE_URL", "https://tavern.example/")
    monkeypatch.setenv("CORS_ORIGIN", "https://a.example/, https://b.example")
    settings = read()
    assert (settings.environment, settings.log_level) == ("production", "warning")
    assert settings.address == "https://tavern.example"
    assert settings.origins == ("https://a.example", "https://b.example")
