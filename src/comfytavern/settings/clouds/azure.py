"""Azure: Key Vault and App Configuration, by Microsoft's libraries.

Who this process is, DefaultAzureCredential finds out by itself (a managed identity, a pod's, a service principal in AZURE_…, `az`). App
Configuration can be read with a connection string instead. A reference to Key Vault inside App Configuration is followed.
"""

import functools
import json
import os
import re
import threading
from collections.abc import Callable, Mapping, Sequence
from ipaddress import ip_address
from typing import Any, Final
from urllib.parse import unquote, urlsplit

from comfytavern.settings.clouds.reference import Ask, Service
from comfytavern.settings.clouds.refusal import Refused, Why
from comfytavern.settings.clouds.round import Answers, Call, Terms, at_once

ATTEMPTS: Final = 2
AGAIN_S: Final = 1.0
"""How long the second waits for at most, whatever the service asks for."""
VAULT_REFERENCE: Final = "application/vnd.microsoft.appconfig.keyvaultref+json"
NO_LABEL: Final = "\0"
"""What the service calls settings without a label."""
AADSTS: Final = re.compile(r"AADSTS\d+")
SLOW: Final = ("powershell", "visual_studio_code", "shared_token_cache", "broker")
"""Ways to log in that a server does not have, and that take long to find that out."""
RAISED: Final = {
    "ResourceNotFoundError": Why.MISSING,
    "ServiceRequestTimeoutError": Why.LATE,
    "ServiceResponseTimeoutError": Why.LATE,
    "ServiceRequestError": Why.UNREACHABLE,
    "ServiceResponseError": Why.UNREACHABLE,
    "IncompleteReadError": Why.UNREACHABLE,
    "DecodeError": Why.MALFORMED,
    "DeserializationError": Why.MALFORMED,
    "JSONDecodeError": Why.MALFORMED,
    "KeyError": Why.MALFORMED,
    "TypeError": Why.MALFORMED,
    "AttributeError": Why.MALFORMED,
    "ValueError": Why.MALFORMED,
}


class _RefusedError(Exception):
    """Carries a refusal that is no error of the SDK."""

    def __init__(self, refused: Refused) -> None:
        super().__init__(refused.why.name)
        self.refused = refused


def calls(asks: Sequence[Ask], terms: Terms) -> list[Call]:
    """Return one call for each of `asks`. Clients are shared: a vault, a store and the identity have one each."""
    azure = _Azure(terms)
    works: dict[tuple[Service, bool], Callable[[Ask], Answers]] = {
        (Service.AZURE_VAULT, False): azure.secret,
        (Service.AZURE_VAULT, True): azure.secrets,
        (Service.AZURE_CONFIGURATION, False): azure.setting,
        (Service.AZURE_CONFIGURATION, True): azure.settings,
    }
    return [([ask], functools.partial(works[ask.service, ask.below], ask)) for ask in asks]


def refused(error: Exception) -> Refused:
    """Return why Microsoft's libraries raised this."""
    if isinstance(error, _RefusedError):
        return error.refused
    name, status = type(error).__name__, getattr(error, "status_code", None) or 0
    if status in {401, 403, 404, 429} or status >= 500:
        return _by_status(status, error)
    if name in {"ClientAuthenticationError", "CredentialUnavailableError"}:
        return _no_token(str(error))
    if name in RAISED:
        return Refused(RAISED[name])
    return Refused(Why.MALFORMED if status == 200 else Why.REFUSED, _code(error) or (str(status) if status else name))


def _by_status(status: int, error: Exception) -> Refused:
    code = _code(error) or str(status)
    if status >= 500:
        return Refused(Why.BROKEN, code)
    whys = {401: Why.EXPIRED, 403: Why.DISABLED if "Disabled" in code else Why.DENIED, 404: Why.MISSING, 429: Why.THROTTLED}
    return Refused(whys[status], code)


def _no_token(said: str) -> Refused:
    """Tell somebody who has no credentials from somebody whose credentials were refused: only a text tells."""
    if found := AADSTS.search(said):
        return Refused(Why.EXPIRED, found[0])
    return Refused(Why.EXPIRED if "authentication failed" in said.lower() else Why.NO_CREDENTIALS)


def _code(error: Exception) -> str:
    """Return the innermost code that the service gave; empty when there is none."""
    told: Any = getattr(error, "error", None)
    inner: Any = getattr(told, "innererror", None) or {}
    code = str(inner.get("code") or getattr(told, "code", "") or "")
    return code if code.isalnum() else ""


class _OneLogin:
    """A credential that logs in once for calls that come at the same time: those behind the first find its token in the cache."""

    def __init__(self, inner: Any) -> None:
        self._inner, self._door = inner, threading.Lock()

    def get_token(self, *scopes: str, **more: Any) -> Any:
        with self._door:
            return self._inner.get_token(*scopes, **more)


