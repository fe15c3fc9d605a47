"""deploy.toml: which hosts, how, and with what; parsed once into frozen values, every problem at once.

    spec = read(Path("deploy.toml"), target="staging")

A target ([target.NAME]) changes what stands above it; its `hosts`, when it has any, replace the others.
"""

import tomllib
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec

from comfytavern.deploy import form
from comfytavern.deploy.errors import Refused
from comfytavern.kernel.errors import Problem

Name = Annotated[str, msgspec.Meta(pattern="^[a-z0-9][a-z0-9-]{0,62}$")]
Port = Annotated[int, msgspec.Meta(ge=1, le=65535)]
Seconds = Annotated[float, msgspec.Meta(gt=0, le=86400)]
Percent = Annotated[int, msgspec.Meta(ge=1, le=100)]
Count = Annotated[int, msgspec.Meta(ge=1, le=1000)]
Folder = Annotated[str, msgspec.Meta(pattern="^(/[A-Za-z0-9._+@-]+)+$")]
"""A path that means itself wherever it is written: in nginx, in a unit, in supervisord's file."""
Domain = Annotated[str, msgspec.Meta(pattern="^([A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?)?$")]
Variable = Annotated[str, msgspec.Meta(pattern="^[A-Z][A-Z0-9_]*$")]
Source = Annotated[str, msgspec.Meta(pattern="^(file|cmd|env):.+")]
IMAGE = r"[a-z0-9][a-z0-9._/:-]{0,255}(@sha256:[0-9a-f]{64})?"
"""Name of an image: registry, path, tag or digest."""
SQLITE, POSTGRESQL = "sqlite", "postgresql"


