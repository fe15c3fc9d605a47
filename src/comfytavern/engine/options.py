"""What a run was asked for, beside its inputs."""

import msgspec


class Options(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a run was asked for, beside its inputs."""

    targets: list[str] | None = None
    run_from: str | None = None
    only: str | None = None
    mode: str = "finish"
    reuse: str = "never"
    session: str = ""
    again: bool = False
    deadline_s: float | None = None
