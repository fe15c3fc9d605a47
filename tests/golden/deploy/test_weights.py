"""A weight is what it says: by a real nginx on the links of the agent, for two thousand clients."""

import json
from pathlib import Path

import pytest

from tests.golden.deploy.front import DOMAIN, NGINX, RELEASES, Front
from tests.lab.census import Seen, problems, share, visit

pytestmark = pytest.mark.skipif(not Path(NGINX).exists(), reason="there is no nginx on this box (tools/services.sh)")
CLIENTS = 2000
CANARY = RELEASES["green"]


def test_weights_hold_stay_and_grow_and_nobody_has_two_releases() -> None:
    seen: list[Seen] = []
    with Front() as front:
        for release in RELEASES.values():
            (Path(front.paths.release(release)) / "web/version.json").write_text(json.dumps({"release": release}))
        for percent in (10, 25):
            front.weigh(percent)
            now = visit("127.0.0.1", front.port, DOMAIN, "/version", CLIENTS, [bucket for bucket, _, _ in seen])
            assert problems(now, CANARY, percent, before=seen) == []
            seen = now
        front.weigh(25)
        assert visit("127.0.0.1", front.port, DOMAIN, "/version", CLIENTS, [bucket for bucket, _, _ in seen]) == seen, "the same for ever"
        front.weigh(0)
        back = visit("127.0.0.1", front.port, DOMAIN, "/version", 200, [bucket for bucket, _, _ in seen])
        assert share(back, CANARY) == 0, "taken back for all"


def test_the_census_sees_what_is_wrong() -> None:
    """An instrument that cannot show a fault proves nothing by showing none."""
    good = [("07", "new", "new")] * 10 + [("50", "old", "old")] * 90
    assert problems(good, "new", 10) == []
    assert problems(good, "new", 12) == ["10.00 % instead of 12 %"]
    assert problems([("07", "old", "new"), *good[1:]], "new", 10) == ["client 0 has the web app of old and the API of new"]
    assert problems([*good[:9], ("07", "old", "old"), ("50", "new", "new"), *good[11:]], "new", 10, before=good) == [
        "client 9 went from new (bucket 07) to old (bucket 07)"
    ]
    assert problems([("08", "new", "new"), *good[1:]], "new", 10, before=good) == ["client 0 went from new (bucket 07) to new (bucket 08)"]
