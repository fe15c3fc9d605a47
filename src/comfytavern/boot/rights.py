"""Who may use which files: one's own, everybody's shared ones, and those of one's own projects."""

from comfytavern.files.paths import Place
from comfytavern.kernel.errors import NotFound
from comfytavern.projects.service import Projects


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
