"""What the person who runs ComfyTavern decides, by environment variables, a `.env` file or files in /run/secrets.

Every variable is documented in docs/reference/settings.md (a test compares the two). All bad values are reported at once.
"""

from ipaddress import ip_network
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import AliasChoices, BeforeValidator, Field, SecretStr, ValidationError, ValidationInfo, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from comfytavern.kernel.errors import Invalid, Problem
from comfytavern.kernel.secret import Secret

SECRET_BYTES_MIN = 32
HOW_TO_MAKE_ONE = "make one with: openssl rand -base64 48"
DOCKER_SECRETS = Path("/run/secrets")


def _split(text: object) -> object:
    return [part.strip().rstrip("/") for part in text.split(",") if part.strip()] if isinstance(text, str) else text


def _lower(text: object) -> object:
    lowered = text.strip().lower() if isinstance(text, str) else text
    return "warning" if lowered == "warn" else lowered


Names = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_split)]


class Settings(BaseSettings):
    """All settings. `read` is the way to make one."""

    model_config = SettingsConfigDict(
        env_file=".env", env_file_encoding="utf-8", env_ignore_empty=True, extra="ignore", frozen=True, populate_by_name=True
    )

    environment: Annotated[Literal["development", "production"], BeforeValidator(_lower)] = Field(
        "development", validation_alias=AliasChoices("COMFYTAVERN_ENV", "NODE_ENV")
    )
    host: str = Field("127.0.0.1", validation_alias="HOST_BACKEND")
    port: int = Field(3233, ge=1, le=65535, validation_alias="PORT_BACKEND")
    data_dir: Path = Field(Path("data"), validation_alias="DATA_DIR")
    database_url: str = Field("", validation_alias="DATABASE_URL")
    base_url: str = Field("", validation_alias="API_BASE_URL")
    log_level: Annotated[Literal["debug", "info", "warning", "error"], BeforeValidator(_lower)] = Field(
        "warning", validation_alias="LOG_LEVEL"
    )
    log_format: Annotated[Literal["", "json", "text"], BeforeValidator(_lower)] = Field("", validation_alias="LOG_FORMAT")
    metrics_token: SecretStr = Field(SecretStr(""), validation_alias="METRICS_TOKEN")
    trusted_proxies: Names = Field(("127.0.0.1", "::1"), validation_alias="TRUSTED_PROXIES")
    release: str = Field("", max_length=64, validation_alias="COMFYTAVERN_RELEASE")
    slot: str = Field("", max_length=64, validation_alias="COMFYTAVERN_SLOT")
    deploy_root: Path | None = Field(None, validation_alias="COMFYTAVERN_DEPLOY_ROOT")
    secret: SecretStr = Field(SecretStr(""), validate_default=True, validation_alias=AliasChoices("JWT_SECRET", "SESSION_SECRET"))
    earlier_secrets: Annotated[tuple[SecretStr, ...], NoDecode, BeforeValidator(_split)] = Field((), validation_alias="JWT_SECRET_PREVIOUS")
    origins: Names = Field((), validation_alias="CORS_ORIGIN")
    allow_private_network: bool = Field(False, validation_alias="ALLOW_PRIVATE_NETWORK")
    runs_at_once: int = Field(32, ge=1, le=10_000, validation_alias="RUNS_AT_ONCE")
    runs_per_user: int = Field(4, ge=1, le=10_000, validation_alias="RUNS_PER_USER")
    queue_max: int = Field(1_000, ge=0, le=1_000_000, validation_alias="QUEUE_MAX")
    history_days: float | None = Field(None, gt=0, le=36_500, validation_alias="HISTORY_DAYS")
    slow_client_s: float = Field(20.0, gt=0, le=3600, validation_alias="SLOW_CLIENT_S")
    drain_s: float = Field(30.0, ge=0, le=3600, validation_alias="DRAIN_S")
    drain_streams_s: float = Field(120.0, ge=0, le=86_400, validation_alias="DRAIN_STREAMS_S")
    upload_mib_max: int = Field(512, ge=1, le=1_048_576, validation_alias="UPLOAD_MIB_MAX")

    @field_validator("secret", "earlier_secrets")
    @classmethod
    def _secrets_are_strong(cls, value: Any, info: ValidationInfo) -> Any:
        given = [secret.get_secret_value().encode() for secret in (value if isinstance(value, tuple) else [value])]
        if given == [b""] and info.data.get("environment") == "production":
            raise ValueError(f"required in production; {HOW_TO_MAKE_ONE}")
        if any(0 < len(secret) < SECRET_BYTES_MIN for secret in given):
            raise ValueError(f"must have at least {SECRET_BYTES_MIN} bytes; {HOW_TO_MAKE_ONE}")
        return value

    @field_validator("trusted_proxies")
    @classmethod
    def _proxies_are_addresses(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for each in value:
            try:
                ip_network(each, strict=False)
            except ValueError:
                raise ValueError(f"{each!r} is not an address or network like 10.0.0.0/8") from None
        return value

    @field_validator("base_url", "origins")
    @classmethod
    def _addresses_are_whole(cls, value: Any) -> Any:
        for address in value if isinstance(value, tuple) else [value]:
            if address and (urlsplit(address).scheme not in {"http", "https"} or not urlsplit(address).netloc):
                raise ValueError(f"{address!r} is not an address like https://tavern.example.org")
        return value

    @property
    def database(self) -> str:
        """Return the database's address: the one given, else a SQLite file in `data_dir`."""
        return self.database_url or f"sqlite:///{(self.data_dir / 'comfytavern.db').absolute()}"

    @property
    def address(self) -> str:
        """Return where people reach the server, without a slash at the end."""
        return self.base_url.rstrip("/") or f"http://localhost:{self.port}"

    @property
    def secrets(self) -> list[Secret]:
        """Return the application's secrets, the current one first; empty when none was given."""
        return [Secret(text) for each in (self.secret, *self.earlier_secrets) if (text := each.get_secret_value())]


def read(**given: Any) -> Settings:
    """Return the settings of this process; `given` (by field name, None left out) wins over the environment.

    Raises `Invalid` (`settings.invalid`) with one problem for every bad value, by the variable's name.
    """
    values = {name: value for name, value in given.items() if value is not None}
    try:
        return Settings(_secrets_dir=DOCKER_SECRETS if DOCKER_SECRETS.is_dir() else None, **values)  # pyright: ignore[reportCallIssue] -- private by name, documented by pydantic-settings
    except ValidationError as error:
        problems = [_problem(item) for item in error.errors(include_input=False, include_url=False)]
        sentence = "Some settings have values that cannot be used."
        raise Invalid("settings.invalid", sentence, hint="See docs/reference/settings.md.").with_problems(problems) from error


def variable_of(name: str) -> str:
    """Return the environment variable of a field (the first, if it has several names), and any other name as it is."""
    field = Settings.model_fields.get(name)
    alias = field.validation_alias if field else name
    return str(alias.choices[0] if isinstance(alias, AliasChoices) else alias)


def _problem(item: Any) -> Problem:
    name = variable_of(str(item["loc"][0])) if item["loc"] else ""
    message = str(item["msg"]).removeprefix("Value error, ")
    return Problem(code="settings.value", message=f"{name}: {message}" if name else message, place={"field": name} if name else {})
