"""The log: human lines on a terminal or JSON for machines, on standard error, and no secret in either.

Every value, key and exception's text goes through `redact`; tracebacks come without locals. What the SDKs
log goes the same way, from WARNING on: their DEBUG has requests' bodies.
"""

import logging
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final, Literal, TextIO

from responder.secret import redact

if TYPE_CHECKING:
    from structlog.typing import EventDict, FilteringBoundLogger, Processor, WrappedLogger

_LIBRARIES: Final = (
    "boto3", "botocore", "s3transfer", "github", "modal", "modal-client", "modal-utils", "grpclib", "hpack",
    "urllib3", "werkzeug",
)  # fmt: skip


def configure(
    log_format: Literal["human", "json"] = "human", stream: TextIO | None = None, level: str = "info"
) -> None:
    """Send this process's log to `stream`. May be called again: the last call counts.

    Args:
        log_format: `human` is a line an event, in colour on a terminal; `json` is an object a line.
        stream: standard error, unless given.
        level: debug, info, warning or error; of `respond` itself.
    """
    out = stream or sys.stderr
    root = logging.getLogger()
    for former in _ours():
        root.removeHandler(former)
    root.addHandler(_Handler(log_format, out, level))
    for name in _LIBRARIES:
        _adopt(logging.getLogger(name))


def get() -> "FilteringBoundLogger":
    """A logger. One that was never configured is never unguarded: it is configured as by `configure()`."""
    import structlog  # noqa: PLC0415  # not before there is something to log

    if not _ours():
        configure()
    for handler in _ours():
        handler.set_up()
    logger: FilteringBoundLogger = structlog.get_logger()
    return logger


class _Handler(logging.StreamHandler[TextIO]):
    """Ours, to be told from others'. It loads structlog for the first line: most commands log none."""

    def __init__(self, log_format: Literal["human", "json"], out: TextIO, level: str) -> None:
        super().__init__(out)
        # A library's own retries are for those who asked for detail; ours are told as progress.
        self.setLevel(logging.WARNING if level in ("debug", "info") else logging.ERROR)
        self._log_format, self._out, self._level = log_format, out, level
        self._colours = out.isatty()
        self._is_set_up = False

    def set_up(self) -> None:
        import structlog  # noqa: PLC0415

        if self._is_set_up and structlog.is_configured():
            return
        structlog.configure(
            processors=[*_shared(), _renderer(self._log_format, colours=self._colours)],
            wrapper_class=structlog.make_filtering_bound_logger(self._level),
            logger_factory=structlog.WriteLoggerFactory(self._out),
            cache_logger_on_first_use=False,
        )
        self._is_set_up = True

    def format(self, record: logging.LogRecord) -> str:
        if self.formatter is None:
            self.formatter = self._line_format()
        return self.formatter.format(record)

    def _line_format(self) -> logging.Formatter:
        from structlog import stdlib  # noqa: PLC0415

        render = _renderer(self._log_format, colours=self._colours)
        return stdlib.ProcessorFormatter(
            foreign_pre_chain=[stdlib.add_logger_name, *_shared()[:-1]],
            processors=[stdlib.ProcessorFormatter.remove_processors_meta, _redact_event, render],
        )


def _ours() -> list[_Handler]:
    return [one for one in logging.getLogger().handlers if isinstance(one, _Handler)]


def _shared() -> "list[Processor]":
    import structlog  # noqa: PLC0415

    return [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        _timestamp,
        structlog.processors.format_exc_info,
        structlog.processors.StackInfoRenderer(),
        _redact_event,
    ]


class _Adopted(logging.Logger):
    """A library's logger that keeps to our handler and level: PyGithub and modal bring theirs at import."""

    def addHandler(self, hdlr: logging.Handler) -> None:  # noqa: N802  # logging's name
        pass

    def setLevel(self, level: int | str) -> None:  # noqa: N802  # logging's name
        pass


def _adopt(logger: logging.Logger) -> None:
    logger.handlers.clear()
    logger.setLevel(logging.WARNING)
    logger.propagate = True
    logger.__class__ = _Adopted


def _renderer(log_format: str, *, colours: bool) -> "Processor":
    import structlog  # noqa: PLC0415

    if log_format == "json":
        return structlog.processors.JSONRenderer(ensure_ascii=False)
    return structlog.dev.ConsoleRenderer(
        colors=colours, exception_formatter=structlog.dev.plain_traceback, pad_event_to=0
    )


def _timestamp(_logger: "WrappedLogger", _method: str, event: "EventDict") -> "EventDict":
    now = datetime.now(UTC).isoformat(timespec="microseconds")
    event["timestamp"] = now.replace("+00:00", "Z")
    return event


def _redact_event(_logger: "WrappedLogger", _method: str, event: "EventDict") -> "EventDict":
    return {redact(key): _redacted(value) for key, value in event.items()}


def _redacted(value: object) -> Any:  # noqa: ANN401  # of the kind that it was given
    match value:
        case None | bool() | int() | float():
            return value
        case str():
            return redact(value)
        case bytes():
            return redact(value.decode("utf-8", "replace"))
        case Mapping():
            return {redact(str(key)): _redacted(one) for key, one in value.items()}
        case list() | tuple() | set() | frozenset():
            return [_redacted(one) for one in value]
        case _:
            return redact(str(value))
