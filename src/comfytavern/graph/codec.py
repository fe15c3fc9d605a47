"""Between JSON and a graph: strict about types, faithful to everything else.

Unknown members of every object survive, and values are never touched: 0, false, "", big integers, `1.0` and the order of their
keys come back as they were. The canonical form is what `encode` writes; `encode(decode(x)) == x` for every canonical x.
"""

from collections.abc import Iterable
from typing import Any, NoReturn

import msgspec

from comfytavern.graph import shape
from comfytavern.graph.document import (
    BYTES_MAX,
    DEPTH_MAX,
    FORMAT,
    NESTING_MAX,
    NODES_MAX,
    VERSION,
    Frame,
    Graph,
    Group,
    Interface,
    Node,
    Policy,
    Wire,
)
from comfytavern.graph.kinds import Port, Widget
from comfytavern.graph.migrate import migrate_document
from comfytavern.graph.nesting import frame_depth, group_depth
from comfytavern.graph.problems import problem, sentence
from comfytavern.kernel.errors import Invalid, Problem, TooLarge

Json = dict[str, Any]
_STRUCTS = (Graph, Group, Node, Wire, Frame, Interface, Policy, Port, Widget)
_KNOWN = {struct: frozenset(struct.__struct_fields__) - {"extra"} for struct in _STRUCTS}


def decode(source: bytes | str | Json) -> Graph:
    """Return the graph that a JSON document describes.

    Raises `TooLarge` beyond a limit, and `Invalid`: `graph.malformed` with every problem at once, each with its JSON path in
    `place["field"]`, or `graph.newer` for a document of a later format. What the graph *means* is `validate`'s business.
    """
    data = _parse(source)
    _check_header(data)
    _check_nesting(data)
    data = migrate_document(data)
    try:
        graph = msgspec.convert(_graph(data), Graph)
    except (msgspec.ValidationError, _OddShape):
        _malformed(shape.complaints(data, Graph))
    _check_sizes(graph)
    return graph


def encode(graph: Graph) -> bytes:
    """Return the canonical JSON of a graph: members in the order of document.py, defaults left out, unknown members last."""
    return msgspec.json.encode(to_json(graph))


def to_json(graph: Graph) -> Json:
    """Return the same as plain dicts and lists."""
    data = msgspec.to_builtins(graph)
    _lay_out(data)
    for group in data.get("groups", ()):
        _lay_out(group)
    return {"format": graph.format, "version": graph.version, **data}


class _OddShape(Exception):
    """Something is not the object or array it should be; shape.py says what and where."""


def _parse(source: bytes | str | Json) -> Any:
    try:
        text = source if isinstance(source, bytes | str) else msgspec.json.encode(source)
        size_bytes = len(text) if isinstance(text, bytes) else len(text.encode())
        if size_bytes > BYTES_MAX:
            _too_large("graph.too_large", size_bytes=size_bytes, limit=BYTES_MAX)
        return msgspec.json.decode(text)
    except RecursionError:
        _too_large("graph.too_nested", limit=NESTING_MAX)
    except (msgspec.MsgspecError, UnicodeError, TypeError) as error:
        _malformed([problem("graph.not_json", {"field": "$"}, reason=str(error).rstrip("."))])


def _check_header(data: Any) -> None:
    if not isinstance(data, dict):
        _malformed(shape.complaints(data, Graph))
    format, version = data.get("format", FORMAT), data.get("version", VERSION)
    if format != FORMAT and isinstance(format, str):
        _malformed([problem("graph.other_format", {"field": "$.format"}, format=format, expected=FORMAT)])
    if isinstance(version, int) and version < 1:
        _malformed([problem("graph.wrong_type", {"field": "$.version"}, field="$.version", expected="1 or more", got=str(version))])
    if isinstance(version, int) and version > VERSION:
        raise Invalid(
            "graph.newer",
            sentence("graph.newer", version=version, known=VERSION),
            hint="Update ComfyTavern, or export the workflow from the newer one in an older format.",
            version=version,
            known=VERSION,
        )


