"""What a program prints, searched as it comes in pieces that are large enough to pay."""

import sys
import time
from collections.abc import Callable
from concurrent.futures import CancelledError
from dataclasses import dataclass, field
from typing import IO, Final

from responder.review.history.search import Searcher

WINDOW: Final = 1024 * 1024  # bytes
_FASTEST: Final = 1e9  # bytes a second that no git prints
_ORDINARY: Final = 64 * 1024  # bytes that a pipe holds


@dataclass
class Printed:
    """`near` is where in it something ends that is to be looked at."""

    near: set[int] = field(default_factory=set)
    length: int = 0


def search_printed(
    pipe: IO[bytes],
    searcher: Searcher,
    printed: Printed,
    told: Callable[[int], None],
    stopped: Callable[[], bool],
) -> None:
    """Fill `printed` up to the end of it.

    git writes a few kilobytes at a time. Whoever takes each at once has the two wake each other up all the
    time, which costs as much as the search; so the pipe is left to fill.

    Raises:
        CancelledError: it was stopped.
    """
    window = bytearray(max(WINDOW, 8 * searcher.longest))
    view = memoryview(window)
    capacity = _capacity(pipe)
    before = end = 0  # bytes before the window, and in it
    while True:
        if stopped():
            raise CancelledError
        got = pipe.readinto(view[end:])  # type: ignore[attr-defined]  # unbuffered, so a FileIO
        end += got
        if got and end < len(window) // 2:
            if got < capacity // 4:
                time.sleep(capacity / _FASTEST)
            continue
        printed.near.update(before + at for at in searcher.near(view[:end]))
        told(before + end - printed.length)
        printed.length = before + end
        if not got:
            return
        kept = min(searcher.longest, end)
        window[:kept] = window[end - kept : end]
        before, end = before + end - kept, kept


def _capacity(pipe: IO[bytes]) -> int:
    if sys.platform != "linux":
        return _ORDINARY
    import fcntl  # noqa: PLC0415  # not everywhere

    return fcntl.fcntl(pipe, fcntl.F_GETPIPE_SZ)