class Ssh(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How the hosts are reached; each host can say otherwise."""

    user: str = "root"
    """Who logs in."""
    port: Port = 22
    """Port of sshd."""
    key: str = ""
    """Private key file. Empty: the keys of the ssh agent, then the usual files in ~/.ssh."""
    agent: bool = True
    """Use the keys of the ssh agent (SSH_AUTH_SOCK)."""
    known_hosts: str = "~/.ssh/known_hosts"
    """File with the host keys. A host whose key is not in it is never talked to."""
    jump: str = ""
    """Host on the way, `user@host:port`, whose key is in `known_hosts` too."""
    sudo: bool = False
    """Run the agent by `sudo -n`: for a user who is not root."""


class Machine(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One host."""

    address: str
    """Name or IP address."""
    user: str | None = None
    """Instead of `ssh.user`."""
    port: Port | None = None
    """Instead of `ssh.port`."""
    key: str | None = None
    """Instead of `ssh.key`."""
    jump: str | None = None
    """Instead of `ssh.jump`."""
    sudo: bool | None = None
    """Instead of `ssh.sudo`."""


class Tls(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Certificate and key: files on the hosts."""

    certificate: Folder
    """PEM file with the certificate and its chain."""
    key: Folder
    """PEM file with the private key."""


class Strategy(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How the new release takes over from the old one."""

    name: Literal["replace", "rolling", "blue_green", "canary"] = "blue_green"
    """replace: all hosts, the old release is stopped at once. rolling: some hosts after the other. blue_green: all hosts at once, the
    old release stays warm. canary: a growing part of the users, judged by the app's own metrics."""
    bake_s: Annotated[float, msgspec.Meta(ge=0, le=86400)] = 600
    """How long the old release stays warm at least, for a rollback in a blink."""
    batch: Count = 1
    """Hosts at once (rolling)."""
    steps: tuple[Percent, ...] = (1, 5, 25, 50, 100)
    """Percent of the users on the new release, one step after the other (canary)."""
    step_s: Seconds = 30
    """Shortest time of a step (canary)."""
    hold_s: Seconds = 120
    """How long a step waits for enough requests or a clear answer before it is given up (canary)."""
    min_requests: Count = 50
    """Requests the new release must have answered in a step (canary)."""


class Deadlines(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How long things may take before they count as failed."""

    connect_s: Seconds = 10
    """Reaching a host and logging in."""
    send_s: Seconds = 600
    """Sending what a host lacks of a release."""
    install_s: Seconds = 120
    """Installing a release on a host."""
    migrate_s: Seconds = 600
    """Backup with its test, and the migration."""
    ready_s: Seconds = 60
    """From the start of the new release to ready."""
    steady_s: Annotated[float, msgspec.Meta(ge=0, le=3600)] = 3
    """How long a release that never served is watched for a crash or a leak, once it is ready, before anybody is sent to it."""
    drain_s: Annotated[float, msgspec.Meta(ge=0, le=3600)] = 120
    """Ending of what the old release still works on, before it is stopped."""


class Database(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where the data is; without it, SQLite in the shared folder of the one host."""

    url: Source
    """Where DATABASE_URL comes from: `file:PATH`, `cmd:COMMAND ARGUMENTS` or `env:NAME`."""


class Notify(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who is told how `deploy apply` and `deploy rollback` ended. Addresses are secrets, given by where they come from (`env:NAME`)."""

    slack: Source | None = None
    """Address of a Slack webhook, or of what speaks its form."""
    webhook: Source | None = None
    """Address that gets the notice as JSON."""
    webhook_key: Source | None = None
    """Key the notice is signed with (HMAC-SHA256, header `X-ComfyTavern-Signature`)."""
    mail: Source | None = None
    """Mail server: `smtp://USER:PASSWORD@HOST:587` (STARTTLS), `smtps://…:465` (TLS), or `smtp+plain://localhost:25`."""
    mail_from: str = ""
    """Who writes."""
    mail_to: tuple[str, ...] = ()
    """Mailboxes it goes to."""
    events: tuple[Literal["deployed", "failed", "rolled_back"], ...] = ("deployed", "failed", "rolled_back")
    """What is told."""
    deadline_s: Annotated[float, msgspec.Meta(gt=0, le=300)] = 20
    """How long the telling may take; a deployment that could not be told has not failed."""


class Container(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a slot runs in, with `driver = "podman"` or `"docker"`."""

    image: Annotated[str, msgspec.Meta(pattern=f"^({IMAGE})?$")] = ""
    """Image in a registry. Of `registry.example.org/team/comfytavern` the tag of the release is pulled, its `+` written as `_`;
    `…@sha256:…` is pulled as it is. Empty: each host makes the image itself, from the release and `base`."""
    base: Annotated[str, msgspec.Meta(pattern=f"^{IMAGE}$")] = "python:3.11-slim-bookworm"
    """Image with a Python of the release's version, to which a host adds the release. Pulled where it is missing."""
    base_archive: Annotated[str, msgspec.Meta(pattern="^((/[A-Za-z0-9._+@-]+)+)?$")] = ""
    """File on the hosts, made by `docker save` or `podman save`, that is loaded where `base` is missing: for hosts without a registry."""
    network: Name = "host"
    """Network of the container. None is needed to reach the app, which has a unix socket; on `host` it reaches a database of the host."""
    memory_mib: Annotated[int, msgspec.Meta(ge=0, le=1 << 20)] = 0
    """Memory of one slot; two slots run during the bake time. 0: no limit."""
    cpus: Annotated[float, msgspec.Meta(ge=0, le=1024)] = 0
    """Processors of one slot. 0: no limit."""
    pids: Annotated[int, msgspec.Meta(ge=0, le=1 << 22)] = 4096
    """Processes and threads of one slot. 0: no limit."""
    files: Annotated[int, msgspec.Meta(ge=0, le=1 << 20)] = 65536
    """Files and connections that one slot may have open. 0: as many as the engine says."""
    log_mib: Annotated[int, msgspec.Meta(ge=1, le=10240)] = 50
    """Size at which the log is begun anew."""
    log_files: Annotated[int, msgspec.Meta(ge=1, le=100)] = 5
    """Files of that size that are kept (docker; podman keeps one)."""


class Layout(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What can be said of an installation; the same in [target.NAME]."""

    name: str = "comfytavern"
    """What this installation is called in messages."""
    domain: Domain = ""
    """Name of the site. Empty: any name."""
    root: Folder = "/srv/comfytavern"
    """Folder on the hosts for everything."""
    user: Name = "comfytavern"
    """System user of the app on the hosts."""
    driver: Literal["systemd", "supervisord", "pm2", "podman", "docker"] = "systemd"
    """Process manager of the hosts."""
    http_port: Port = 80
    """Port of nginx without TLS."""
    https_port: Port = 443
    """Port of nginx with TLS."""
    upload_mib: Annotated[int, msgspec.Meta(ge=1, le=10240)] = 256
    """Largest upload."""
    ipv6: Literal["auto", "on", "off"] = "auto"
    """Whether nginx listens on IPv6 too. auto: on each host that has it (one whose kernel has it switched off could not start nginx).
    on: a host without it is refused. off: IPv4 only."""
    brotli: bool = False
    """Send the `.br` files. nginx needs its module brotli_static: `host prepare --package libnginx-mod-http-brotli-static` on Debian 12."""
    keep: Annotated[int, msgspec.Meta(ge=2, le=100)] = 5
    """Releases kept on a host; those in use and the last good one always stay."""
    signers: str = ""
    """File of allowed signers (`ssh-keygen`, ALLOWED SIGNERS). When given, only signed releases are taken."""
    ssh: Ssh = Ssh()
    """How the hosts are reached."""
    hosts: dict[Name, Machine] = {}
    """The hosts, by the name they have in messages."""
    tls: Tls | None = None
    """HTTPS. Without it the site is plain HTTP: for a proxy in front, or a test."""
    strategy: Strategy = Strategy()
    """How the new release takes over."""
    deadlines: Deadlines = Deadlines()
    """How long things may take."""
    database: Database | None = None
    """PostgreSQL, needed for more than one host."""
    container: Container = Container()
    """What a slot runs in, for the drivers podman and docker."""
    env: dict[Variable, str | int | float | bool] = {}
    """Settings of the app that are no secrets."""
    secrets: dict[Variable, Source] = {}
    """Where the secret settings come from; values never stand in this file, a plan, a log or an argument."""
    notify: Notify | None = None
    """Who is told how it ended."""


class Spec(Layout, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A whole deploy.toml."""

    target: dict[Name, Layout] = {}
    """Other environments, such as staging: each says what differs."""

    def machine(self, name: str) -> Machine:
        """Return a host with everything filled in from `ssh`."""
        host, ssh = self.hosts[name], self.ssh
        filled = {
            field: getattr(host, field) if getattr(host, field) is not None else getattr(ssh, field)
            for field in ("user", "port", "key", "jump", "sudo")
        }
        return msgspec.structs.replace(host, **filled)

    def secret_sources(self) -> dict[str, str]:
        """Return where each secret comes from, the database's address among them."""
        return dict(self.secrets) | ({"DATABASE_URL": self.database.url} if self.database else {})


def read(path: Path, target: str = "") -> Spec:
    """Return what a file says about one of its targets. Raises `Refused` (`deploy.spec`) with every problem, each with its line."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        sentence = f"{path} cannot be read: {reason}."
        raise Refused("deploy.spec_unreadable", sentence, hint="Name the file with --file; see docs/reference/deploy-toml.md.") from error
    return parse(text, str(path), target)


def parse(text: str, name: str = "deploy.toml", target: str = "") -> Spec:
    """Return what the text of a file called `name` says. Raises `Refused` as `read` does."""
    try:
        tree = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise Refused("deploy.spec", f"{name} is not TOML: {error}.", hint="See docs/reference/deploy-toml.md.") from error
    problems = form.problems(tree, Spec, text)
    chosen = tree if problems else _chosen(tree, target, text, problems)
    if not problems:
        problems = _sense(chosen, text)
    if problems:
        sentence = f"{name} has {len(problems)} problem{'s' if len(problems) > 1 else ''}."
        raise Refused("deploy.spec", sentence, hint="See docs/reference/deploy-toml.md.").with_problems(problems)
    return msgspec.convert(chosen, Spec)


def _chosen(tree: dict[str, Any], target: str, text: str, problems: list[Problem]) -> dict[str, Any]:
    """Return the tree of one target: what stands above, with what the target says over it."""
    base = {key: value for key, value in tree.items() if key != "target"}
    targets: dict[str, Any] = tree.get("target", {})
    if not target:
        return base
    if target not in targets:
        known = ", ".join(sorted(targets)) or "none"
        problems.append(form.problem(("target", target), text, f"there is no target {target} (there is: {known})"))
        return base
    return {key: value for key, value in base.items() if key != "hosts" or "hosts" not in targets[target]} | _over(base, targets[target])


def _over(base: dict[str, Any], above: dict[str, Any]) -> dict[str, Any]:
    """Return `above`, its tables (but `hosts`) filled up from `base`."""
    return {key: {**base.get(key, {}), **value} if isinstance(value, dict) and key != "hosts" else value for key, value in above.items()}


def _sense(tree: dict[str, Any], text: str) -> list[Problem]:
    """Return what is well formed and still makes no sense."""
    spec = msgspec.convert(tree, Spec)
    found: list[Problem] = []
    if not spec.hosts:
        found.append(form.problem(("hosts",), text, "there is no host; write [hosts.NAME] with an address"))
    steps = spec.strategy.steps
    if list(steps) != sorted(set(steps)) or not steps or steps[-1] != 100:
        found.append(form.problem(("strategy", "steps"), text, "steps must grow and end with 100"))
    found += [
        form.problem(("secrets", name), text, f"{name} stands in env too; keep one") for name in sorted(spec.secrets) if name in spec.env
    ]
    if "DATABASE_URL" in spec.env or (spec.database and "DATABASE_URL" in spec.secrets):
        found.append(form.problem(("env", "DATABASE_URL"), text, "DATABASE_URL can hold a password: give its source as database.url"))
    if spec.notify and spec.notify.mail and not (spec.notify.mail_from and spec.notify.mail_to):
        found.append(form.problem(("notify", "mail"), text, "mail needs mail_from and mail_to"))
    addresses = [(host.address, host.port) for host in spec.hosts.values()]
    if len(set(addresses)) < len(addresses):
        found.append(form.problem(("hosts",), text, "two hosts have the same address"))
    return found
