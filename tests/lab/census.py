"""Who is on which release: many clients, each asked for the web app and the API it gets, as it would be in a browser.

python -m tests.lab.census 10.77.0.11 80 comfy.lab /api/ping 2000   < cookies, if any, as it printed them before
"""

import http.client
import json
import sys
from collections import Counter
from collections.abc import Mapping, Sequence

Seen = tuple[str, str, str]
"""The bucket of a client, the release of its web app, and that of its API."""


def visit(address: str, port: int, site: str, api: str, count: int, buckets: Sequence[str] = ()) -> list[Seen]:
    """Return what each of so many clients gets; those without a bucket come for the first time."""
    wire = http.client.HTTPConnection(address, port, timeout=30)
    try:
        return [_one(wire, site, api, number, buckets[number] if buckets else "") for number in range(count)]
    finally:
        wire.close()


def _one(wire: http.client.HTTPConnection, site: str, api: str, number: int, bucket: str) -> Seen:
    headers = {"Host": site, "User-Agent": f"client {number}"}
    if not bucket:
        stranger = _released(*_get(wire, api, headers))
        given, _ = _get(wire, "/", {**headers, "Accept": "text/html"})
        bucket = given["set-cookie"].partition("ct_bucket=")[2][:2]
    else:
        stranger = ""
    headers["Cookie"] = f"ct_bucket={bucket}"
    web, there = _released(*_get(wire, "/version.json", headers)), _released(*_get(wire, api, headers))
    assert stranger in {"", there}, f"client {number} was on {stranger} before it had a cookie, then on {there}"
    return bucket, web, there


def _get(wire: http.client.HTTPConnection, path: str, headers: Mapping[str, str]) -> tuple[Mapping[str, str], bytes]:
    wire.request("GET", path, headers=dict(headers))
    answer = wire.getresponse()
    body = answer.read()
    assert answer.status == 200, f"{path}: {answer.status}"
    return {name.lower(): value for name, value in answer.getheaders()}, body


def _released(headers: Mapping[str, str], body: bytes) -> str:
    return headers.get("x-comfytavern-release") or json.loads(body)["release"]


def share(seen: Sequence[Seen], release: str) -> float:
    """Return the percentage of clients that are on a release."""
    return 100 * Counter(there for _, _, there in seen)[release] / len(seen)


def problems(seen: Sequence[Seen], release: str, percent: int, before: Sequence[Seen] = ()) -> list[str]:
    """Return what is wrong: the weight, a client with a web app and an API of two releases, one that changed its bucket or went back."""
    wrong: list[str] = []
    if abs(share(seen, release) - percent) > 1.5:
        wrong.append(f"{share(seen, release):.2f} % instead of {percent} %")
    wrong += [f"client {number} has the web app of {web} and the API of {api}" for number, (_, web, api) in enumerate(seen) if web != api]
    for number, ((old_bucket, _, old), (bucket, _, new)) in enumerate(zip(before, seen, strict=False)):
        if old_bucket != bucket or (old == release != new):
            wrong.append(f"client {number} went from {old} (bucket {old_bucket}) to {new} (bucket {bucket})")
    return wrong


if __name__ == "__main__":
    given = json.loads(sys.stdin.read() or "[]")
    words = sys.argv[1:]
    sys.stdout.write(json.dumps(visit(words[0], int(words[1]), words[2], words[3], int(words[4]), given)))
