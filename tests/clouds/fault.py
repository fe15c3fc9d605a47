"""What a fake cloud can be told to do wrong."""

from enum import Enum


class Fault(Enum):
    """One thing at a time."""

    NONE = "none"
    DENIED = "denied"
    MISSING = "missing"
    THROTTLED = "throttled"
    SLOW = "slow"
    MALFORMED = "malformed"
    EXPIRED = "expired"
    BROKEN = "broken"
    DISABLED = "disabled"
