"""What `comfytavern doctor` looks at. A check returns what it found, or raises `Failure` with what to do; none changes anything."""

import os
import platform
import shutil
import sys
from collections.abc import Callable
from typing import Final

from comfytavern.boot.folders import FREE_BYTES_MIN, web_folder
from comfytavern.boot.listen import listen
from comfytavern.boot.secrets import FILE
from comfytavern.kernel.errors import Failure, Unavailable
from comfytavern.settings.settings import Settings
from comfytavern.store import dialect
from comfytavern.store.shape import state


def _data(settings: Settings) -> str:
    folder = next(path for path in (settings.data_dir.absolute(), *settings.data_dir.absolute().parents) if path.exists())
    if not os.access(folder, os.W_OK | os.X_OK):
        raise Unavailable("boot.data_dir", f"{folder} may not be written to.", hint="Change its owner, or choose another DATA_DIR.")
    free = shutil.disk_usage(folder).free
    if free < FREE_BYTES_MIN:
        raise Unavailable("boot.disk_full", f"{folder} has {free:,} bytes left.", hint="Free some space.")
    return f"{free // 2**20:,} MiB free"


def _database(settings: Settings) -> str:
    url = dialect.async_url(settings.database)
    file = dialect.file_of(url)
    if file is not None and not file.exists():
        return f"will be made by {'`comfytavern db migrate`' if settings.environment == 'production' else 'the first start'}"
    if file is not None:
        dialect.examine_file(file)
    found = state(url)
    problem = found.problem()
    if problem is None:
        return f"level {found.level}"
    if problem.code != "db.behind" or settings.environment == "production":
        raise problem
    return f"level {found.level}, upgraded by the next start (after a backup)" if found.level else "will be made by the first start"


def _secret(settings: Settings) -> str:
    if settings.secrets:
        return f"given by JWT_SECRET ({len(settings.secrets)})"
    file = settings.data_dir / FILE
    if not file.exists():
        return "will be made by the first start"
    if file.stat().st_mode & 0o077:
        raise Unavailable("boot.secret", f"{file} can be read by others.", hint=f"chmod 600 {file}")
    return str(file)


def _port(settings: Settings) -> str:
    try:
        listen(settings.host, settings.port).close()
    except Failure as failure:
        failure.hint = "If that is ComfyTavern itself, all is well. " + failure.hint
        raise
    return f"{settings.host}:{settings.port} is free"


def _web(_settings: Settings) -> str:
    folder = web_folder()
    if folder is None:
        raise Unavailable("boot.web", "The web app is not built; the API works without it.", hint="Run `make build`.")
    return str(folder)


def _python(_settings: Settings) -> str:
    return f"{platform.python_version()} at {sys.executable}"


CHECKS: Final[dict[str, Callable[[Settings], str]]] = {
    "python": _python,
    "data": _data,
    "database": _database,
    "secret": _secret,
    "port": _port,
    "web": _web,
}
