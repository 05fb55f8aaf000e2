"""When several machines write to one journal: whoever was behind does its transaction again."""

import random
import time
from collections.abc import Callable
from functools import wraps
from typing import Final, ParamSpec, TypeVar

from responder.errors import RefusedError

P = ParamSpec("P")
T = TypeVar("T")

_TRIES: Final = 40
_LONGEST_PAUSE: Final = 0.25  # seconds


class BehindError(RefusedError):
    """Somebody else wrote first. Nothing of the transaction is kept, and what they wrote is known now."""

    code = "behind"

    def __init__(self, where: str) -> None:
        super().__init__(
            f"Others keep writing to the journal {where}, each time before this process could.",
            state="Nothing was written here, and nothing was done about it.",
            next_step="`respond runs` shows who is at what; type the same command again.",
        )


def not_behind(method: Callable[P, T]) -> Callable[P, T]:
    """The method again while somebody else was first: what it writes must depend on nothing but the journal.

    Whether it may still write is for its own fences to say, as between two processes on one file.
    """

    @wraps(method)
    def again(*args: P.args, **kwargs: P.kwargs) -> T:
        for _ in range(_TRIES):
            try:
                return method(*args, **kwargs)
            except BehindError:
                time.sleep(random.uniform(0, _LONGEST_PAUSE))  # noqa: S311  # to let another go first
        return method(*args, **kwargs)

    return again
