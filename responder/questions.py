"""Many questions to one service at once, with one deadline. What stays unanswered is told, never left out."""

import contextvars
import re
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future, wait
from typing import Final, Generic, TypeVar

from responder.errors import NotShownError, ProviderError
from responder.secret import redact

T = TypeVar("T")

IN_A_HURRY: Final = 12.0  # seconds for what is not answered yet, once somebody waits for nothing else
SILENCE: Final = 4.0  # seconds without any answer that are waited then
_EXCHANGE: Final = re.compile(r" \(request [^)]*\)")
_SLICE: Final = 0.2  # seconds between looks whether somebody waits


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


def _in_one(whats: Sequence[str]) -> str:
    """With what several of them are of at the end, once."""
    told: dict[str, list[str]] = {}
    for what in whats:
        head, of, owner = what.rpartition(" of ")
        told.setdefault(f"{of}{owner}" if of else "", []).append(head if of else what)
    return ", ".join(f"{', '.join(heads)}{of_owner}" for of_owner, heads in told.items())


class Answer(Generic[T]):
    """To a question that was asked."""

    def __init__(self, what: str, questions: "Questions", future: Future[T]) -> None:
        self._what, self._questions, self._future = what, questions, future

    def came(self) -> bool:
        """Whether there is an answer, or a failure, by the deadline. Says nothing of it to `unread`."""
        return self._questions.awaited(self._future)

    def get(self) -> T | None:
        """None where there is none by the deadline; then `Questions.unread` says why.

        Raises:
            Exception: the question failed otherwise than by the service, which is a mistake of ours.
        """
        if not self.came():
            self._questions.not_read(self._what, "no answer in time")
            return None
        try:
            return self._future.result()
        except ProviderError as error:
            reason = _EXCHANGE.sub("", error.told.removeprefix(f"{error.operation}: "))
            limited = isinstance(error, NotShownError)
            self._questions.not_read(self._what, redact(error.told), limited=limited, reason=redact(reason))
        return None


class Questions:
    """Each is asked as `aside` does.

    Args:
        seconds: for all answers together.
        at_once: how many are asked at the same time.
        hurried: whether somebody waits for nothing but these answers. From then on there are `IN_A_HURRY`
            seconds, and no more than `SILENCE` without any answer.
        in_one: whether what was not answered for one and the same reason is told in one sentence.
    """

    def __init__(
        self,
        seconds: float,
        at_once: int = 8,
        hurried: Callable[[], bool] = lambda: False,
        *,
        in_one: bool = False,
    ) -> None:
        self._one_sentence = in_one
        self._until = time.monotonic() + seconds
        self._at_once = at_once
        self._hurried = hurried
        self._waited = 0.0  # since the hurry began
        self._silent = 0.0  # thereof since the last answer
        self._answers = self._heard = 0
        self._at_work = 0
        self._waiting: deque[Callable[[], None]] = deque()
        self._lock = threading.Lock()
        self._unread: dict[tuple[str, str], tuple[str, bool]] = {}

    @property
    def left(self) -> float:
        """Seconds."""
        if self._hurried() and (self._waited >= IN_A_HURRY or self._silent >= SILENCE):
            return 0.0
        return max(0.0, self._until - time.monotonic())

    def awaited(self, future: "Future[T]") -> bool:
        """Whether it is done by the deadline.

        What was waited in a hurry is counted slice by slice, so that a process that was stopped meanwhile has
        not waited.
        """
        while True:
            pause = min(_SLICE, self.left)
            if wait([future], pause).done:
                return True
            if not self.left:
                return False
            if self._hurried():
                self._waited += pause
                self._silent = self._silent + pause if self._answers == self._heard else 0.0
                self._heard = self._answers

    @property
    def unread(self) -> tuple[str, ...]:
        return tuple(self._told())

    @property
    def limited(self) -> tuple[str, ...]:
        """What of `unread` the service shows to nobody of this plan or these rights."""
        return tuple(one for one, is_limited in self._told().items() if is_limited)

    def not_read(self, what: str, why: str, *, limited: bool = False, reason: str = "") -> None:
        """`reason` is `why` without what it has of this question alone."""
        self._unread[what, why] = (reason or why, limited)

    def _told(self) -> dict[str, bool]:
        groups: dict[tuple[str, bool], list[tuple[str, str]]] = {}
        for (what, why), (reason, limited) in tuple(self._unread.items()):
            shared = reason if self._one_sentence else f"{what}: {why}"
            groups.setdefault((shared, limited), []).append((what, why))
        told: dict[str, bool] = {}
        for (shared, limited), asked in groups.items():
            alone = len(asked) == 1
            whats = _in_one([what for what, _ in asked])
            told[": ".join(asked[0]) if alone else f"{whats}: {shared}"] = limited
        return told

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
        """One after another while there are any and time: thousands of questions are not as many threads."""
        while True:
            with self._lock:
                if not self.left:
                    self._waiting.clear()
                if not self._waiting:
                    self._at_work -= 1
                    return
                answer = self._waiting.popleft()
            answer()
            self._answers += 1
