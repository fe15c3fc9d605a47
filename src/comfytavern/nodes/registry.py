"""The catalogue: every kind this process knows, and how to run it. Built once, never changed."""

import hashlib
import importlib
import pkgutil
from collections.abc import Iterable, Iterator, Mapping
from types import ModuleType

import msgspec

from comfytavern import nodes
from comfytavern.engine.implementation import Implementation
from comfytavern.graph.kinds import Kind
from comfytavern.nodes.kit import Migration

_NOT_FAMILIES = frozenset({"examples", "sandbox"})


class Catalogue:
    """Kinds by id. It is both `graph.kinds.Kinds` and `engine.implementation.Implementations`."""

    def __init__(self, implementations: Iterable[Implementation], migrations: Mapping[str, Mapping[int, Migration]] | None = None) -> None:
        """Take implementations in any order. Raises `ValueError` when two have the same id."""
        self._by_id: dict[str, Implementation] = {}
        for found in sorted(implementations, key=lambda implementation: implementation.kind.id):
            if found.kind.id in self._by_id:
                raise ValueError(f"two kinds are called {found.kind.id!r}")
            self._by_id[found.kind.id] = found
        self.migrations: Mapping[str, Mapping[int, Migration]] = dict(migrations or {})
        """By kind id and by the version that saved the values: the values of the next version."""
        encoded = msgspec.json.encode(self.kinds(), order="deterministic")
        self.digest = hashlib.blake2b(encoded, digest_size=16).hexdigest()
        """Changes whenever any word of any kind does; the same in every process."""

    @classmethod
    def built_in(cls) -> "Catalogue":
        """Return the kinds of every file of every family folder beside this file."""
        found: list[Implementation] = []
        migrations: dict[str, Mapping[int, Migration]] = {}
        for module in _family_modules():
            for implementation, steps in declared_in(module):
                found.append(implementation)
                if steps:
                    migrations[implementation.kind.id] = steps
        return cls(found, migrations)

    def get(self, kind_id: str, /) -> Kind | None:
        """Return the kind, or None when it is unknown here."""
        found = self._by_id.get(kind_id)
        return found.kind if found else None

    def implementation(self, kind_id: str, /) -> Implementation | None:
        """Return how to run the kind, or None when it is unknown here."""
        return self._by_id.get(kind_id)

    def kinds(self) -> list[Kind]:
        """Return all kinds, sorted by id."""
        return [implementation.kind for implementation in self._by_id.values()]


def _family_modules() -> Iterator[ModuleType]:
    """Import the files of all family folders, in the order of their names."""
    for family in sorted(pkgutil.iter_modules(nodes.__path__), key=lambda module: module.name):
        if not family.ispkg or family.name in _NOT_FAMILIES:
            continue
        package = importlib.import_module(f"{nodes.__name__}.{family.name}")
        for file in sorted(pkgutil.iter_modules(package.__path__), key=lambda module: module.name):
            if not file.ispkg:
                yield importlib.import_module(f"{package.__name__}.{file.name}")


def declared_in(module: ModuleType) -> Iterator[tuple[Implementation, Mapping[int, Migration]]]:
    """Yield what this file declares itself, not what it imports."""
    for value in list(vars(module).values()):
        if isinstance(value, Implementation):
            yield value, {}
        elif isinstance(declared := getattr(value, "__node__", None), Implementation) and value.__module__ == module.__name__:
            yield declared, getattr(value, "__node_migrations__", {})
