"""Every problem the graph room knows: its stable code and its English sentence. Docs and locales are tested against `CODES`."""

from typing import Any

from comfytavern.kernel.errors import Problem

CODES: dict[str, str] = {
    # Reading a document
    "graph.malformed": "This is not a workflow document: {count} problem(s).",
    "graph.not_json": "This is not JSON: {reason}.",
    "graph.wrong_type": "{field} must be {expected}, not {got}.",
    "graph.member_missing": "{field} is missing.",
    "graph.bad_choice": "{field} must be one of {choices}, not {got}.",
    "graph.other_format": "This is a {format} document, not a {expected} document.",
    "graph.newer": "This workflow was saved by a newer ComfyTavern (format {version}; this one reads up to {known}).",
    "graph.too_large": "The document has {size_bytes} bytes; the limit is {limit}.",
    "graph.too_many_nodes": "The document has {count} nodes; the limit is {limit}.",
    "graph.too_deep": "Groups or frames stand {depth} deep in each other; the limit is {limit}.",
    "graph.too_nested": "Arrays and objects stand more than {limit} deep in each other.",
    # Ids
    "graph.bad_id": "{id} cannot be the id of a {what}: use 1 to 100 characters, none of / [ ] : or a control character.",
    "graph.duplicate_id": "Two {what}s have the id {id}.",
    # Kinds
    "graph.unknown_kind": "No node of kind {kind} is installed here; the node is kept but cannot run.",
    "graph.kind_newer": "The node was saved by version {version} of {kind}; only version {known} is installed here.",
    "graph.kind_older": "The node was saved by version {version} of {kind}; version {known} reads it with its values as they are.",
    "graph.kind_deprecated": "{kind} is deprecated: {instead}",
    "graph.migration_failed": "The values saved by version {version} of {kind} could not be brought to version {to}.",
    # A node's settings
    "graph.missing_input": "{port} needs a wire or a value.",
    "graph.wrong_value": "{port} needs {expected}, but its value is {got}.",
    "graph.unknown_value": "There is a value for {port}, but the node has no such input.",
    "graph.bad_setting": "{setting} must be {expected}.",
    "graph.bad_dynamic_port": "Entry {index} of {setting} is no port, or its id is taken.",
    "graph.unknown_pin": "{port} is pinned, but the node has no such output.",
    "graph.wrong_pin": "The pinned value of {port} is {got}, but the output gives {expected}.",
    # Wires
    "graph.dangling_wire": "The {end} of the wire is missing: there is no node {node}.",
    "graph.unknown_output": "{node} has no output {port}.",
    "graph.unknown_input": "{node} has no input {port}.",
    "graph.several_wires": "{port} takes one wire, but has {count}.",
    "graph.wire_type": "{source_type} does not fit into {target_type}.",
    "graph.list_into_one": "A list does not fit into one {target_type}. Map over it: the node then runs once per item.",
    "graph.each_of_one": "There is nothing to map over: {source_type} is not a list.",
    "graph.cycle": "These nodes feed each other in a circle: {cycle}.",
    # Groups, Map and Loop
    "graph.group_unset": "No group or workflow is chosen.",
    "graph.group_missing": "The group {group} does not exist.",
    "graph.workflow_missing": "The workflow {workflow} (version {version}) does not exist or is not yours.",
    "graph.group_recursion": "These groups contain each other: {cycle}.",
    "graph.too_many_expanded": "With all groups unfolded there are {count} nodes; the limit is {limit}.",
    "graph.reserved_port": "The group has an input {port}, which is the name of a setting of this node; rename the input.",
    "graph.no_such_inner_input": "{setting} names the input {port}, which the group does not have.",
    "graph.no_such_inner_output": "{setting} names the output {port}, which the group does not have.",
    "graph.map_over_nothing": "Nothing is mapped over: wire a list to an input, or choose an input to map.",
    "graph.while_type": "The loop's condition must be a boolean; {port} is {got}.",
    "graph.carried_type": "{output} is {source_type}, which does not fit into {input} of the next round ({target_type}).",
    "graph.carried_twice": "{port} is carried twice.",
    # Interface and frames
    "graph.output_unfed": "Nothing is wired to the output {port}.",
    "graph.output_twice": "The output {port} is fed {count} times.",
    "graph.frame_missing": "The frame {frame} does not exist.",
    "graph.frame_cycle": "These frames contain each other: {cycle}.",
    # Failures of verbs
    "graph.invalid": "The workflow cannot run: {count} problem(s).",
    "graph.convert": "This needs {to}, but got {got}.",
    "graph.edit_missing": "There is no {what} {id}.",
    "graph.edit_taken": "There is already a {what} {id}.",
    "graph.edit_circle": "These nodes cannot become a group: {id} stands outside, but between them.",
    "graph.edit_nothing": "There is nothing here that can become a group.",
    "graph.edit_no_group": "{id} is no group that can be unfolded here.",
    "graph.edit_not_plain": "{id} cannot be unfolded: it has {what} of its own.",
}
"""Code -> sentence; what stands in braces is in the problem's `params`."""

WARNINGS = frozenset({"graph.kind_older", "graph.kind_deprecated", "graph.unknown_value", "graph.output_unfed", "graph.unknown_pin"})
"""Codes that do not keep a graph from running."""


def problem(code: str, place: dict[str, str] | None = None, **params: Any) -> Problem:
    """Return the problem with this code, worded in English."""
    level = "warning" if code in WARNINGS else "error"
    return Problem(code=code, message=sentence(code, **params), level=level, place=place or {}, params=params)


def sentence(code: str, **params: Any) -> str:
    """Return the English sentence of a code. A list is joined by arrows, as in a path."""
    return CODES[code].format(**{name: " → ".join(value) if isinstance(value, list) else value for name, value in params.items()})
