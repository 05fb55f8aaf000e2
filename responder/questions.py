"""Many questions to one service at once, with one deadline. What stays unanswered is told, never left out."""

import contextvars
import threading
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from concurrent.futures import TimeoutError as StillRunningError
from typing import Generic, TypeVar

from responder.errors import ProviderError
from responder.secret import redact

T = TypeVar("T")


def aside(question: Callable[..., T], *args: object) -> Future[T]:
    """Ask in a thread that the process does not wait for at its end: a silent service holds up nobody.

    Its requests are told as if they were made here (see `action.exchanges`).
    """
    future: Future[T] = Future()
    _in_a_thread(_answering(future, question, *args))
    return future


def _answering(future: Future[T], question: Callable[..., T], *args: object) -> Callable[[], None]:
    context = contextvars.copy_context()

    def answer() -> None:
        try:
            future.set_result(context.run(question, *args))
        except BaseException as error:  # noqa: BLE001  # for whoever asks for the answer
            future.set_exception(error)

    return answer


def _in_a_thread(work: Callable[[], None]) -> None:
    threading.Thread(target=work, name="question", daemon=True).start()


class Answer(Generic[T]):
    """To a question that was asked."""

    def __init__(self, what: str, questions: "Questions", future: Future[T]) -> None:
        self._what, self._questions, self._future = what, questions, future

    def get(self) -> T | None:
        """None where there is none by the deadline; then `Questions.unread` says why.

        Raises:
            Exception: the question failed otherwise than by the service, which is a mistake of ours.
        """
        try:
            return self._future.result(timeout=self._questions.left)
        except ProviderError as error:
            self._questions.not_read(self._what, redact(f"{error.what} {error.next_step}".strip()))
        except StillRunningError:
            self._questions.not_read(self._what, "no answer in time")
        return None


class Questions:
    """Each is asked as `aside` does.

    Args:
        seconds: for all answers together.
        at_once: how many are asked at the same time.
    """

    def __init__(self, seconds: float, at_once: int = 8) -> None:
        self._until = time.monotonic() + seconds
        self._at_once = at_once
        self._at_work = 0
        self._waiting: deque[Callable[[], None]] = deque()
        self._lock = threading.Lock()
        self._unread: dict[str, None] = {}

    @property
    def left(self) -> float:
        """Seconds."""
        return max(0.0, self._until - time.monotonic())

    @property
    def unread(self) -> tuple[str, ...]:
        return tuple(self._unread)

    def not_read(self, what: str, why: str) -> None:
        self._unread[f"{what}: {why}"] = None

    def ask(self, what: str, question: Callable[..., T], *args: object) -> Answer[T]:
        """`what` names it for whoever reads that it was not answered: "the access keys of rentagpu-s3"."""
        future: Future[T] = Future()
        with self._lock:
            self._waiting.append(_answering(future, question, *args))
            one_more = self._at_work < self._at_once
            self._at_work += one_more
        if one_more:
            _in_a_thread(self._work)
        return Answer(what, self, future)

    def _work(self) -> None:
        """One after another while there are any: thousands of questions are not as many threads."""
        while True:
            with self._lock:
                if not self._waiting:
                    self._at_work -= 1
                    return
                answer = self._waiting.popleft()
            answer()
