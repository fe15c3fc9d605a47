"""The failures of a deployment; every one has a code, a sentence and a hint."""

from comfytavern.kernel.errors import Failure


class DeployFailed(Failure):
    """A step failed. `params` name the host and the step; the old release still serves."""


class Refused(Failure):
    """Something would not be safe, so it was not begun."""
