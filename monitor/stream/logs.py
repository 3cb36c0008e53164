"""Structured logs on standard error: readable lines on a terminal, JSON lines for a collector.

Faust, mode and aiokafka narrate every step of joining a group; only their warnings are passed on, in our
format.
"""

import logging
import sys
from typing import Any, Final

import structlog

from monitor.errors import SetupError
from monitor.settings import LogFormat

_CHATTY: Final = ("faust", "mode", "aiokafka", "alembic", "asyncio")


def configure_logging(format: LogFormat, level: str) -> None:
    """Route structlog and the standard library's loggers to standard error.

    Raises `SetupError` for an unknown level.
    """
    number = logging.getLevelNamesMapping().get(level.upper())
    if number is None:
        raise SetupError(f"MONITOR_LOG_LEVEL is {level!r}; use DEBUG, INFO, WARNING or ERROR")
    console = format is LogFormat.CONSOLE or (format is LogFormat.AUTO and sys.stderr.isatty())
    shared: list[Any] = [
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.PositionalArgumentsFormatter(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
    ]
    last: list[Any] = (
        [structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())]
        if console
        else [structlog.processors.format_exc_info, structlog.processors.JSONRenderer(ensure_ascii=False)]
    )
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *last],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(number)
    for name in _CHATTY:
        logging.getLogger(name).setLevel(max(number, logging.WARNING) if number > logging.DEBUG else number)
