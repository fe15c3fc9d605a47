"""The saved form of a graph, version 1. A graph is wholly determined by this JSON; nothing that runs reads `look`.

Unknown members of every object are kept in `extra` and written back into the object they stood in (codec.py); `extra` itself is
never a member of the JSON.
"""

from typing import Any

import msgspec

from comfytavern.graph.kinds import Number, Port

FORMAT = "comfytavern.graph"
VERSION = 1
NODES_MAX = 20_000
EXPANDED_MAX = 200_000
"""How many nodes there may be once every group is unfolded."""
DEPTH_MAX = 32
"""How deep groups may stand in groups, and frames in frames."""
NESTING_MAX = 128
"""How deep arrays and objects may stand in each other, values included."""
BYTES_MAX = 16 * 1024 * 1024


class Policy(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What to do when a node fails, and how long it may take (semantics, section 6 and K3)."""

    retries: int = 0
    backoff_s: Number = 0.5
    retry_on: list[str] = []
    timeout_s: Number | None = None
    on_error: str = "fail"
    """fail, port, default or skip."""
    defaults: dict[str, Any] = {}
    reuse: str = ""
    """nondet kinds: never, session or ttl; empty = the run's own default."""
    ttl_s: Number | None = None
    on_unknown: str = "ask"
    """effect kinds after a crash: ask, retry or fail."""
    extra: dict[str, Any] = {}


class Node(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One node. `values` holds what was typed into its inputs, by port id."""

    id: str
    kind: str
    kind_version: int = 1
    values: dict[str, Any] = {}
    name: str = ""
    description: str = ""
    frame: str | None = None
    mode: str = "normal"
    """normal, bypass or mute."""
    pins: dict[str, Any] = {}
    """Outputs fixed by the user, by port id (K6). Empty = not pinned."""
    policy: Policy = Policy()
    look: dict[str, Any] = {}
    """x, y, width, height, collapsed, colour, handles (input ids whose handle is shown): the canvas's business."""
    extra: dict[str, Any] = {}


class End(msgspec.Struct, frozen=True, array_like=True):
    """One end of a wire: `[node id, port id]`."""

    node: str
    port: str


class Wire(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A wire from an output to an input. The order of `wires` is the order of a many-input."""

    id: str
    source: End
    target: End
    each: bool = False
    """Map over the list that arrives (sugar for a one-node Map)."""
    look: dict[str, Any] = {}
    """`via`: reroute points `[[x, y], …]`."""
    extra: dict[str, Any] = {}


class Frame(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A comment box. It never affects a run."""

    id: str
    name: str = ""
    note: str = ""
    frame: str | None = None
    look: dict[str, Any] = {}
    extra: dict[str, Any] = {}


class Interface(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a graph takes and gives when it is used as a group, an app or an endpoint."""

    inputs: list[Port] = []
    outputs: list[Port] = []
    extra: dict[str, Any] = {}


class Body(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Nodes and wires with an interface: what both a whole graph and a local group have."""

    nodes: list[Node] = []
    wires: list[Wire] = []
    frames: list[Frame] = []
    interface: Interface = Interface()


class Group(Body, frozen=True, kw_only=True, omit_defaults=True):
    """A local group, used through `values["group"] = id`. A library group is used through `values["workflow"]` and `values["version"]`."""

    id: str
    name: str = ""
    description: str = ""
    look: dict[str, Any] = {}
    extra: dict[str, Any] = {}


class Graph(Body, frozen=True, kw_only=True, omit_defaults=True):
    """A whole document."""

    format: str = FORMAT
    version: int = VERSION
    groups: list[Group] = []
    look: dict[str, Any] = {}
    extra: dict[str, Any] = {}
