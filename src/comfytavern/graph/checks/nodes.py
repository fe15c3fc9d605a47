"""What each node is and holds: its kind, values, pins and policy."""

from collections.abc import Iterator
from typing import Any

from comfytavern.graph.checks.scope import Scope, is_name
from comfytavern.graph.checks.values import value_fits
from comfytavern.graph.control_ports import SETTINGS
from comfytavern.graph.document import Node
from comfytavern.graph.kinds import Kind, Port
from comfytavern.graph.ports import dynamic_port
from comfytavern.graph.problems import problem
from comfytavern.graph.types import Type, name_of
from comfytavern.kernel.errors import Problem

_MODES = ("normal", "bypass", "mute")
_PLAIN = Node(id="", kind="").policy


def check_nodes(scope: Scope) -> Iterator[Problem]:
    """Every node's kind is known and everything in the node fits it."""
    for node in scope.body.nodes:
        kind = scope.kind(node)
        if node.mode not in _MODES:
            yield _bad_setting(scope, node, "mode", " or ".join(_MODES))
        if node.policy is not _PLAIN:
            yield from _check_policy(scope, node)
        if kind is None:
            yield problem("graph.unknown_kind", scope.place(node=node.id), kind=node.kind)
            continue
        yield from _check_version(scope, node, kind)
        yield from _check_dynamic(scope, node, kind)
        if not scope.is_opaque(node):
            yield from _check_inputs(scope, node, kind)
            yield from _check_unknown_values(scope, node, kind)
            yield from _check_pins(scope, node)


def _check_version(scope: Scope, node: Node, kind: Kind) -> Iterator[Problem]:
    if node.kind_version < 1:
        yield _bad_setting(scope, node, "kind_version", "1 or more")
    elif node.kind_version != kind.version:
        code = "graph.kind_newer" if node.kind_version > kind.version else "graph.kind_older"
        yield problem(code, scope.place(node=node.id), kind=kind.id, version=node.kind_version, known=kind.version)
    if kind.deprecated:
        yield problem("graph.kind_deprecated", scope.place(node=node.id), kind=kind.id, instead=kind.deprecated)


def _check_inputs(scope: Scope, node: Node, kind: Kind) -> Iterator[Problem]:
    """Look at what has no wire; the settings of the engine's own kinds are looked at in control.py."""
    runs = node.mode == "normal" and not node.pins
    wired = scope.wires_in.get(node.id, {})
    for port in scope.ports[node.id].inputs:
        if port.id in wired or port.id in SETTINGS.get(kind.control, ()):
            continue
        value = node.values.get(port.id)
        if value is not None:
            if not value_fits(value, port):
                place = scope.place(node=node.id, port=port.id)
                yield problem("graph.wrong_value", place, port=port.id, expected=str(port.type), got=name_of(value))
        elif runs and port.required and not _may_be_null(node, port):
            yield problem("graph.missing_input", scope.place(node=node.id, port=port.id), port=port.id)


def _may_be_null(node: Node, port: Port) -> bool:
    return port.default is not None or (port.type is Type.ANY and port.id in node.values)


def _check_unknown_values(scope: Scope, node: Node, kind: Kind) -> Iterator[Problem]:
    for name in node.values:
        if scope.input(node.id, name) is None and name not in _settings(kind):
            yield problem("graph.unknown_value", scope.place(node=node.id, value=name), port=name)


def _settings(kind: Kind) -> set[str]:
    """Return the values that are no inputs (now): settings, port lists, inputs of other modes."""
    return {"mode", kind.dynamic_inputs, kind.dynamic_outputs, *SETTINGS.get(kind.control, ()), *(port.id for port in kind.inputs)}


def _check_dynamic(scope: Scope, node: Node, kind: Kind) -> Iterator[Problem]:
    for setting, declared in ((kind.dynamic_inputs, kind.inputs), (kind.dynamic_outputs, kind.outputs)):
        listed = node.values.get(setting) if setting else None
        if listed is None:
            continue
        if not isinstance(listed, list):
            yield _bad_setting(scope, node, setting, "a list of ports")
            continue
        taken = {port.id for port in declared}
        for index, entry in enumerate(listed):
            port = dynamic_port(entry)
            if port is None or port.id in taken or not is_name(port.id):
                yield problem("graph.bad_dynamic_port", scope.place(node=node.id, value=setting), setting=setting, index=index)
            else:
                taken.add(port.id)


def _check_pins(scope: Scope, node: Node) -> Iterator[Problem]:
    for name, value in node.pins.items():
        port = scope.output(node.id, name)
        if port is None:
            yield problem("graph.unknown_pin", scope.place(node=node.id, port=name), port=name)
        elif value is not None and not value_fits(value, port) and not (port.stream and isinstance(value, list)):
            yield problem("graph.wrong_pin", scope.place(node=node.id, port=name), port=name, expected=str(port.type), got=name_of(value))


def _check_policy(scope: Scope, node: Node) -> Iterator[Problem]:
    policy = node.policy
    allowed: list[tuple[str, bool, str]] = [
        ("retries", 0 <= policy.retries <= 100, "from 0 to 100"),
        ("backoff_s", 0 <= policy.backoff_s <= 3600, "from 0 to 3600 seconds"),
        ("timeout_s", policy.timeout_s is None or policy.timeout_s > 0, "more than 0 seconds"),
        ("ttl_s", policy.ttl_s is None or policy.ttl_s > 0, "more than 0 seconds"),
        ("on_error", policy.on_error in ("fail", "port", "default", "skip"), "fail, port, default or skip"),
        ("reuse", policy.reuse in ("", "never", "session", "ttl"), "never, session or ttl"),
        ("on_unknown", policy.on_unknown in ("ask", "retry", "fail"), "ask, retry or fail"),
    ]
    for member, fine, expected in allowed:
        if not fine:
            yield _bad_setting(scope, node, f"policy.{member}", expected)
    if policy.on_error == "default" and not scope.is_opaque(node):
        yield from _check_defaults(scope, node, policy.defaults)


def _check_defaults(scope: Scope, node: Node, defaults: dict[str, Any]) -> Iterator[Problem]:
    for name, value in defaults.items():
        port = scope.output(node.id, name)
        if port is None or (value is not None and not value_fits(value, port)):
            yield _bad_setting(scope, node, f"policy.defaults.{name}", str(port.type) if port else "left out: there is no such output")


def _bad_setting(scope: Scope, node: Node, setting: str, expected: str) -> Problem:
    return problem("graph.bad_setting", scope.place(node=node.id, field=setting), setting=setting, expected=expected)
