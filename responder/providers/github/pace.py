"""How fast secrets may be written: GitHub counts writes together, whoever of us sends them.

https://docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api#about-secondary-rate-limits
"""

import threading
import time
from collections.abc import Callable
from typing import Final

BURST: Final = 50.0  # writes that may go out at once
A_SECOND: Final = 0.5  # writes after that: 80 in the first minute, the most that GitHub documents


class Pace:
    """One for each connection. May be used from any thread.

    Args:
        clock: seconds, monotonic.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._left, self._at = BURST, clock()
        self._closed_until = clock()

    def turn(self, wait: Callable[[float], None]) -> None:
        """Returns when a write may go out; `wait` sleeps for so many seconds, and may raise instead."""
        while (pause := self._take()) > 0:
            wait(pause)

    def closed_for(self, seconds: float) -> None:
        """GitHub has named a time: until then nobody's write goes out, rather than each finding out."""
        with self._lock:
            self._closed_until = max(self._closed_until, self._clock() + seconds)

    def _take(self) -> float:
        """Takes a turn where there is one, and gives 0; else how many seconds it is until there may be."""
        with self._lock:
            now = self._clock()
            self._left = min(BURST, self._left + (now - self._at) * A_SECOND)
            self._at = now
            if now < self._closed_until:
                return self._closed_until - now
            if self._left >= 1:
                self._left -= 1
                return 0.0
            return (1 - self._left) / A_SECOND
