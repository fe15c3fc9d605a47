"""The failures of a deployment; every one has a code, a sentence and a hint."""

from comfytavern.kernel.errors import Failure


class DeployFailed(Failure):
    """A step failed. `params` name the host and the step."""


class Refused(Failure):
    """Something would not be safe, so it was not begun."""


class Locked(Failure):
    """Another deployment holds a host; `params["holder"]` is who."""


class Aborted(Failure):
    """The new release was judged by its metrics and taken back."""
