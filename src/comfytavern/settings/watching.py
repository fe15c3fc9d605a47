"""Settings of what watches from outside: traces and errors. All of it is off until one of them is given."""

from typing import Annotated, Any, Literal
from urllib.parse import unquote, urlsplit

from pydantic import BaseModel, BeforeValidator, Field, SecretStr, field_validator

from comfytavern.kernel.secret import Secret

Sampler = Literal["always_on", "always_off", "traceidratio", "parentbased_always_on", "parentbased_always_off", "parentbased_traceidratio"]


def extra(*, secret: bool = False, shown: str = "", fix: str = "") -> Any:
    """Return what fields.extra returns, for the group of these settings."""
    return {"group": "watching", "secret": secret, "shown": shown, "fix": fix, "by_deploy": False}


def _lower(text: object) -> object:
    return text.strip().lower() if isinstance(text, str) else text


def _address(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.username or parts.query or parts.fragment:
        raise ValueError("it is not an address like https://otlp.example.org")
    return value.rstrip("/")


class Watching(BaseModel):
    """The base of Settings that holds them."""

    otlp_endpoint: str = Field(
        "",
        validation_alias="OTEL_EXPORTER_OTLP_ENDPOINT",
        description="where traces are sent by OTLP over HTTP, e.g. `http://localhost:4318`",
        json_schema_extra=extra(shown="no traces", fix="give scheme, host and port, like http://localhost:4318"),
    )
    otlp_headers: SecretStr = Field(
        SecretStr(""),
        validation_alias="OTEL_EXPORTER_OTLP_HEADERS",
        description="headers sent along, `name=value` separated by commas: the key of a vendor",
        json_schema_extra=extra(secret=True, fix="give name=value, like api-key=…"),
    )
    otel_service: str = Field(
        "comfytavern",
        min_length=1,
        max_length=100,
        validation_alias="OTEL_SERVICE_NAME",
        description="the name of the service in traces",
        json_schema_extra=extra(),
    )
    otel_resource: str = Field(
        "",
        validation_alias="OTEL_RESOURCE_ATTRIBUTES",
        description="further attributes of every trace, `name=value` separated by commas",
        json_schema_extra=extra(fix="give name=value, like team=tavern"),
    )
    otel_sampler: Annotated[Sampler, BeforeValidator(_lower)] = Field(
        "parentbased_traceidratio",
        validation_alias="OTEL_TRACES_SAMPLER",
        description="which requests are traced; `parentbased_…` does as the caller's `traceparent` says, if there is one",
        json_schema_extra=extra(fix="use a name of OpenTelemetry, like parentbased_traceidratio"),
    )
    otel_ratio: float = Field(
        0.1,
        ge=0,
        le=1,
        validation_alias="OTEL_TRACES_SAMPLER_ARG",
        description="the share of requests that `…traceidratio` traces, from 0 to 1",
        json_schema_extra=extra(),
    )
    trace_to_models: bool = Field(
        False,
        validation_alias="TRACEPARENT_TO_MODELS",
        description="sends `traceparent` to model services too, for gateways of your own",
        json_schema_extra=extra(fix="use true or false"),
    )
    sentry_dsn: SecretStr = Field(
        SecretStr(""),
        validation_alias="SENTRY_DSN",
        description="where exceptions of the server are sent",
        json_schema_extra=extra(secret=True, shown="nowhere", fix="copy it from the project's settings: https://KEY@HOST/NUMBER"),
    )
    sentry_dsn_web: SecretStr = Field(
        SecretStr(""),
        validation_alias="SENTRY_DSN_WEB",
        description="where exceptions of the web app are sent, through this server",
        json_schema_extra=extra(secret=True, shown="nowhere", fix="copy it from the project's settings: https://KEY@HOST/NUMBER"),
    )
    sentry_environment: str = Field(
        "",
        pattern=r"^[^\s/]{0,64}$",
        validation_alias="SENTRY_ENVIRONMENT",
        description="the environment in Sentry and in traces",
        json_schema_extra=extra(shown="as COMFYTAVERN_ENV", fix="use a word like staging"),
    )

    @field_validator("otlp_endpoint")
    @classmethod
    def _endpoint_is_whole(cls, value: str) -> str:
        return _address(value) if value else value

    @field_validator("otlp_headers", "otel_resource")
    @classmethod
    def _pairs_are_whole(cls, value: SecretStr | str) -> SecretStr | str:
        pairs(value.get_secret_value() if isinstance(value, SecretStr) else value)
        return value

    @field_validator("sentry_dsn", "sentry_dsn_web")
    @classmethod
    def _dsn_is_whole(cls, value: SecretStr) -> SecretStr:
        if text := value.get_secret_value():
            parts = urlsplit(text)
            if parts.scheme not in {"http", "https"} or not parts.username or not parts.hostname or not parts.path.strip("/"):
                raise ValueError("it is not a DSN")
        return value

    @property
    def watching_secrets(self) -> list[Secret]:
        """Return what of these settings must not be seen."""
        words = [self.otlp_headers, self.sentry_dsn, self.sentry_dsn_web]
        found = {text for word in words if (text := word.get_secret_value())}
        found |= set(pairs(self.otlp_headers.get_secret_value()).values())
        found |= {urlsplit(dsn.get_secret_value()).username or "" for dsn in words[1:]}
        return [Secret(text) for text in sorted(found) if text]


def pairs(text: str) -> dict[str, str]:
    """Return `name=value,name=value` as a mapping, percent signs decoded. Raises `ValueError` for anything else."""
    found: dict[str, str] = {}
    for part in filter(None, (part.strip() for part in text.split(","))):
        name, equals, value = part.partition("=")
        if not equals or not name.strip():
            raise ValueError("it is not name=value, separated by commas")
        found[unquote(name.strip())] = unquote(value.strip())
    return found
