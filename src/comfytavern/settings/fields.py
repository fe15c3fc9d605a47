"""What the person who runs ComfyTavern decides: the one schema behind validation, documents and every example file.

A field says its variable, default, bounds, meaning and, by `extra`, what only we need to know of it. `read` in settings.py is the way
to make one from the environment.
"""

from collections.abc import Iterable
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated, Any, Final, Literal

from pydantic import AliasChoices, BeforeValidator, ConfigDict, Field, PrivateAttr, SecretStr, field_validator

from comfytavern.kernel.errors import Problem
from comfytavern.kernel.secret import Secret
from comfytavern.settings import addresses, strength
from comfytavern.settings.watching import Watching

PROVIDERS: Final = ("openai", "openrouter", "deepseek")
"""Services whose key may be given by the environment: names of profiles in llm/profiles."""


def _pieces(text: object) -> object:
    return [part.strip() for part in text.split(",") if part.strip()] if isinstance(text, str) else text


def _split(text: object) -> object:
    return [part.strip().rstrip("/") for part in text.split(",") if part.strip()] if isinstance(text, str) else text


def _lower(text: object) -> object:
    lowered = text.strip().lower() if isinstance(text, str) else text
    return "warning" if lowered == "warn" else lowered


def extra(group: str, *, secret: bool = False, shown: str = "", fix: str = "", by_deploy: bool = False) -> Any:
    """Return what a field says beyond pydantic's words. `shown`: the default in words; `by_deploy`: set by a deployment, not by people."""
    return {"group": group, "secret": secret, "shown": shown, "fix": fix, "by_deploy": by_deploy}


Places = Annotated[tuple[str, ...], BeforeValidator(_pieces)]
Names = Annotated[tuple[str, ...], BeforeValidator(_split)]
Secrets = Annotated[tuple[SecretStr, ...], BeforeValidator(_pieces)]
NO_SECRET: Final = SecretStr("")


