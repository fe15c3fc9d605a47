"""Docker: the daemon starts a container again after a crash; comfytavern-boot.service does after the daemon was started."""

from __future__ import annotations

from typing import Any

from .containers import Containers


class Docker(Containers):
    """The docker of this host."""

    engine = "docker"

    def _log(self, options: dict[str, Any]) -> list[str]:
        """Docker begins a new file at that size and keeps so many."""
        opts = (f"max-size={int(options['log_mib'])}m", f"max-file={int(options['log_files'])}")
        return ["--log-driver", "json-file", *(word for opt in opts for word in ("--log-opt", opt))]


DRIVER = Docker
