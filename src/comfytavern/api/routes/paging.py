"""The query of every list."""

from typing import Annotated

from fastapi import Query

from comfytavern.kernel.paging import LIMIT_MAX

Cursor = Annotated[str | None, Query(max_length=500, description="`next` of the page before.")]
Limit = Annotated[int, Query(ge=1, le=LIMIT_MAX, description="At most so many items.")]
