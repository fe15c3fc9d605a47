"""Groups, Map and Loop: the body exists and the settings name its ports."""

from collections.abc import Iterator
from typing import Any

from comfytavern.graph.bodies import USES_A_BODY, Used
from comfytavern.graph.checks.scope import Scope, repeated
from comfytavern.graph.control_ports import INDEX, SETTINGS, carried
from comfytavern.graph.document import Interface, Node
from comfytavern.graph.kinds import Control, Kind
from comfytavern.graph.problems import problem
from comfytavern.graph.types import MAPPED, Type, refusal
from comfytavern.kernel.errors import Problem

ITERATIONS_MAX = 1_000_000
CONCURRENCY_MAX = 1_000


def check_control(scope: Scope) -> Iterator[Problem]:
    """Every group, map and loop node is set up."""
    for node in scope.body.nodes:
        kind = scope.kind(node)
        if kind is None or kind.control not in USES_A_BODY:
            continue
        used = scope.used(node)
        if used is None:
            yield from _why_unused(scope, node)
        else:
            yield from _Settings(scope, node, kind, used).check()


def _why_unused(scope: Scope, node: Node) -> Iterator[Problem]:
    group, workflow, version = (node.values.get(name) for name in ("group", "workflow", "version"))
    place = scope.place(node=node.id)
    if isinstance(group, str) and group:
        yield problem("graph.group_missing", place, group=group)
    elif not isinstance(workflow, str) or not workflow:
        yield problem("graph.group_unset", place)
    elif scope.resolve is not None:
        yield problem("graph.workflow_missing", place, workflow=workflow, version="newest" if version is None else version)


class _Settings:
    """The settings of one node that uses a body."""

    def __init__(self, scope: Scope, node: Node, kind: Kind, used: Used) -> None:
        self._scope = scope
        self._node = node
        self._kind = kind
        self._interface: Interface = used.body.interface
        self._inputs = {port.id: port for port in self._interface.inputs}
        self._outputs = {port.id: port for port in self._interface.outputs}

    def check(self) -> Iterator[Problem]:
        """Yield what is wrong with them."""
        for name in self._inputs:
            if name in SETTINGS[self._kind.control]:
                yield problem("graph.reserved_port", self._place(port=name), port=name)
        version = self._value("version", default=1)
        if not isinstance(version, int) or isinstance(version, bool) or version < 1:
            yield self._bad("version", "the number of a version, or left out for the newest")
        if self._kind.control is Control.MAP:
            yield from self._check_map()
        elif self._kind.control is Control.LOOP:
            yield from self._check_loop()

    def _check_map(self) -> Iterator[Problem]:
        yield from self._number("concurrency", CONCURRENCY_MAX)
        yield from self._choice("on_item_error", "fail", "drop", "collect")
        if not isinstance(self._value("keep_gaps", default=False), bool):
            yield self._bad("keep_gaps", "true or false")
        yield from self._names("mapped", self._inputs, "graph.no_such_inner_input")
        if not any(MAPPED in port.tags for port in self._scope.ports[self._node.id].inputs):
            yield problem("graph.map_over_nothing", self._place())

    def _check_loop(self) -> Iterator[Problem]:
        yield from self._number("max_iterations", ITERATIONS_MAX)
        yield from self._choice("test", "post", "pre")
        yield from self._choice("on_limit", "fail", "stop")
        yield from self._names("collect", self._outputs, "graph.no_such_inner_output")
        yield from self._names("stream", self._outputs, "graph.no_such_inner_output")
        yield from self._check_while()
        yield from self._check_carried()

    def _check_while(self) -> Iterator[Problem]:
        name = self._value("while", default="")
        if not name and self._value("on_limit", default="fail") == "stop":
            return
        if not isinstance(name, str) or not name:
            yield self._bad("while", "the name of a boolean output of the group (it may be left out when on_limit is stop)")
        elif name not in self._outputs:
            yield problem("graph.no_such_inner_output", self._place(value="while"), setting="while", port=name)
        elif (port := self._outputs[name]).type not in (Type.BOOLEAN, Type.ANY) and not port.convertible:
            yield problem("graph.while_type", self._place(value="while"), port=name, got=str(port.type))

    def _check_carried(self) -> Iterator[Problem]:
        listed, pairs, place = self._value("carried", default=[]), carried(self._node), self._place(value="carried")
        if not isinstance(listed, list) or len(pairs) != len(listed):
            yield self._bad("carried", "a list of {input, output}")
        for input, output in pairs:
            if input not in self._inputs or input == INDEX:
                yield problem("graph.no_such_inner_input", place, setting="carried", port=input)
            if output not in self._outputs:
                yield problem("graph.no_such_inner_output", place, setting="carried", port=output)
            if input in self._inputs and output in self._outputs:
                yield from self._check_pair(input, output)
        for name in [*repeated(input for input, _ in pairs), *repeated(output for _, output in pairs)]:
            yield problem("graph.carried_twice", place, port=name)

    def _check_pair(self, input: str, output: str) -> Iterator[Problem]:
        source, target = self._outputs[output], self._inputs[input]
        if refusal(source, target) is not None:
            types = {"source_type": str(source.type), "target_type": str(target.type)}
            yield problem("graph.carried_type", self._place(value="carried"), input=input, output=output, **types)

    def _names(self, setting: str, known: dict[str, Any], code: str) -> Iterator[Problem]:
        listed = self._value(setting, default=[])
        if not isinstance(listed, list) or not all(isinstance(name, str) for name in listed):
            yield self._bad(setting, "a list of names")
            return
        for name in dict.fromkeys(listed):
            if name not in known:
                yield problem(code, self._place(value=setting), setting=setting, port=name)

    def _number(self, setting: str, limit: int) -> Iterator[Problem]:
        value = self._value(setting, default=1)
        if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= limit:
            yield self._bad(setting, f"a whole number from 1 to {limit}")

    def _choice(self, setting: str, *choices: str) -> Iterator[Problem]:
        if self._value(setting, default=choices[0]) not in choices:
            yield self._bad(setting, " or ".join(choices))

    def _value(self, setting: str, *, default: Any) -> Any:
        """Return a setting; one that is null, or wired, counts as not set."""
        wired = setting in self._scope.wires_in.get(self._node.id, ())
        value = None if wired else self._node.values.get(setting)
        return default if value is None else value

    def _bad(self, setting: str, expected: str) -> Problem:
        return problem("graph.bad_setting", self._place(value=setting), setting=setting, expected=expected)

    def _place(self, **at: str) -> dict[str, str]:
        return self._scope.place(node=self._node.id, **at)
