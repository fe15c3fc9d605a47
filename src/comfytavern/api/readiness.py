"""Whether people may be sent here, check by check."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Final, Literal

from comfytavern.api.drain import Drain
from comfytavern.kernel.errors import Failure

CHECK_TIMEOUT_S: Final = 5.0
Checks = Mapping[str, Callable[[], Awaitable[None]]]
Verdict = Literal["ready", "draining", "unready"]


async def look(checks: Checks, drain: Drain) -> tuple[Verdict, dict[str, str]]:
    """Return the verdict, and for each check `ok` or what is wrong: a sentence of ours, or the name of what else went wrong."""
    results = await asyncio.gather(*(_outcome(check) for check in checks.values()))
    found = dict(zip(checks, results, strict=True))
    verdict = "unready" if any(result != "ok" for result in results) else "draining" if drain.active else "ready"
    return verdict, found | {"draining": "draining" if drain.active else "ok"}


async def _outcome(check: Callable[[], Awaitable[None]]) -> str:
    try:
        async with asyncio.timeout(CHECK_TIMEOUT_S):
            await check()
    except TimeoutError:
        return "timeout"
    except Failure as failure:
        return failure.sentence
    except Exception as error:  # noqa: BLE001 -- the answer is that it does not work, whatever the reason
        return type(error).__name__
    return "ok"
