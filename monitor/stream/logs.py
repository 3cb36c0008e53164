"""Structured logs on standard error: readable lines on a terminal, JSON lines for a collector.

Faust, mode and aiokafka narrate every step of joining a group, and in an outage say the same thing thirty
times a second with tracebacks. Their warnings are passed on in our format, one line each, and the same one
not twice in a minute; DEBUG shows everything.
"""

import logging
import sys
import threading
import time
from collections.abc import Callable
from typing import Any, Final

import structlog

from monitor.errors import SetupError
from monitor.settings import LogFormat

_CHATTY: Final = ("faust", "mode", "aiokafka", "alembic", "asyncio")

_SAME_AGAIN: Final = 60.0
"""Seconds until a library may repeat itself."""


class CalmFilter(logging.Filter):
    """Cuts what libraries say down to one line, and drops repetitions and what the worker itself reports."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._clock = clock
        self._said_at: dict[tuple[str, str], float] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether to pass a record on; rewrites it to one line."""
        if not record.name.startswith(_CHATTY):
            return True
        template = str(record.msg)
        if "Crashed reason=" in template:
            return False  # every service up the tree says it; the worker says it once
        now = self._clock()
        key = (record.name, template)
        if now - self._said_at.get(key, -_SAME_AGAIN) < _SAME_AGAIN:
            return False
        self._said_at[key] = now
        message = record.getMessage().split("\n", 1)[0]
        if record.exc_info and record.exc_info[1] is not None:
            message = f"{message} ({type(record.exc_info[1]).__name__}: {record.exc_info[1]})"
        record.msg, record.args, record.exc_info = message, None, None
        return True


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
    # Rich's tracebacks, which structlog draws by itself, show what variables hold: tokens, what people wrote.
    plain = structlog.dev.plain_traceback
    last: list[Any] = (
        [structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), exception_formatter=plain)]
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
    threading.excepthook = _log_thread_failure
    if number > logging.DEBUG:
        handler.addFilter(CalmFilter())
        for name in _CHATTY:
            logging.getLogger(name).setLevel(max(number, logging.WARNING))


def _log_thread_failure(failure: threading.ExceptHookArgs) -> None:
    """Faust's client threads end with an exception when they are stopped while the broker is away."""
    error = failure.exc_value
    if error is not None:
        logging.getLogger("faust.thread").error(
            "a thread ended", exc_info=(type(error), error, failure.exc_traceback)
        )
