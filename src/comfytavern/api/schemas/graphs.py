"""What the catalogue offers, and whether a graph may run."""

from comfytavern.api.schemas.common import Body, GraphJson, KindJson, ProblemJson, Reply


class Catalogue(Reply):
    """Every kind of node; `digest` changes when any of them does."""

    kinds: list[KindJson]
    digest: str


class ValidationRequest(Body):
    """A graph to look at."""

    graph: GraphJson


class Validation(Reply):
    """All its problems at once; it may run when none has level `error`."""

    problems: list[ProblemJson]
