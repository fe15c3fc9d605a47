"""A compiled graph: flat arrays of integers over nodes in topological order. Immutable, shared by all runs of it.

A *slot* is a place for one token of a frame: first one per output of every node, then one per constant.
"""

from dataclasses import dataclass, field
from typing import Any

from comfytavern.engine.digest import digest, safe
from comfytavern.engine.implementation import Implementation, Style
from comfytavern.graph.document import Graph, Policy
from comfytavern.graph.kinds import Control, Effect, Kind, Port
from comfytavern.graph.types import Type

INLINE_MANY = 3
"""Modes 0 to 3: a plain inline function of so many slots (3: of any number). This is the hot path."""
GENERAL = 4
"""Everything that needs care: a task, a stream, several outputs, a policy."""
ODD = 5
"""General, and a DEAD or ERROR token has arrived."""
TASK = 6
"""A plain coroutine function of so many slots, with one result: it needs a task and nothing else."""
NEVER = 1 << 30
"""In-degree of a node that nobody demands: it never gets to zero."""

HALF = NEVER >> 1
"""In-degrees above this belong to nodes that nobody demands."""


@dataclass(frozen=True, slots=True)
class Shape:
    """What nodes of one kind, port set and policy have in common."""

    implementation: Implementation
    inputs: tuple[Port, ...]
    """First the declared ones, in the order of the function's parameters, then dynamic ones and those of a body."""
    outputs: tuple[Port, ...]
    """In port order; the implicit `error` port is last when the policy asks for it."""
    policy: Policy
    muted: bool
    stream_ins: frozenset[int]
    stream_outs: frozenset[int]
    lazy: frozenset[int]
    error_port: bool
    plain_policy: bool
    single: str | None
    """The id of its output when there is exactly one."""

    @property
    def kind(self) -> Kind:
        """The declared kind."""
        return self.implementation.kind

    @property
    def style(self) -> Style:
        """How its function is called."""
        return self.implementation.style

    @property
    def control(self) -> Control:
        """What the engine itself does."""
        return self.implementation.kind.control

    @property
    def effect(self) -> Effect:
        """What running it does to the world."""
        return self.implementation.kind.effect

    @property
    def width(self) -> int:
        """How many outputs it has, `error` not counted."""
        return len(self.outputs) - self.error_port


@dataclass(slots=True)
class Body:
    """What a Map, a Loop or a `each` wire runs per item or iteration."""

    plan: "Plan"
    values: dict[str, Any]
    """The values of the node that owns it (mapped, carried, while …)."""


