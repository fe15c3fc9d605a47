"""Which language to answer in, where the server's own words are part of what it makes."""

from collections.abc import Iterable, Sequence

RANGES_MAX = 20


def preferred(wishes: Iterable[object], offered: Sequence[str]) -> str:
    """Return the offered tag that fits the first wish which fits any; the first offered one when none does.

    A wish is a tag or the value of an `Accept-Language` header; what is neither (a preference may be anything) fits nothing.
    """
    for wish in wishes:
        for tag in _ranges(wish) if isinstance(wish, str) else []:
            if (found := _match(tag, offered)) is not None:
                return found
    return offered[0]


def _ranges(header: str) -> list[str]:
    """Return the tags of a header, the most wanted first, without those that are not wanted at all."""
    weighed = [(tag.strip().lower(), _quality(more)) for tag, _, more in (part.partition(";") for part in header.split(",")[:RANGES_MAX])]
    return [tag for tag, quality in sorted(weighed, key=lambda pair: -pair[1]) if tag and quality > 0]


def _quality(parameter: str) -> float:
    name, _, value = parameter.strip().partition("=")
    try:
        return float(value) if name == "q" else 1.0
    except ValueError:
        return 0.0


def _match(tag: str, offered: Sequence[str]) -> str | None:
    """Return the same tag, else the first offered one of the same language."""
    same = [offer for offer in offered if offer.lower() == tag]
    akin = [offer for offer in offered if offer.lower().partition("-")[0] == tag.partition("-")[0]]
    return next(iter([*same, *akin]), None)
