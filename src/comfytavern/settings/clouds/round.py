"""One round: everything that is wanted is asked for at once, before one deadline. Whoever is late then is not waited for.

The SDKs block, so every call has a thread of its own. The threads are daemons: an answer that never comes does not keep the process.
"""

import importlib
import logging
import queue
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol, cast

from comfytavern.kernel.secret import Secret
from comfytavern.settings.clouds.reference import Ask
from comfytavern.settings.clouds.refusal import Refused, Why

Outcome = str | Mapping[str, str | Refused] | Refused
"""A text; or, below a beginning of names, a text for the rest of each name; or why there is none."""
Answers = Mapping[Ask, Outcome]
Call = tuple[Sequence[Ask], Callable[[], Answers]]
"""Something that blocks, and what it answers."""


@dataclass(frozen=True, slots=True)
class Terms:
    """What a cloud has to know besides what it is asked."""

    deadline_s: float = 10.0
    """How long one round may take."""
    wanted: frozenset[str] = frozenset()
    """Names that mean something, for services that give values one by one."""
    azure_connection: Secret = field(default_factory=lambda: Secret(""))
    google_endpoint: str = ""

    @property
    def try_s(self) -> float:
        """How long one attempt of an SDK may take, so that there is time for a second."""
        return max(0.1, self.deadline_s * 0.6)


class Cloud(Protocol):
    """One cloud behind its SDK: a module of this folder."""

    def calls(self, asks: Sequence[Ask], terms: Terms) -> Sequence[Call]:
        """Set the SDK up and return the calls that answer `asks`; they run at the same time. May raise what the SDK raises."""
        ...

    def refused(self, error: Exception) -> Refused:
        """Return why a call raised `error`."""
        ...


TALKATIVE: Final = ("boto3", "botocore", "urllib3", "azure", "msal", "google", "grpc")
"""Libraries that at `debug` write answers into the log, secrets and all, and at `warning` what we say in better words."""
PACKAGES: Final[Mapping[str, str]] = {
    "boto3": "boto3",
    "botocore": "boto3",
    "azure.appconfiguration": "azure-appconfiguration",
    "azure.identity": "azure-identity",
    "azure.keyvault": "azure-keyvault-secrets",
    "azure": "azure-appconfiguration",
    "google": "google-cloud-secret-manager",
    "grpc": "google-cloud-secret-manager",
}


def ask_all(asks: Sequence[Ask], terms: Terms) -> dict[Ask, Outcome]:
    """Return an outcome for each of `asks`, within `terms.deadline_s`."""
    for name in TALKATIVE:
        logging.getLogger(name).setLevel(logging.CRITICAL)
    ends = time.monotonic() + terms.deadline_s
    answered: queue.SimpleQueue[Answers] = queue.SimpleQueue()
    by_cloud: dict[str, list[Ask]] = {}
    for ask in dict.fromkeys(asks):
        by_cloud.setdefault(ask.service.cloud, []).append(ask)
    for cloud, its in by_cloud.items():
        _start(f"settings.{cloud}", lambda cloud=cloud, its=its: _begin(cloud, its, terms, answered))
    outcomes: dict[Ask, Outcome] = {}
    while len(outcomes) < len(dict.fromkeys(asks)):
        try:
            outcomes |= answered.get(timeout=max(0.0, ends - time.monotonic()))
        except queue.Empty:
            break
    late = Refused(Why.LATE, f"{terms.deadline_s:g} s")
    return {ask: late if found == Refused(Why.LATE) else found for ask in asks for found in [outcomes.get(ask, late)]}


def _begin(name: str, asks: list[Ask], terms: Terms, answered: "queue.SimpleQueue[Answers]") -> None:
    """Set one cloud up, then start its calls."""
    try:
        cloud = cast("Cloud", importlib.import_module(f"comfytavern.settings.clouds.{name}"))
        try:
            calls = cloud.calls(asks, terms)
        except ImportError as error:
            answered.put(dict.fromkeys(asks, Refused(Why.NO_SDK, _package(error.name or name))))
            return
        except Exception as error:  # noqa: BLE001 -- an SDK raises anything; the cloud words it
            answered.put(dict.fromkeys(asks, cloud.refused(error)))
            return
        for its, work in calls:
            _start(f"settings.{name}.call", lambda its=its, work=work: _perform(cloud, its, work, answered))
    except Exception as error:  # noqa: BLE001 -- a thread has nobody to raise to; without an answer it would look like a late one
        answered.put(dict.fromkeys(asks, Refused(Why.REFUSED, type(error).__name__)))


def _perform(cloud: Cloud, asks: Sequence[Ask], work: Callable[[], Answers], answered: "queue.SimpleQueue[Answers]") -> None:
    try:
        answers = work()
        answered.put({ask: answers.get(ask, Refused(Why.MALFORMED)) for ask in asks})
    except Exception as error:  # noqa: BLE001 -- as above
        answered.put(dict.fromkeys(asks, cloud.refused(error)))


def _package(module: str) -> str:
    return next((package for name, package in PACKAGES.items() if module == name or module.startswith(f"{name}.")), module)


def _start(name: str, work: Callable[[], None]) -> None:
    threading.Thread(target=work, name=name, daemon=True).start()


def at_once(works: Mapping[str, Callable[[], str | Refused]], refused: Callable[[Exception], Refused]) -> dict[str, str | Refused]:
    """Return what each of `works` returns, or why it raised; all of them run at the same time. For services that give values one by one."""
    answered: queue.SimpleQueue[tuple[str, str | Refused]] = queue.SimpleQueue()

    def one(name: str, work: Callable[[], str | Refused]) -> None:
        try:
            answered.put((name, work()))
        except Exception as error:  # noqa: BLE001 -- as above
            answered.put((name, refused(error)))

    for name, work in works.items():
        _start("settings.one", lambda name=name, work=work: one(name, work))
    return dict(answered.get() for _ in works)
