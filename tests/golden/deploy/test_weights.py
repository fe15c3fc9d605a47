"""The weights of a canary through a real nginx: as many people as were meant, each always in the same place, page and app together."""

import http.client
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.golden.deploy.front import DOMAIN, NGINX, RELEASES, Front

pytestmark = [pytest.mark.slow, pytest.mark.skipif(not Path(NGINX).exists(), reason="there is no nginx on this box (tools/services.sh)")]
PEOPLE = [f"person {number}" for number in range(2000)]
POINTS = 1.5


class Crowd:
    """People who come again and again, over a few kept connections."""

    def __init__(self, front: Front) -> None:
        self._connection = front.connect()

    def page(self, person: str, bucket: str = "") -> tuple[str, str]:
        """Return the release of the page that somebody gets, and the bucket they are put into."""
        body, headers = self._ask("/", person, bucket)
        release = body.decode().removeprefix("<html>").removesuffix("</html>")
        return release, headers["Set-Cookie"].partition("ct_bucket=")[2][:2]

    def app(self, person: str, bucket: str = "") -> str:
        """Return the release of the app that answers them."""
        return next(name for name in RELEASES.values() if name.encode() in self._ask("/version", person, bucket)[0])

    def _ask(self, path: str, person: str, bucket: str) -> tuple[bytes, http.client.HTTPMessage]:
        cookie = {"Cookie": f"ct_bucket={bucket}"} if bucket else {}
        self._connection.request("GET", path, headers={"Host": DOMAIN, "User-Agent": person, **cookie})
        answer = self._connection.getresponse()
        assert answer.status == 200
        return answer.read(), answer.headers

    def close(self) -> None:
        self._connection.close()


@pytest.fixture(scope="module")
def front() -> Iterator[Front]:
    with Front() as front:
        yield front


@pytest.fixture
def crowd(front: Front) -> Iterator[Crowd]:
    crowd = Crowd(front)
    yield crowd
    crowd.close()


def test_weights_are_met_and_more_percent_take_nobody_back(front: Front, crowd: Crowd) -> None:
    """deploy.md, number 5: within 1.5 points on 2,000 people, all of them sticky, none moved back by a greater weight."""
    buckets: dict[str, str] = {}
    before: set[str] = set()
    for percent in (10, 25):
        front.weigh(percent)
        moved: set[str] = set()
        for person in PEOPLE:
            release, bucket = crowd.page(person)
            assert buckets.setdefault(person, bucket) == bucket, "the same person, the same bucket"
            assert release == RELEASES["green" if int(bucket) < percent else "blue"]
            if release == RELEASES["green"]:
                moved.add(person)
        share = 100 * len(moved) / len(PEOPLE)
        assert abs(share - percent) <= POINTS, f"{share:.2f} % instead of {percent} %"
        assert before <= moved
        before = moved


def test_page_and_app_are_of_one_release_with_and_without_the_cookie(front: Front, crowd: Crowd) -> None:
    front.weigh(50)
    for person in PEOPLE[:150]:
        release, bucket = crowd.page(person)
        assert crowd.app(person) == release, "who was never here, and keeps no cookies"
        assert (crowd.page(person, bucket), crowd.app(person, bucket)) == ((release, bucket), release)
        moved = f"{(int(bucket) + 50) % 100:02}"
        assert crowd.page("another browser", moved)[0] == crowd.app("another browser", moved) != release, "the cookie is stronger"


def test_a_change_of_weight_is_seen_by_the_next_request_on_a_kept_connection(front: Front, crowd: Crowd) -> None:
    """No reload: the connection stays, and where it leads is looked up anew."""
    for percent, slot in ((0, "blue"), (100, "green"), (0, "blue"), (1, "green")):
        front.weigh(percent)
        assert crowd.page("somebody", "00")[0] == crowd.app("somebody", "00") == RELEASES[slot]
