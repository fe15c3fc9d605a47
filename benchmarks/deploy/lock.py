"""Fifty contenders for the lock of one real machine, twenty rounds; and late holders who are turned away.

    python benchmarks/deploy/lock.py

Prints one JSON line: `holders` (how many rounds had so many holders: only `1` is right), `stale_refused` of `stale_tried` steps of
holders whose time was over, `takeover_s` (from the last heartbeat until another got the lock). Needs root and the lab.
"""

import argparse
import json
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from comfytavern.deploy.agent.lock import TTL_S  # noqa: E402 -- the line above makes a script of this file
from comfytavern.deploy.agent.verbs import CHANGES, VERBS  # noqa: E402 -- as above
from tests.lab import ground  # noqa: E402 -- the line above makes a script of this file
from tests.lab.fleet import Fleet  # noqa: E402 -- as above
from tests.lab.installation import PLACE, Installation  # noqa: E402 -- as above
from tests.lab.machine import Machine  # noqa: E402 -- as above

AGENT: Final = f"python3 -IS {PLACE}/bin/ctd.pyz --root {PLACE}"
RACE: Final = """
cd "$(mktemp -d)"
for i in $(seq CONTENDERS); do
  ( while [ ! -e go ]; do sleep 0.01; done
    AGENT lock_acquire '{"owner":{"user":"u","host":"h","pid":'$i',"deploy":"dep_'$i'"},"ttl_s":TTL}' > $i 2>&1 ) &
done
sleep 0.3; touch go; wait
cat [0-9]*
"""
STEPS: Final = tuple(sorted(verb for verb, (_, kind) in VERBS.items() if kind == CHANGES))
"""Every step that changes a machine."""


def ask(machine: Machine, command: str) -> dict[str, Any]:
    """Have the agent do something; return its last line."""
    return json.loads(machine.run(f"{AGENT} {command}", check=False).strip().splitlines()[-1])


def race(machine: Machine, contenders: int, ttl_s: float) -> list[int]:
    """Let so many ask at once; return the fences of those who got the lock."""
    script = RACE.replace("CONTENDERS", str(contenders)).replace("AGENT", AGENT).replace("TTL", str(ttl_s))
    answers = [json.loads(line) for line in machine.run(script, timeout_s=120).splitlines() if line.startswith('{"ok"')]
    if len(answers) != contenders:
        raise SystemExit(f"{contenders - len(answers)} contenders gave no answer")
    return [answer["value"]["fence"] for answer in answers if answer["ok"]]


def stale(machine: Machine, fence: int, steps: tuple[str, ...] = STEPS) -> int:
    """Return how many of some steps, each asked for with and without an id, are refused to a holder whose time is over."""
    late = f"{AGENT} --fence {fence}"
    script = f"for verb in {' '.join(steps)}; do {late} $verb; {late} --step late $verb; done; true"
    return sum(json.loads(line).get("code") == "deploy.fenced" for line in machine.run(script, timeout_s=300).splitlines())


def takeover_s(machine: Machine, ttl_s: float) -> float:
    """Return how long a dead holder keeps the lock."""
    owner = '{"owner":{"user":"u","host":"h","pid":%d,"deploy":"dep_%d"},"ttl_s":%g}'
    ask(machine, f"lock_acquire '{owner % (1, 1, ttl_s)}'")
    begun = time.monotonic()
    while not ask(machine, f"lock_acquire '{owner % (2, 2, ttl_s)}'")["ok"]:
        time.sleep(0.05)
    return time.monotonic() - begun


def main(contenders: int, rounds: int) -> dict[str, Any]:
    """Do it all and return the line to print."""
    if reason := ground.why_not():
        raise SystemExit(reason)
    holders: Counter[int] = Counter()
    refused = tried = late = 0
    with tempfile.TemporaryDirectory() as folder, Fleet(1) as fleet:
        Installation(fleet, Path(folder)).prepare()
        machine = fleet.machines[0]
        for at in range(rounds):
            fences = race(machine, contenders, 30)
            holders[len(fences)] += 1
            print(f"lock: round {at + 1}: {len(fences)} holder, fence {fences}", file=sys.stderr, flush=True)
            ask(machine, 'lock_break \'{"reason":"the next round"}\'')
            late = max(fences, default=0)
            tried += 2
            refused += stale(machine, late, ("commit",))
        took_s = takeover_s(machine, TTL_S)
        tried += 2 * len(STEPS)
        refused += stale(machine, late + 2)
    told = {str(count): times for count, times in holders.items()}
    return {
        "contenders": contenders,
        "rounds": rounds,
        "holders": told,
        "stale_tried": tried,
        "stale_refused": refused,
        "takeover_s": round(took_s, 2),
    }


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--contenders", type=int, default=50)
    parser.add_argument("--rounds", type=int, default=20)
    given = parser.parse_args()
    line = main(given.contenders, given.rounds)
    print(json.dumps(line))
    sys.exit(line["holders"] != {"1": given.rounds} or line["stale_refused"] != line["stale_tried"] or line["takeover_s"] > 30)
