"""Environments that are refused: each by the variable, with what to do, and without repeating a secret."""

from pathlib import Path

import pytest

from comfytavern.settings.settings import examine

STRONG = "kN7v0qfW3mZt8RyLx2Hc5uJdPbS9aGeT1oXi4CwEhVn6"
PLANTED = "Zq7planted"
PRODUCTION = f"COMFYTAVERN_ENV=production\nJWT_SECRET={STRONG}\nAPI_BASE_URL=https://tavern.example.org\n"

BAD = [
    ("COMFYTAVERN_ENV=staging", "COMFYTAVERN_ENV", "use development or production"),
    ("NODE_ENV=prod", "COMFYTAVERN_ENV", "use development or production"),
    ("PORT_BACKEND=abc", "PORT_BACKEND", "a whole number from 1 to 65,535"),
    ("PORT_BACKEND=0", "PORT_BACKEND", "from 1 to 65,535"),
    ("PORT_BACKEND=70000", "PORT_BACKEND", "from 1 to 65,535"),
    ("PORT_BACKEND=3233.5", "PORT_BACKEND", "a whole number"),
    ("PORT_FRONTEND=-1", "PORT_FRONTEND", "from 1 to 65,535"),
    ("PORT_FRONTEND=3233", "PORT_FRONTEND", "another port"),
    ("HOST_BACKEND=http://0.0.0.0", "HOST_BACKEND", "like 0.0.0.0"),
    ("HOST_BACKEND=0.0.0.0:3233", "HOST_BACKEND", "like 0.0.0.0"),
    ("HOST_BACKEND=300.1.1.1", "HOST_BACKEND", "like 0.0.0.0"),
    ("DATABASE_URL=mysql://u:Zq7planted@h/db", "DATABASE_URL", "use sqlite:///"),
    ("DATABASE_URL=tavern.db", "DATABASE_URL", "use sqlite:///"),
    ("DATABASE_URL=sqlite://tavern.db", "DATABASE_URL", "sqlite:///path/to/file.db"),
    ("DATABASE_URL=sqlite:///:memory:", "DATABASE_URL", "sqlite:///path/to/file.db"),
    ("DATABASE_URL=postgresql://u:Zq7planted@h", "DATABASE_URL", "postgresql://user:password@host/name"),
    ("DATABASE_URL=postgresql://u:Zq7planted@h:port/db", "DATABASE_URL", ""),
    ("API_BASE_URL=tavern.example.org", "API_BASE_URL", "like https://tavern.example.org"),
    ("API_BASE_URL=ftp://tavern.example.org", "API_BASE_URL", "like https://tavern.example.org"),
    ("API_BASE_URL=https://tavern.example.org/app", "API_BASE_URL", "give scheme and host"),
    ("API_BASE_URL=https://tavern.example.org:99999", "API_BASE_URL", "give scheme and host"),
    ("JWT_SECRET=Zq7planted", "JWT_SECRET", "openssl rand"),
    ("SESSION_SECRET=Zq7planted", "JWT_SECRET", "openssl rand"),
    ("JWT_SECRET_PREVIOUS=Zq7planted", "JWT_SECRET_PREVIOUS", "as it was"),
    (f"JWT_SECRET_PREVIOUS={STRONG},Zq7planted", "JWT_SECRET_PREVIOUS", "as it was"),
    ("CORS_ORIGIN=*", "CORS_ORIGIN", "name every origin"),
    ("CORS_ORIGIN=https://*.example.org", "CORS_ORIGIN", "name every origin"),
    ("CORS_ORIGIN=https://a.example.org,b.example.org", "CORS_ORIGIN", "name every origin"),
    ("TRUSTED_PROXIES=proxy.local", "TRUSTED_PROXIES", "like 10.0.0.0/8"),
    ("TRUSTED_PROXIES=10.0.0.0/40", "TRUSTED_PROXIES", "like 10.0.0.0/8"),
    ("LOG_LEVEL=verbose", "LOG_LEVEL", "use debug, info, warning or error"),
    ("LOG_FORMAT=xml", "LOG_FORMAT", "use text or json"),
    ("ALLOW_PRIVATE_NETWORK=maybe", "ALLOW_PRIVATE_NETWORK", "use true or false"),
    ("RUNS_AT_ONCE=0", "RUNS_AT_ONCE", "from 1 to 10,000"),
    ("RUNS_PER_USER=many", "RUNS_PER_USER", "from 1 to 10,000"),
    ("QUEUE_MAX=-1", "QUEUE_MAX", "from 0 to 1,000,000"),
    ("HISTORY_DAYS=0", "HISTORY_DAYS", "above 0"),
    ("SLOW_CLIENT_S=never", "SLOW_CLIENT_S", "a number"),
    ("DRAIN_S=-5", "DRAIN_S", "from 0 to 3,600"),
    ("UPLOAD_MIB_MAX=1GB", "UPLOAD_MIB_MAX", "a whole number"),
    ("OPENAI_API_KEY='Zq7planted with spaces'", "OPENAI_API_KEY", ""),
    ("COMFYTAVERN_RELEASE=../../etc", "COMFYTAVERN_RELEASE", "remove it"),
    ("COMFYTAVERN_SLOT=Blue Slot", "COMFYTAVERN_SLOT", "remove it"),
    ("COMFYTAVERN_DEPLOY_ROOT=srv/comfytavern", "COMFYTAVERN_DEPLOY_ROOT", "a whole path"),
    ("JWT_SECRET_FILE=/nowhere/at/all", "JWT_SECRET_FILE", "check the path"),
    ("JWT_SECRET=cmd:/nowhere/at/all", "JWT_SECRET", "run the command by hand"),
    ("JWT_SECRET=cmd:false", "JWT_SECRET", "run the command by hand"),
    ("JWT_SECRET=cmd:true", "JWT_SECRET", "run the command by hand"),
    ("JWT_SECRET=cmd:'unclosed", "JWT_SECRET", ""),
    ("PORT_BACKEND 3233", "bad.env line 1", "NAME=value"),
    ("LOG_LEVEL=info\nLOG_LEVEL=error", "LOG_LEVEL", "remove one"),
]
BAD_IN_PRODUCTION = [
    ("JWT_SECRET=", "JWT_SECRET", "openssl rand"),
    ("JWT_SECRET=change-me-change-me-please-change-me-now", "JWT_SECRET", "openssl rand"),
    ("JWT_SECRET=your_jwt_secret_here_0123456789_abcdef", "JWT_SECRET", "openssl rand"),
    ("JWT_SECRET=example-4f8d2c1b9a7e6f5d4c3b2a1908f7e6d5", "JWT_SECRET", "openssl rand"),
    ("JWT_SECRET=aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "JWT_SECRET", "openssl rand"),
    ("JWT_SECRET=Zq7xZq7xZq7xZq7xZq7xZq7xZq7xZq7xZq7xZq7x", "JWT_SECRET", "openssl rand"),
    ("JWT_SECRET=abcdefghijklmnopqrstuvwxyz0123456789ABCD", "JWT_SECRET", "openssl rand"),
    ("JWT_SECRET=1112221112212112221111222112111222211212", "JWT_SECRET", "openssl rand"),
    ("JWT_SECRET_PREVIOUS=password-password-password-password-1", "JWT_SECRET_PREVIOUS", "remove it"),
    ("CORS_ORIGIN=*", "CORS_ORIGIN", "name every origin"),
    ("LOG_LEVEL=debug", "LOG_LEVEL", "use info or warning"),
    ("TRUSTED_PROXIES=0.0.0.0/0", "TRUSTED_PROXIES", "name your proxies"),
    ("TRUSTED_PROXIES=127.0.0.1,::/0", "TRUSTED_PROXIES", "name your proxies"),
    ("METRICS_TOKEN=Zq7planted", "METRICS_TOKEN", "openssl rand"),
    ("DATA_DIR=/dev/null/data", "DATA_DIR", "another place"),
    ("DATABASE_URL=sqlite:////dev/null/tavern.db", "DATABASE_URL", "another place"),
]


def without(text: str, names: set[str]) -> str:
    return "".join(line for line in text.splitlines(keepends=True) if line.partition("=")[0] not in names)


@pytest.mark.parametrize(("lines", "variable", "fix"), BAD, ids=[line.replace("\n", " ") for line, *_ in BAD])
def test_a_bad_file_is_refused_by_its_variable_and_with_the_fix(tmp_path: Path, lines: str, variable: str, fix: str) -> None:
    file = tmp_path / "bad.env"
    file.write_text(f"{lines}\n")
    report = examine({}, file, secrets=tmp_path / "none")
    assert report.settings is None
    assert [problem.place["field"] for problem in report.errors] == [variable]
    assert report.errors[0].message.startswith(f"{variable}: ")
    assert fix in report.errors[0].message
    assert PLANTED not in str(report.errors)


@pytest.mark.parametrize(("lines", "variable", "fix"), BAD_IN_PRODUCTION, ids=[line for line, *_ in BAD_IN_PRODUCTION])
def test_production_refuses_what_development_may_allow(tmp_path: Path, lines: str, variable: str, fix: str) -> None:
    file = tmp_path / "bad.env"
    given = {line.partition("=")[0] for line in lines.splitlines()}
    file.write_text(f"DATA_DIR={tmp_path / 'data'}\n" * ("DATA_DIR" not in given) + without(PRODUCTION, given) + f"{lines}\n")
    report = examine({}, file, secrets=tmp_path / "none")
    assert report.settings is None
    assert [problem.place["field"] for problem in report.errors] == [variable]
    assert fix in report.errors[0].message
    assert PLANTED not in str(report.errors)
    assert lines.partition("=")[2] not in str(report.errors) or "SECRET" not in lines or lines.endswith("=")


def test_a_good_production_file_is_good(tmp_path: Path) -> None:
    file = tmp_path / "good.env"
    file.write_text(f"{PRODUCTION}DATA_DIR={tmp_path / 'data'}\n")
    report = examine({}, file, secrets=tmp_path / "none")
    assert (report.errors, report.warnings) == ([], [])


@pytest.mark.parametrize("secret", ["openssl", "hex", "urlsafe"])
def test_what_we_tell_people_to_make_is_strong_enough(tmp_path: Path, secret: str) -> None:
    import base64
    import secrets

    made = {
        "openssl": lambda: base64.b64encode(secrets.token_bytes(48)).decode(),
        "hex": lambda: secrets.token_hex(32),
        "urlsafe": lambda: secrets.token_urlsafe(48),
    }
    for _ in range(300):
        file = tmp_path / "good.env"
        file.write_text(without(PRODUCTION, {"JWT_SECRET"}) + f"DATA_DIR={tmp_path}\nJWT_SECRET={made[secret]()}\n")
        assert examine({}, file, secrets=tmp_path / "none").errors == []