def _check_nesting(data: Any) -> None:
    level: list[Any] = [data]
    for _ in range(NESTING_MAX):
        inner = (item.values() if type(item) is dict else item for item in level)
        level = [child for children in inner for child in children if type(child) in (dict, list)]
        if not level:
            return
    _too_large("graph.too_nested", limit=NESTING_MAX)


def _check_sizes(graph: Graph) -> None:
    count = len(graph.nodes) + sum(len(group.nodes) for group in graph.groups)
    if count > NODES_MAX:
        _too_large("graph.too_many_nodes", count=count, limit=NODES_MAX)
    depth = max(group_depth(graph), frame_depth(graph))
    if depth > DEPTH_MAX:
        _too_large("graph.too_deep", depth=depth, limit=DEPTH_MAX)


def _too_large(code: str, **params: Any) -> NoReturn:
    raise TooLarge(code, sentence(code, **params), hint="Split it into several workflows that call each other.", **params) from None


def _malformed(problems: list[Problem]) -> NoReturn:
    count = len(problems)
    failure = Invalid("graph.malformed", sentence("graph.malformed", count=count), hint="Each problem names its place.", count=count)
    raise failure.with_problems(problems) from None


def _graph(data: Json) -> Json:
    graph = _body(data, Graph)
    if "groups" in data:
        graph = {**graph, "groups": [_body(_object(group), Group) for group in _array(data["groups"])]}
    return graph


def _body(data: Json, struct: type) -> Json:
    """Return a copy of a body in which unknown members stand in `extra`, at every level."""
    body = dict(_lifted(data, struct))
    if "nodes" in body:
        body["nodes"] = [_node(_object(node)) for node in _array(body["nodes"])]
    if "wires" in body:
        body["wires"] = [_lifted(_object(wire), Wire) for wire in _array(body["wires"])]
    if "frames" in body:
        body["frames"] = [_lifted(_object(frame), Frame) for frame in _array(body["frames"])]
    if "interface" in body:
        interface = dict(_lifted(_object(body["interface"]), Interface))
        for side in ("inputs", "outputs"):
            if side in interface:
                interface[side] = [_port(_object(port)) for port in _array(interface[side])]
        body["interface"] = interface
    return body


def _node(data: Json) -> Json:
    node = _lifted(data, Node)
    return {**node, "policy": _lifted(_object(node["policy"]), Policy)} if "policy" in node else node


def _port(data: Json) -> Json:
    port = _lifted(data, Port)
    return {**port, "widget": _lifted(_object(port["widget"]), Widget)} if port.get("widget") is not None else port


def _lifted(data: Json, struct: type) -> Json:
    known = _KNOWN[struct]
    if data.keys() <= known:
        return data
    unknown = {key: value for key, value in data.items() if key not in known}
    return {key: value for key, value in data.items() if key in known} | {"extra": unknown}


def _object(value: Any) -> Json:
    if type(value) is not dict:
        raise _OddShape
    return value


def _array(value: Any) -> list[Any]:
    if type(value) is not list:
        raise _OddShape
    return value


def _lay_out(body: Json) -> None:
    """Write the unknown members of a body, and of all that stands in it, back into their objects. Changes `body`."""
    _lay_all([body])
    for members in ("nodes", "wires", "frames"):
        _lay_all(body.get(members, ()))
    _lay_all(node["policy"] for node in body.get("nodes", ()) if "policy" in node)
    if "interface" in body:
        ports = [port for side in ("inputs", "outputs") for port in body["interface"].get(side, ())]
        _lay_all([body["interface"], *ports, *(port["widget"] for port in ports if "widget" in port)])


def _lay_all(objects: Iterable[Json]) -> None:
    for data in objects:
        if "extra" in data:
            data.update(data.pop("extra"))
