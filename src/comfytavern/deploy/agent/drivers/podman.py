"""Podman: nobody in the background; a monitor beside each container starts it again after a crash."""

from __future__ import annotations

from typing import Any

from .containers import Containers


class Podman(Containers):
    """Root's podman."""

    engine = "podman"
    own = ("--systemd", "false")

    def _log(self, options: dict[str, Any]) -> list[str]:
        """Podman keeps one file, which it begins anew at that size."""
        return ["--log-driver", "k8s-file", "--log-opt", f"max-size={int(options['log_mib'])}mb"]


DRIVER = Podman
