"""Google Secret Manager, by Google's library over gRPC.

Credentials are found by Google's library itself (GOOGLE_APPLICATION_CREDENTIALS, the service account of the machine or pod, `gcloud`).
A secret in one location is asked for at the endpoint of that location.
"""

import os
import re
import warnings
from collections.abc import Sequence
from functools import cache, partial
from typing import Any, Final

from comfytavern.settings.clouds.reference import Ask
from comfytavern.settings.clouds.refusal import Refused, Why
from comfytavern.settings.clouds.round import Answers, Call, Terms, at_once

LOCATION: Final = re.compile(r"projects/[^/]+/locations/([^/]+)/")
PAGE: Final = 250
RAISED: Final = {
    "NotFound": Why.MISSING,
    "PermissionDenied": Why.DENIED,
    "Forbidden": Why.DENIED,
    "Unauthenticated": Why.EXPIRED,
    "ResourceExhausted": Why.THROTTLED,
    "TooManyRequests": Why.THROTTLED,
    "DeadlineExceeded": Why.LATE,
    "FailedPrecondition": Why.DISABLED,
    "ServiceUnavailable": Why.UNREACHABLE,
    "InternalServerError": Why.BROKEN,
    "DefaultCredentialsError": Why.NO_CREDENTIALS,
    "RefreshError": Why.EXPIRED,
    "MalformedError": Why.NO_CREDENTIALS,
    "TransportError": Why.UNREACHABLE,
    "Unknown": Why.MALFORMED,
    "UnicodeDecodeError": Why.NOT_TEXT,
}
STATUS: Final = re.compile(r"[A-Z][A-Z_]+")


def calls(asks: Sequence[Ask], terms: Terms) -> list[Call]:
    """Return one call for each of `asks`."""
    os.environ.setdefault("GRPC_VERBOSITY", "NONE")  # Its C core writes to stderr what we say in better words.
    warnings.filterwarnings("ignore", module=r"google\.")  # Of Python versions that Google will stop to support.
    from google.api_core import exceptions, retry  # noqa: PLC0415 -- only when a reference names Google
    from google.cloud.secretmanager_v1 import SecretManagerServiceClient  # noqa: PLC0415 -- as above

    again = retry.Retry(
        predicate=retry.if_exception_type(exceptions.ServiceUnavailable), initial=0.2, maximum=1.0, timeout=min(2.0, terms.try_s)
    )
    patience = {"retry": again, "timeout": terms.try_s}
    client = cache(partial(_client, SecretManagerServiceClient, terms.google_endpoint))
    works = {ask: client(_location(ask.place)) for ask in asks}
    return [([ask], partial(_secrets if ask.below else _secret, manager, ask, patience, terms)) for ask, manager in works.items()]


def refused(error: Exception) -> Refused:
    """Return why Google's library raised this."""
    name = type(error).__name__
    cause = getattr(error, "cause", None)
    if name == "RetryError" and isinstance(cause, Exception):
        return refused(cause)
    said = str(getattr(error, "message", "") or "")
    if "metadata from plugin failed" in said:  # gRPC's words for credentials that cannot be turned into a token.
        return Refused(Why.EXPIRED)
    if "deserializing" in said:
        return Refused(Why.MALFORMED)
    code = str(getattr(getattr(error, "grpc_status_code", None), "name", ""))
    if name in RAISED:
        return Refused(RAISED[name], code if RAISED[name] is not Why.LATE else "")
    return Refused(Why.REFUSED, code or name)


def _client(make: Any, endpoint: str, location: str) -> Any:
    """Return a client of the endpoint that was given, or of Google's own. One with http:// is an emulator: no TLS, no credentials."""
    if endpoint.startswith("http://"):
        import grpc  # noqa: PLC0415 -- only for emulators

        transport = make.get_transport_class("grpc")
        return make(transport=transport(channel=grpc.insecure_channel(endpoint.removeprefix("http://").rstrip("/"))))
    host = endpoint.removeprefix("https://").rstrip("/") or (f"secretmanager.{location}.rep.googleapis.com" if location else "")
    return make(client_options={"api_endpoint": host} if host else None)


def _location(place: str) -> str:
    found = LOCATION.match(place)
    return found[1] if found else ""


def _secret(manager: Any, ask: Ask, patience: dict[str, Any], _terms: Terms) -> Answers:
    return {ask: _text(manager, ask.place, patience)}


def _secrets(manager: Any, ask: Ask, patience: dict[str, Any], terms: Terms) -> Answers:
    parent, _, beginning = ask.place.rpartition("/secrets/")
    listed = manager.list_secrets(
        request={"parent": parent, "page_size": PAGE, "filter": f"name:{beginning}" if beginning else ""}, **patience
    )
    ids = [each.name.rpartition("/")[2] for each in listed]
    named = {id.removeprefix(beginning).replace("-", "_"): id for id in ids if id.startswith(beginning)}
    works = {name: partial(_text, manager, f"{parent}/secrets/{id}", patience) for name, id in named.items() if name in terms.wanted}
    return {ask: dict.fromkeys(named, "") | at_once(works, refused)}


def _text(manager: Any, place: str, patience: dict[str, Any]) -> str:
    name = place if "/versions/" in place else f"{place}/versions/latest"
    return manager.access_secret_version(name=name, **patience).payload.data.decode("utf-8")
