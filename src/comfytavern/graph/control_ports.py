"""The ports that the engine's own kinds take from the body they use, or stand in."""

from typing import Any, assert_never

from msgspec.structs import replace

from comfytavern.graph.bodies import Lookup
from comfytavern.graph.document import Body, Interface, Node
from comfytavern.graph.kinds import Control, Port
from comfytavern.graph.types import MAPPED, Type

INDEX = "index"
"""The inner input that a loop fills itself with the number of the iteration, from 0."""
ERRORS = Port(id="errors", type=Type.ARRAY, title="Errors", description="The items that failed, each `{index, error}`.")
ITERATIONS = Port(id="iterations", type=Type.INTEGER, title="Iterations", description="How often the body ran.")

_BODY = ("group", "workflow", "version")
SETTINGS: dict[Control, tuple[str, ...]] = {
    Control.GROUP: _BODY,
    Control.MAP: (*_BODY, "mapped", "concurrency", "on_item_error", "keep_gaps"),
    Control.LOOP: (*_BODY, "carried", "while", "test", "max_iterations", "on_limit", "collect", "stream"),
}
"""Values of the engine's own kinds that are settings, not inputs."""

Pair = tuple[list[Port], list[Port]]


def of(node: Node, control: Control, body: Body, used: Lookup) -> Pair:
    """Return the further inputs and outputs of a node of a control kind; none for other kinds."""
    match control:
        case Control.INPUT:
            return [], body.interface.inputs
        case Control.OUTPUT:
            return body.interface.outputs, []
        case Control.GROUP | Control.MAP | Control.LOOP:
            found = used(node)
            return _of_user(node, control, found.body.interface) if found else ([], [])
        case Control.NONE | Control.CALL | Control.RACE | Control.NOTE:
            return [], []
        case _:
            assert_never(control)


def _of_user(node: Node, control: Control, interface: Interface) -> Pair:
    if control is Control.MAP:
        mapped = strings(node.values.get("mapped"))
        inputs = [as_mapped(port) if port.id in mapped else port for port in interface.inputs]
        return inputs, [*map(as_list, interface.outputs), ERRORS]
    if control is Control.LOOP:
        return [port for port in interface.inputs if port.id != INDEX], _loop_outputs(node, interface)
    return interface.inputs, interface.outputs


def _loop_outputs(node: Node, interface: Interface) -> list[Port]:
    inner = {port.id: port for port in interface.outputs}
    final = [inner[output] for _, output in carried(node) if output in inner]
    collect = [replace(as_list(inner[id]), id=f"collect.{id}") for id in strings(node.values.get("collect")) if id in inner]
    stream = [replace(inner[id], id=f"stream.{id}", stream=True) for id in strings(node.values.get("stream")) if id in inner]
    return [*(replace(port, stream=False) if port.stream else port for port in final), *collect, *stream, ITERATIONS]


def carried(node: Node) -> list[tuple[str, str]]:
    """Return the `(inner input, inner output)` pairs of a loop; malformed entries are left out."""
    listed = node.values.get("carried")
    pairs = [(entry.get("input"), entry.get("output")) for entry in (listed if isinstance(listed, list) else []) if isinstance(entry, dict)]
    return [(input, output) for input, output in pairs if isinstance(input, str) and isinstance(output, str)]


def strings(value: Any) -> list[str]:
    """Return the strings of a list; nothing when it is no list."""
    return [item for item in value if isinstance(item, str)] if isinstance(value, list) else []


def as_mapped(port: Port) -> Port:
    """Return the outer input of a Map for an inner one that is taken apart."""
    return replace(port, type=Type.ARRAY, tags=[MAPPED], stream=False, convertible=False, default=None, widget=None)


def as_list(port: Port) -> Port:
    """Return the outer output for an inner one of which a list is made."""
    return replace(port, type=Type.ARRAY, tags=[], stream=False, convertible=False)