class Settings(Watching):
    """All settings as frozen values; every field can be given by name or by variable."""

    model_config = ConfigDict(extra="ignore", frozen=True, populate_by_name=True, hide_input_in_errors=True)

    environment: Annotated[Literal["development", "production"], BeforeValidator(_lower)] = Field(
        "development",
        validation_alias=AliasChoices("COMFYTAVERN_ENV", "NODE_ENV"),
        description="`production` demands a strong secret, refuses what is unsafe, and writes the log as JSON",
        json_schema_extra=extra("server", fix="use development or production"),
    )
    host: str = Field(
        "127.0.0.1",
        validation_alias="HOST_BACKEND",
        description="address to listen on; `0.0.0.0` for all",
        json_schema_extra=extra("server", fix="give an address or host name alone, like 0.0.0.0"),
    )
    port: int = Field(
        3233, ge=1, le=65535, validation_alias="PORT_BACKEND", description="port to listen on", json_schema_extra=extra("server")
    )
    port_frontend: int = Field(
        5573,
        ge=1,
        le=65535,
        validation_alias="PORT_FRONTEND",
        description="port of the web app when it is served apart: `make dev` and containers",
        json_schema_extra=extra("server"),
    )
    base_url: str = Field(
        "",
        validation_alias="API_BASE_URL",
        description="the address people use, e.g. `https://tavern.example.org`; decides secure cookies and the set-up link",
        json_schema_extra=extra("server", shown="http://localhost:3233", fix="give scheme and host, like https://tavern.example.org"),
    )
    data_dir: Path = Field(
        Path("data"),
        validation_alias="DATA_DIR",
        description="folder of the database, files, backups and generated secrets",
        json_schema_extra=extra("data"),
    )
    database_url: str = Field(
        "",
        validation_alias="DATABASE_URL",
        description="where data is kept: `sqlite:///path/to/file.db` or `postgresql://user:password@host/name`",
        json_schema_extra=extra("data", shown="a SQLite file in DATA_DIR", secret=True),
    )
    secret: SecretStr = Field(
        NO_SECRET,
        validation_alias=AliasChoices("JWT_SECRET", "SESSION_SECRET"),
        description="signs tokens and seals model keys; at least 32 bytes, required in production",
        json_schema_extra=extra("secrets", secret=True, shown="made in DATA_DIR/secrets", fix=strength.HOW_TO_MAKE_ONE),
    )
    earlier_secrets: Secrets = Field(
        (),
        validation_alias="JWT_SECRET_PREVIOUS",
        description="earlier secrets, separated by commas: what they signed or sealed is still good",
        json_schema_extra=extra("secrets", secret=True, fix="remove it, or give the earlier secret as it was"),
    )
    origins: Names = Field(
        (),
        validation_alias="CORS_ORIGIN",
        description="other origins whose pages may use the API, separated by commas",
        json_schema_extra=extra("access", fix="name every origin, like https://tavern.example.org"),
    )
    trusted_proxies: Names = Field(
        ("127.0.0.1", "::1"),
        validation_alias="TRUSTED_PROXIES",
        description="addresses and networks whose `X-Forwarded-For` and `X-Forwarded-Proto` are believed; "
        "who may connect to our unix socket always is",
        json_schema_extra=extra("access", fix="give addresses or networks, like 10.0.0.0/8"),
    )
    metrics_token: SecretStr = Field(
        NO_SECRET,
        validation_alias="METRICS_TOKEN",
        description="what a reader of `/metrics` from another machine shows as a bearer token",
        json_schema_extra=extra("access", secret=True, fix=strength.HOW_TO_MAKE_ONE),
    )
    allow_private_network: bool = Field(
        False,
        validation_alias="ALLOW_PRIVATE_NETWORK",
        description="lets HTTP nodes, and members' channels, reach private and loopback addresses",
        json_schema_extra=extra("access", fix="use true or false"),
    )
    log_level: Annotated[Literal["debug", "info", "warning", "error"], BeforeValidator(_lower)] = Field(
        "warning",
        validation_alias="LOG_LEVEL",
        description="`debug`, `info`, `warning` or `error`",
        json_schema_extra=extra("log", fix="use debug, info, warning or error"),
    )
    log_format: Annotated[Literal["", "json", "text"], BeforeValidator(_lower)] = Field(
        "",
        validation_alias="LOG_FORMAT",
        description="lines for people, or one JSON object per line",
        json_schema_extra=extra("log", shown="text, in production json", fix="use text or json"),
    )
    runs_at_once: int = Field(
        32,
        ge=1,
        le=10_000,
        validation_alias="RUNS_AT_ONCE",
        description="runs that perform at the same time",
        json_schema_extra=extra("limits"),
    )
    runs_per_user: int = Field(
        4, ge=1, le=10_000, validation_alias="RUNS_PER_USER", description="of one person", json_schema_extra=extra("limits")
    )
    queue_max: int = Field(
        1_000,
        ge=0,
        le=1_000_000,
        validation_alias="QUEUE_MAX",
        description="runs that may wait for their turn",
        json_schema_extra=extra("limits"),
    )
    history_days: float | None = Field(
        None,
        gt=0,
        le=36_500,
        validation_alias="HISTORY_DAYS",
        description="how long runs that are over are kept",
        json_schema_extra=extra("limits", shown="for ever"),
    )
    upload_mib_max: int = Field(
        512,
        ge=1,
        le=1_048_576,
        validation_alias="UPLOAD_MIB_MAX",
        description="greatest size of one file",
        json_schema_extra=extra("limits"),
    )
    backup_every_h: float | None = Field(
        None,
        ge=0,
        le=8_760,
        validation_alias="BACKUP_EVERY_H",
        description="hours between two backups that a server makes by itself; 0: none",
        json_schema_extra=extra("data", shown="24 in production, none in development"),
    )
    backup_keep: int = Field(
        7,
        ge=1,
        le=10_000,
        validation_alias="BACKUP_KEEP",
        description="how many of the newest of those backups are kept, and besides for how many days the newest of a day",
        json_schema_extra=extra("data"),
    )
    slow_client_s: float = Field(
        20.0,
        gt=0,
        le=3600,
        validation_alias="SLOW_CLIENT_S",
        description="how long a reader of events may stall before it is let go",
        json_schema_extra=extra("limits"),
    )
    drain_s: float = Field(
        30.0,
        ge=0,
        le=3600,
        validation_alias="DRAIN_S",
        description="how long a stop waits for requests, and for sockets that do not go when asked",
        json_schema_extra=extra("limits"),
    )
    drain_streams_s: float = Field(
        120.0,
        ge=0,
        le=86_400,
        validation_alias="DRAIN_STREAMS_S",
        description="and for event streams, waits for the end of a run, and files on their way",
        json_schema_extra=extra("limits"),
    )
    openai_key: SecretStr = Field(
        NO_SECRET,
        validation_alias="OPENAI_API_KEY",
        description="gives the owner a channel to OpenAI; the key is never stored or shown",
        json_schema_extra=extra("models", secret=True),
    )
    openrouter_key: SecretStr = Field(
        NO_SECRET,
        validation_alias="OPENROUTER_API_KEY",
        description="the same for OpenRouter",
        json_schema_extra=extra("models", secret=True),
    )
    deepseek_key: SecretStr = Field(
        NO_SECRET, validation_alias="DEEPSEEK_API_KEY", description="the same for DeepSeek", json_schema_extra=extra("models", secret=True)
    )
    settings_from: Places = Field(
        (),
        validation_alias="SETTINGS_FROM",
        description="places in a cloud that offer every setting in them, separated by commas, like `aws-ssm:/tavern/prod/`",
        json_schema_extra=extra("clouds", fix="see docs/operate/cloud-settings.md"),
    )
    cloud_deadline_s: float = Field(
        10.0,
        gt=0,
        le=300,
        validation_alias="CLOUD_DEADLINE_S",
        description="how long a start, or a refresh, waits for the values that clouds keep",
        json_schema_extra=extra("clouds"),
    )
    azure_connection: SecretStr = Field(
        NO_SECRET,
        validation_alias="AZURE_APPCONFIG_CONNECTION_STRING",
        description="reads Azure App Configuration with an access key instead of an identity",
        json_schema_extra=extra("clouds", secret=True, fix="copy it from the store's access keys: Endpoint=…;Id=…;Secret=…"),
    )
    google_endpoint: str = Field(
        "",
        validation_alias="SECRET_MANAGER_ENDPOINT",
        description="another endpoint of Google Secret Manager: `https://host`, or `http://host:port` of an emulator",
        json_schema_extra=extra("clouds", shown="Google's own", fix="give scheme and host, like https://secretmanager.example.org"),
    )
    release: str = Field(
        "",
        pattern=r"^([0-9A-Za-z][0-9A-Za-z.+-]{0,63})?$",
        validation_alias="COMFYTAVERN_RELEASE",
        description="which release this process is",
        json_schema_extra=extra("deployment", by_deploy=True, fix="a deployment sets it; remove it"),
    )
    slot: str = Field(
        "",
        pattern=r"^([a-z][a-z0-9-]{0,63})?$",
        validation_alias="COMFYTAVERN_SLOT",
        description="the slot it runs in, `blue` or `green`",
        json_schema_extra=extra("deployment", by_deploy=True, fix="a deployment sets it; remove it"),
    )
    deploy_root: Path | None = Field(
        None,
        validation_alias="COMFYTAVERN_DEPLOY_ROOT",
        description="the folder of releases on this host",
        json_schema_extra=extra("deployment", by_deploy=True, fix="give a whole path, like /srv/comfytavern"),
    )

    @field_validator("host")
    @classmethod
    def _host_is_bare(cls, value: str) -> str:
        return addresses.bare_host(value)

    @field_validator("database_url")
    @classmethod
    def _database_is_known(cls, value: str) -> str:
        return addresses.database(value) if value else value

    @field_validator("base_url", "google_endpoint")
    @classmethod
    def _base_is_whole(cls, value: str) -> str:
        return addresses.origin(value) if value else value

    @field_validator("origins")
    @classmethod
    def _origins_are_whole(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(addresses.allowed_origin(each) for each in value)

    @field_validator("trusted_proxies")
    @classmethod
    def _proxies_are_addresses(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for each in value:
            try:
                ip_network(each, strict=False)
            except ValueError:
                raise ValueError(f"{each!r} is neither an address nor a network") from None
        return value

    @field_validator("secret", "earlier_secrets")
    @classmethod
    def _secrets_are_long(cls, value: Any) -> Any:
        for each in value if isinstance(value, tuple) else [value]:
            strength.long_enough(each.get_secret_value())
        return value

    @field_validator("openai_key", "openrouter_key", "deepseek_key", "metrics_token")
    @classmethod
    def _keys_are_one_word(cls, value: SecretStr) -> SecretStr:
        if any(not "!" <= letter <= "~" for letter in value.get_secret_value()):
            raise ValueError("a key has no spaces, line breaks or letters beyond ASCII")
        return value

    @field_validator("deploy_root")
    @classmethod
    def _root_is_whole(cls, value: Path | None) -> Path | None:
        if value is not None and not value.is_absolute():
            raise ValueError("the path is not whole")
        return value

    _notes: tuple[Problem, ...] = PrivateAttr(())

    @property
    def notes(self) -> tuple[Problem, ...]:
        """Return what is allowed and probably not meant, for the log."""
        return self._notes

    def noting(self, notes: Iterable[Problem]) -> "Settings":
        """Return the same settings with notes."""
        noted = self.model_copy()
        noted._notes = tuple(notes)  # noqa: SLF001 -- of this very class
        return noted

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

    @property
    def provider_keys(self) -> dict[str, Secret]:
        """Return the keys of model services that were given, by the names of their profiles."""
        keys = {name: getattr(self, f"{name}_key").get_secret_value() for name in PROVIDERS}
        return {name: Secret(key) for name, key in keys.items() if key}
