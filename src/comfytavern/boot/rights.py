"""Who may use which files (one's own, everybody's shared ones, those of one's own projects), and who is the owner."""

from collections.abc import Awaitable, Callable

from comfytavern.accounts.user import Role
from comfytavern.files.paths import Place
from comfytavern.kernel.errors import NotFound
from comfytavern.projects.service import Projects
from comfytavern.store.accounts import SqlUsers
from comfytavern.store.database import Database


class ProjectRights:
    """The files room's `Rights`, answered by the projects room."""

    def __init__(self, projects: Projects) -> None:
        """Ask `projects` who owns a project."""
        self._projects = projects

    async def may(self, owner: str, place: Place, /, *, write: bool) -> bool:  # noqa: ARG002 -- the port's form
        """Return whether `owner` may read (or write) there; a project in the trash keeps its files, but nobody uses them."""
        if place.scheme != "project":
            return True
        try:
            return (await self._projects.project(owner, place.project)).trashed_at is None
        except NotFound:
            return False


def is_owner(database: Database) -> Callable[[str], Awaitable[bool]]:
    """Return who tells whether a user is the owner of this installation."""
    users = SqlUsers(database)

    async def tell(id: str) -> bool:
        found = await users.find(id=id)
        return found is not None and found.user.role is Role.OWNER

    return tell
