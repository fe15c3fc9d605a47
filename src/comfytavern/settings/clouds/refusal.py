"""What can go wrong between a reference and its value, each with one sentence and one thing to do.

No sentence repeats what a service answered beyond its own code of the error: an answer may hold a secret.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Final

from comfytavern.settings.clouds.reference import Ask, Reference, Service


class Why(Enum):
    """The kinds of failure that ask for different deeds. The value completes `comes from aws-sm:…, ` ({} is the detail)."""

    DENIED = "which this process may not read{}"
    MISSING = "which does not exist{}"
    DISABLED = "which is disabled or about to be deleted{}"
    THROTTLED = "whose service is asked too often now{}"
    LATE = "which did not answer within {}"
    UNREACHABLE = "whose service cannot be reached{}"
    BROKEN = "whose service does not work now{}"
    MALFORMED = "whose service gave an answer that cannot be understood{}"
    EXPIRED = "whose service does not accept the credentials: they are expired or wrong{}"
    NO_CREDENTIALS = "but this process has no credentials for {}"
    NO_SDK = "but the package {} is not installed"
    NO_REGION = "but no AWS region is set{}"
    NO_STORE = "but it names no store, and AZURE_APPCONFIG_CONNECTION_STRING is not set or is none{}"
    NOT_TEXT = "which holds bytes that are no text{}"
    NOT_AN_OBJECT = "which is not a JSON object of names and values{}"
    NO_KEY = "which has no text at {}"
    EMPTY = "which is empty{}"
    NESTED = "which holds {}, and what a cloud holds is never followed or run"
    REFUSED = "which was refused{}"


@dataclass(frozen=True, slots=True)
class Refused:
    """Why there is no value. `detail`: a code of the service or a name, never anything that could be secret."""

    why: Why
    detail: str = ""


RIGHTS: Final[Mapping[Service, str]] = {
    Service.AWS_PARAMETERS: "ssm:GetParameters (and kms:Decrypt on its key, for a SecureString)",
    Service.AWS_SECRETS: "secretsmanager:GetSecretValue (and kms:Decrypt, for a key of your own)",
    Service.AZURE_VAULT: "the role Key Vault Secrets User",
    Service.AZURE_CONFIGURATION: "the role App Configuration Data Reader",
    Service.GOOGLE_SECRETS: "roles/secretmanager.secretAccessor",
}
RIGHTS_BELOW: Final[Mapping[Service, str]] = {
    Service.AWS_PARAMETERS: "ssm:GetParametersByPath (and kms:Decrypt on its key, for a SecureString)",
    Service.AWS_SECRETS: "secretsmanager:BatchGetSecretValue, ListSecrets and GetSecretValue (and kms:Decrypt, for a key of your own)",
    Service.AZURE_VAULT: RIGHTS[Service.AZURE_VAULT],
    Service.AZURE_CONFIGURATION: RIGHTS[Service.AZURE_CONFIGURATION],
    Service.GOOGLE_SECRETS: "roles/secretmanager.viewer on the project, and roles/secretmanager.secretAccessor",
}
CREDENTIALS: Final[Mapping[str, tuple[str, str]]] = {
    "aws": (
        "AWS",
        "give the machine or pod a role, or set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, in the environment",
    ),
    "azure": ("Azure", "give it a managed identity, or set AZURE_TENANT_ID, AZURE_CLIENT_ID and AZURE_CLIENT_SECRET in the environment"),
    "google": ("Google Cloud", "give it a service account, or name a key file in GOOGLE_APPLICATION_CREDENTIALS in the environment"),
}
FIXES: Final[Mapping[Why, str]] = {
    Why.MISSING: "make it, or correct the name (and look at project, region and label)",
    Why.DISABLED: "enable or restore it, or name another version",
    Why.THROTTLED: "try again in a minute, or ask for a greater quota",
    Why.LATE: "look at the network on the way there, or give CLOUD_DEADLINE_S more seconds",
    Why.UNREACHABLE: "look at name, network, proxy and certificates on the way there",
    Why.BROKEN: "try again in a minute, and look at the status page of the service",
    Why.MALFORMED: "look at the endpoint: something else seems to answer in its place",
    Why.EXPIRED: "renew the credentials of this process, and look at its clock",
    Why.NO_REGION: "set AWS_REGION in the environment, or name the whole ARN",
    Why.NO_STORE: "name the store, like azure-appconfig:https://NAME.azconfig.io/KEY, or set the connection string",
    Why.NOT_TEXT: "keep it as text in UTF-8",
    Why.NOT_AN_OBJECT: 'keep it as JSON, like {"JWT_SECRET": "…"}, or leave the #KEY away',
    Why.NO_KEY: "add it to the secret, or correct the name behind #",
    Why.EMPTY: "write the value into it",
    Why.NESTED: "put the value itself there",
    Why.REFUSED: "look the code up in the documentation of the service",
}
_BARE: Final = frozenset({Why.LATE, Why.NO_CREDENTIALS, Why.NO_SDK, Why.NO_KEY, Why.NESTED})
"""Where the detail is part of the sentence; elsewhere it stands in brackets."""


def sentence(refused: Refused, reference: Reference, *, verb: str = "comes from") -> tuple[str, str]:
    """Return what is wrong with a variable (to follow its name), and what to do."""
    why, detail, ask = refused.why, refused.detail, reference.ask
    if why is Why.NO_CREDENTIALS:
        detail = CREDENTIALS[ask.service.cloud][0]
    shown = detail if why in _BARE else f" ({detail})" if detail else ""
    return f"{verb} {reference.text}, {why.value.format(shown)}", _fix(why, ask)


def _fix(why: Why, ask: Ask) -> str:
    match why:
        case Why.DENIED:
            return f"grant it {(RIGHTS_BELOW if ask.below else RIGHTS)[ask.service]} there"
        case Why.NO_CREDENTIALS:
            return CREDENTIALS[ask.service.cloud][1]
        case Why.NO_SDK:
            cloud = ask.service.cloud
            return f"install with: pip install 'comfytavern[{cloud}]'; for a release: comfytavern build --with {cloud}"
        case _:
            return FIXES[why]
