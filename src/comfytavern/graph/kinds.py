"""What a kind declares about itself. Pure data: the function behind it is the engine's business."""

from enum import StrEnum
from typing import Any, Protocol

import msgspec

from comfytavern.graph.types import Type

Number = int | float
"""A number that is written as it was read: `5` does not become `5.0`."""


class Effect(StrEnum):
    """What running a node does to the world; decides caching and retries (semantics, section 1)."""

    PURE = "pure"
    NONDET = "nondet"
    EFFECT = "effect"


class Control(StrEnum):
    """Kinds whose meaning the engine itself knows."""

    NONE = ""
    INPUT = "input"
    """Its outputs are the inputs of the graph it stands in."""
    OUTPUT = "output"
    """Its inputs are the outputs of the graph it stands in."""
    GROUP = "group"
    MAP = "map"
    LOOP = "loop"
    CALL = "call"
    """A graph chosen at run time (sub-run)."""
    RACE = "race"
    NOTE = "note"
    """Never runs; for people only."""


class Widget(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How a person fills in an input that has no wire."""

    kind: str
    """text, textarea, number, slider, toggle, select, colour, date, code, json, rules, button, file, image, audio,
    model, workflow, messages, ports, list."""
    options: list[Any] = []
    """select: values, or `[value, label]` pairs."""
    suggest: bool = False
    """select: free text is allowed too."""
    minimum: Number | None = None
    maximum: Number | None = None
    step: Number | None = None
    language: str = ""
    """code: json, markdown, python, javascript, jinja, regex."""
    rows: int = 3
    placeholder: str = ""
    accept: str = ""
    """file: media types, as in HTML."""
    capability: str = ""
    """model: chat, completion, embedding, image, speech, transcription."""
    extra: dict[str, Any] = {}


class Port(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An input or an output of a node. An input without a wire takes `values[id]` of its node, else `default`."""

    id: str
    type: Type
    title: str = ""
    description: str = ""
    tags: list[str] = []
    stream: bool = False
    many: bool = False
    """Input: takes several wires, in wire order."""
    required: bool = False
    """Input: the graph is invalid when it has neither wire, value nor default. A required input that is DEAD skips the node (R3)."""
    default: Any = None
    lazy: bool = False
    accepts_dead: bool = False
    accepts_error: bool = False
    convertible: bool = False
    """Takes the type of its first partner, and lets go when unplugged."""
    widget: Widget | None = None
    handle: bool = True
    """Input: whether a handle is shown while it has no wire (a person may show it by `look.handles`)."""
    cosmetic: bool = False
    """Input: not part of the cache key."""
    extra: dict[str, Any] = {}


class Words(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A kind's words in one language. `ports` by port id: `[title, description]`; `options` by value."""

    title: str
    description: str
    ports: dict[str, tuple[str, str]] = {}
    options: dict[str, str] = {}
    keywords: list[str] = []


class Kind(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A kind of node. `id` is `family.name`; `version` grows with every change that needs a migration of saved values."""

    id: str
    title: str
    description: str
    version: int = 1
    family: str = ""
    inputs: list[Port] = []
    outputs: list[Port] = []
    effect: Effect = Effect.NONDET
    control: Control = Control.NONE
    dynamic_inputs: str = ""
    """Name of the value that lists further inputs, each `{id, type, title?, required?, many?}` or just an id (then `any`)."""
    dynamic_outputs: str = ""
    """Name of the value that lists further outputs, in the same form."""
    modes: dict[str, list[str]] = {}
    """Several port sets: mode value (`values["mode"]`) -> ids of the inputs that exist in it. Unlisted inputs always exist."""
    bypass: dict[str, str] = {}
    """Output id -> input id that passes through when bypassed; default: the first input of a type that fits."""
    icon: str = ""
    """A lucide name."""
    keywords: list[str] = []
    example: dict[str, Any] = {}
    """`{"inputs": {...}, "outputs": {...}}`: run by the contract suite and shown in the library."""
    words: dict[str, Words] = {}
    """By language tag; English is in `title`, `description` and the ports themselves."""
    deprecated: str = ""


class Kinds(Protocol):
    """Where the graph room looks kinds up. Implemented by nodes.registry and by plain dicts in tests."""

    def get(self, kind_id: str, /) -> Kind | None:
        """Return the kind, or None when it is unknown here."""
        ...
