"""Whether a typed-in value fits a port."""

from typing import Any

from comfytavern.graph.kinds import Port
from comfytavern.graph.types import Type, check


def value_fits(value: Any, port: Port) -> bool:
    """Return whether a value fits, by the same rule as a wire: as it is, a number or a boolean as text. A many-input takes a list."""
    if port.many and isinstance(value, list):
        return all(_fits(item, port.type) for item in value)
    return _fits(value, port.type)


def _fits(value: Any, type: Type) -> bool:
    return check(value, type) or (type is Type.STRING and (check(value, Type.FLOAT) or check(value, Type.BOOLEAN)))
