"""The log: lines for people in development, JSON for machines in production; always to stderr.

Rooms write through the standard library's `logging`, with what a machine may want to search in `extra`.
"""

import logging
import sys
import time

from comfytavern.settings.settings import Settings


def configure(settings: Settings) -> None:
    """Send our own log and that of the libraries through one formatter, at the level that was asked for."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_for_machines() if settings.environment == "production" else _for_people())
    logging.basicConfig(level=settings.log_level.upper(), handlers=[handler], force=True)
    logging.getLogger("websockets").setLevel(logging.ERROR)


def _for_people() -> logging.Formatter:
    formatter = logging.Formatter("%(asctime)s %(levelname)-7s %(name)s: %(message)s", "%Y-%m-%dT%H:%M:%SZ")
    formatter.converter = time.gmtime
    return formatter


def _for_machines() -> logging.Formatter:
    """Return one JSON object a line: timestamp, level, logger, event, everything in `extra`, and exceptions as structures."""
    import structlog  # noqa: PLC0415 -- it imports rich: a third of a second that a start in development need not pay

    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[
            structlog.stdlib.ExtraAdder(),
            structlog.stdlib.add_log_level,
            structlog.stdlib.add_logger_name,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
        ],
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.dict_tracebacks,
            structlog.processors.JSONRenderer(),
        ],
    )