@dataclass(slots=True, eq=False)
class Plan:
    """See the module. Index `i` is a node; arrays without a comment have one entry per node."""

    n: int = 0
    paths: list[str] = field(default_factory=list[str])
    shapes: list[Shape] = field(default_factory=list[Shape])
    fns: list[Any] = field(default_factory=list[Any])
    """The functions; None for what the engine does itself."""
    args: list[tuple[Any, ...]] = field(default_factory=list[tuple[Any, ...]])
    """By parameter, an `Arg`: a slot, or the slots of the wires of a many-input."""
    out0: list[int] = field(default_factory=list[int])
    """First slot of its outputs."""
    owner: list[int] = field(default_factory=list[int])
    """By slot: the node it belongs to, -1 for a constant."""
    vals0: list[Any] = field(default_factory=list[Any])
    """By slot: the constants, None elsewhere."""
    ind0: list[int] = field(default_factory=list[int])
    """Non-lazy wires that arrive: a node is decided when all have their token."""
    mode: bytes = b""
    logged_mode: bytes = b""
    """The same when there is a journal: effects must write their intent first."""
    succ: list[tuple[int, ...]] = field(default_factory=list[tuple[int, ...]])
    """Consumers of its values, one entry per non-lazy wire."""
    ports: list[tuple[int, ...] | None] = field(default_factory=list[tuple[int, ...] | None])
    """The output each of these wires leaves from; None when there is only one output."""
    streams: dict[int, tuple[tuple[int, int, int], ...]] = field(default_factory=dict[int, tuple[tuple[int, int, int], ...]])
    """`(consumer, input position, output)` of the wires that carry a live stream."""
    lazies: dict[int, tuple[tuple[int, int], ...]] = field(default_factory=dict[int, tuple[tuple[int, int], ...]])
    """`(consumer, output)` of wires into lazy inputs: they count only once they are wanted."""
    after: dict[int, tuple[int, ...]] = field(default_factory=dict[int, tuple[int, ...]])
    fallback: dict[int, dict[int, Any]] = field(default_factory=dict[int, dict[int, Any]])
    """What was typed into an input that is also wired: used when the wire is dead."""
    convert: dict[int, tuple[tuple[int, Type], ...]] = field(default_factory=dict[int, tuple[tuple[int, Type], ...]])
    """Inputs whose value may have to be converted."""
    pins: dict[int, dict[int, Any]] = field(default_factory=dict[int, dict[int, Any]])
    bodies: dict[int, Body] = field(default_factory=dict[int, Body])
    inputs: tuple[Port, ...] = ()
    """The interface."""
    outputs: tuple[Port, ...] = ()
    outlets: tuple[int, ...] = ()
    """Nodes of the kind `graph.output`."""
    roots: list[int] = field(default_factory=list[int])
    """Demanded nodes that can start at once, last first."""
    targets: tuple[int, ...] = ()
    """What is demanded when nobody says otherwise."""
    statics: list[bytes | None] = field(default_factory=list[bytes | None])
    """Key of all that is fixed about a node; None when its results are never reused."""
    hot: list[bytes | None] = field(default_factory=list[bytes | None])
    """The same for nodes whose key is made of their inputs and nothing else."""
    no_recipes: list[bytes | None] = field(default_factory=list[bytes | None])
    """None for every node: what frames inside nodes know of the recipes."""
    wired: list[tuple[int, ...]] = field(default_factory=list[tuple[int, ...]])
    """Slots of the values its key depends on."""
    default_demand: bool = True
    """Whether `ind0` and `roots` already stand for the default targets with nothing idle and nothing pinned."""
    index: dict[str, int] | None = None
    recipes: tuple[Any, list[bytes | None]] | None = None
    resolve: Any = None
    document: Graph | None = None
    """What it was compiled from, when that was a whole document."""
    known_hash: bytes | None = None

    @property
    def hash(self) -> bytes:
        """16 bytes of everything that decides results; the journal of a run belongs to one hash."""
        if self.known_hash is None:
            self.known_hash = digest(
                [
                    self.paths,
                    [fixed or b"" for fixed in self.statics],
                    [(shape.kind.id, shape.implementation.code_version, shape.muted) for shape in self.shapes],
                    [[self._given(arg) for arg in args] for args in self.args],
                    [(i, self._given(arg)) for i, arg in sorted(self.after.items())],
                    [(i, body.plan.hash, safe(body.values)) for i, body in sorted(self.bodies.items())],
                ]
            )
        return self.known_hash

    def _given(self, arg: Any) -> Any:
        """Return an input as the hash sees it: constants by value, for their slots may differ."""
        if isinstance(arg, tuple):
            return [self._given(slot) for slot in arg]
        return arg if self.owner[arg] >= 0 else (safe(self.vals0[arg]),)

    def find(self, path: str) -> int | None:
        """Return the node at `path`, or None."""
        if self.index is None:
            self.index = {one: i for i, one in enumerate(self.paths)}
        return self.index.get(path)

    def preds(self, i: int) -> list[int]:
        """Return the nodes that feed non-lazy inputs of `i`, in port order; one may appear twice."""
        owner, lazy = self.owner, self.shapes[i].lazy
        found: list[int] = []
        for position, arg in enumerate(self.args[i]):
            if lazy and position in lazy:
                continue
            slots = arg if isinstance(arg, tuple) else (arg,)
            found += [owner[slot] for slot in slots if owner[slot] >= 0]
        if i in self.after:
            found += [owner[slot] for slot in self.after[i] if owner[slot] >= 0]
        return found

    def sources(self, i: int, position: int) -> tuple[int, ...]:
        """Return the slots of the wires of one input: none when it holds a constant."""
        arg = self.args[i][position]
        slots = arg if isinstance(arg, tuple) else (arg,)
        return tuple(slot for slot in slots if self.owner[slot] >= 0)
