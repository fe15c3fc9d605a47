"""The page on HTTP and the socket names what there is, and nothing else."""

import json
import re
from pathlib import Path

import msgspec

from comfytavern.api import wishes

ROOT = Path(__file__).resolve().parents[3]
PAGE = (ROOT / "docs" / "reference" / "http-api.md").read_text(encoding="utf-8")
METHODS = ("get", "post", "put", "patch", "delete")


def test_every_route_stands_in_the_reference_and_no_other() -> None:
    paths = json.loads((ROOT / "schemas" / "openapi.json").read_text(encoding="utf-8"))["paths"]
    routes = {(method.upper(), path) for path, methods in paths.items() for method in methods if method in METHODS}
    assert set(re.findall(r"^\| `([A-Z]+)` \| `([^`]+)` \|", PAGE, re.MULTILINE)) == routes


def test_every_message_of_a_client_stands_there_with_its_members() -> None:
    table = PAGE.split("| The client says |")[1].split("\n\n")[0]
    rows = {row[0]: set(row) - {row[0]} for line in table.splitlines()[2:] if (row := re.findall(r"`(\w+)`", line.rsplit("|", 2)[0]))}
    kinds = (wishes.Start, wishes.Watch, wishes.Unwatch, wishes.Cancel, wishes.Answer, wishes.Ping)
    assert rows == {str(kind.__struct_config__.tag): {field.name for field in msgspec.structs.fields(kind)} - {"body"} for kind in kinds}


def test_every_message_of_the_server_stands_there() -> None:
    said = re.findall(r'"type": "(\w+)"', (ROOT / "src" / "comfytavern" / "api" / "socket.py").read_text(encoding="utf-8"))
    table = PAGE.split("| The server says |")[1].split("\n\n")[0]
    assert set(re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE)) == set(said)
