"""Bodies that use bodies: no recursion, not too deep, not too many nodes once unfolded."""

from collections import Counter
from collections.abc import Iterator, Mapping

from comfytavern.graph.bodies import USES_A_BODY
from comfytavern.graph.checks.scope import Scope
from comfytavern.graph.document import DEPTH_MAX, EXPANDED_MAX
from comfytavern.graph.nesting import heights
from comfytavern.graph.order import cycles_of
from comfytavern.graph.problems import problem
from comfytavern.kernel.errors import Problem


def uses(scope: Scope) -> Counter[str]:
    """Return how often each other scope is used in this one, by its key."""
    counts: Counter[str] = Counter()
    for node in scope.body.nodes:
        kind = scope.kind(node)
        if kind is not None and kind.control in USES_A_BODY and (used := scope.used(node)) is not None:
            counts[scope.inner_key(used)] += 1
    return counts


def check_groups(scopes: Mapping[str, Scope]) -> Iterator[Problem]:
    """The document unfolds into a finite, bearable number of nodes."""
    used = {key: uses(scope) for key, scope in scopes.items()}
    inner = {key: [name for name in counts if name in used] for key, counts in used.items()}
    for cycle in cycles_of(inner):
        yield problem("graph.group_recursion", scopes[cycle[0]].place(), cycle=[*cycle, cycle[0]])
    height = heights({key: set(names) for key, names in inner.items()})
    if height.get("", 0) > DEPTH_MAX:
        yield problem("graph.too_deep", depth=height[""], limit=DEPTH_MAX)
    count: dict[str, int] = {}
    for key in sorted(height, key=height.__getitem__):
        count[key] = len(scopes[key].body.nodes) + sum(count[name] * used[key][name] for name in inner[key])
    if count.get("", 0) > EXPANDED_MAX:
        yield problem("graph.too_many_expanded", count=count[""], limit=EXPANDED_MAX)