class _Azure:
    """The libraries, set up for one round."""

    def __init__(self, terms: Terms) -> None:
        from azure.appconfiguration import AzureAppConfigurationClient  # noqa: PLC0415 -- only when a reference names Azure
        from azure.core.pipeline.policies import RetryPolicy  # noqa: PLC0415 -- as above
        from azure.identity import DefaultAzureCredential  # noqa: PLC0415 -- as above
        from azure.keyvault.secrets import SecretClient  # noqa: PLC0415 -- as above

        class Brief(RetryPolicy[Any, Any]):
            """Waits before the second attempt no longer than a start may."""

            def get_retry_after(self, response: Any) -> float | None:
                asked = super().get_retry_after(response)
                return None if asked is None else min(asked, AGAIN_S)

        self._terms = terms
        self._vaults, self._stores, self._identity = SecretClient, AzureAppConfigurationClient, DefaultAzureCredential
        self._patience: Callable[[], dict[str, Any]] = lambda: {
            "connection_timeout": terms.try_s,
            "read_timeout": terms.try_s,
            "retry_policy": Brief(retry_total=ATTEMPTS - 1, retry_backoff_factor=0.2),
        }
        self.vault = functools.cache(self._vault)
        self.store = functools.cache(self._store)

    @functools.cached_property
    def identity(self) -> Any:
        """Who this process is."""
        more: dict[str, Any] = {f"exclude_{each}_credential": True for each in SLOW}
        if os.environ.get("AZURE_AUTHORITY_HOST"):
            more["disable_instance_discovery"] = True  # A login service of one's own is not known to Microsoft's.
        return _OneLogin(self._identity(process_timeout=int(self._terms.deadline_s) or 1, **self._patience(), **more))

    def _vault(self, address: str) -> Any:
        verify = not _is_loopback(urlsplit(address).hostname or "")  # An emulator has no domain that a token could be bound to.
        return self._vaults(address, self.identity, verify_challenge_resource=verify, **self._patience())

    def _store(self, address: str) -> Any:
        text = self._terms.azure_connection.reveal()
        endpoint = next((part[9:] for part in text.split(";") if part.strip().startswith("Endpoint=")), "").strip()
        if text and (not address or endpoint.rstrip("/").lower() == address.lower()):
            try:
                return self._stores.from_connection_string(text, **self._patience())
            except ValueError as error:
                raise _RefusedError(Refused(Why.NO_STORE)) from error
        if not address:
            raise _RefusedError(Refused(Why.NO_STORE))
        return self._stores(address, self.identity, **self._patience())

    def secret(self, ask: Ask) -> Answers:
        """Answer with one secret of a vault."""
        return {ask: self._secret(ask.place)}

    def _secret(self, address: str) -> str | Refused:
        parts = urlsplit(address)
        name, _, version = parts.path.removeprefix("/secrets/").strip("/").partition("/")
        return self.vault(f"https://{parts.netloc}").get_secret(name, version or None).value or ""

    def secrets(self, ask: Ask) -> Answers:
        """Answer with the secrets of a vault whose names begin so. A vault knows neither underscores nor capitals."""
        parts = urlsplit(ask.place)
        beginning = parts.path.removeprefix("/").removeprefix("secrets/")
        vault = self.vault(f"https://{parts.netloc}")
        names = [each.name for each in vault.list_properties_of_secrets() if each.enabled and each.name.startswith(beginning)]
        named = {name.removeprefix(beginning).replace("-", "_").upper(): name for name in names}
        works = {name: functools.partial(_value_of, vault, id) for name, id in named.items() if name in self._terms.wanted}
        return {ask: dict.fromkeys(named, "") | at_once(works, refused)}

    def setting(self, ask: Ask) -> Answers:
        """Answer with one setting of a store."""
        address, key = _split(ask.place)
        label = ask.option.removeprefix("label=") or None
        return {ask: self._followed(self.store(address).get_configuration_setting(key=key, label=label))}

    def settings(self, ask: Ask) -> Answers:
        """Answer with the settings of a store whose keys begin so."""
        address, beginning = _split(ask.place)
        label = ask.option.removeprefix("label=") or NO_LABEL
        listed = self.store(address).list_configuration_settings(key_filter=f"{_escaped(beginning)}*", label_filter=_escaped(label))
        found = {each.key.removeprefix(beginning): each for each in listed}
        works = {name: functools.partial(self._followed, each) for name, each in found.items() if name in self._terms.wanted}
        return {ask: dict.fromkeys(found, "") | at_once(works, refused)}

    def _followed(self, setting: Any) -> str | Refused:
        if (setting.content_type or "").partition(";")[0].strip().lower() != VAULT_REFERENCE:
            return setting.value or ""
        told: Mapping[str, str] = json.loads(setting.value) if isinstance(setting.value, str) else {"uri": setting.secret_id}
        address = told["uri"]
        if urlsplit(address).scheme != "https":
            return Refused(Why.MALFORMED, "its reference to Key Vault is no https:// address")
        return self._secret(address)


def _value_of(vault: Any, name: str) -> str:
    return vault.get_secret(name).value or ""


def _split(place: str) -> tuple[str, str]:
    """Return the address of a store (empty for that of the connection string), and a key."""
    if "://" not in place:
        return "", unquote(place)
    parts = urlsplit(place)
    return f"{parts.scheme}://{parts.netloc}", unquote(parts.path.removeprefix("/"))


def _escaped(text: str) -> str:
    """Return a text without letters that mean something in a filter."""
    return re.sub(r"([*,\\])", r"\\\1", text)


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False
