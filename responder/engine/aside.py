"""What is told of a run, to a person or a log. It never decides what becomes of the run.

A terminal that is closed, a pipe whose reader left, a full disk under a log: by then the event is durable,
and containment goes on without an audience.
"""

from contextlib import suppress
from typing import TYPE_CHECKING, Any

from structlog.typing import FilteringBoundLogger

from responder.journal import Event

if TYPE_CHECKING:
    from responder.engine.run import Observer
    from responder.engine.state import RunState


def unheard() -> suppress:
    """Whatever goes wrong with telling ends here."""
    # rich makes a broken pipe a SystemExit: https://github.com/Textualize/rich/blob/master/rich/console.py
    return suppress(Exception, SystemExit)


class Audience:
    """An observer that may raise, hang up or break, and whom that is no reason to stop for."""

    def __init__(self, observer: "Observer") -> None:
        self._observer = observer

    def begin(self, state: "RunState") -> None:
        with unheard():
            self._observer.begin(state)

    def event(self, event: Event) -> None:
        with unheard():
            self._observer.event(event)

    def progress(self, step: str, text: str) -> None:
        with unheard():
            self._observer.progress(step, text)


class Log:
    """A logger, the same way."""

    def __init__(self, logger: FilteringBoundLogger) -> None:
        self._logger = logger

    def bind(self, **more: Any) -> "Log":  # noqa: ANN401  # as structlog's
        return Log(self._logger.bind(**more))

    def info(self, event: str, **more: Any) -> None:  # noqa: ANN401
        with unheard():
            self._logger.info(event, **more)

    def warning(self, event: str, **more: Any) -> None:  # noqa: ANN401
        with unheard():
            self._logger.warning(event, **more)

    def error(self, event: str, **more: Any) -> None:  # noqa: ANN401
        with unheard():
            self._logger.error(event, **more)

    def exception(self, event: str, **more: Any) -> None:  # noqa: ANN401
        """To be called where an exception is being handled: its traceback is told too."""
        with unheard():
            self._logger.exception(event, **more)  # noqa: LOG004  # as the docstring says
