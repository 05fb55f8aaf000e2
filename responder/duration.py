"""How people write how long: a number and its unit."""

import re
from datetime import timedelta
from typing import Final

_UNITS: Final = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


def duration(text: str) -> timedelta:
    """The time that 90s, 30m, 36h, 90d or 12w means.

    Raises:
        ValueError: it is something else.
    """
    match = re.fullmatch(r"([0-9]{1,6})([smhdw])", text.strip())
    if match is None:
        raise ValueError(f"`{text}` is not a time. Write a number and its unit: 30m, 36h or 90d.")
    return timedelta(**{_UNITS[match[2]]: int(match[1])})


def written(time: timedelta) -> str:
    """As `duration` reads it, in the largest unit that gives a whole number: 90d, 36h."""
    number, unit = _whole(time)
    return f"{number}{unit}"


def in_words(time: timedelta) -> str:
    """The same for a sentence: 90 days, 1 hour."""
    number, unit = _whole(time)
    name = _UNITS[unit]
    return f"{number} {name[:-1] if number == 1 else name}"


def _whole(time: timedelta) -> tuple[int, str]:
    seconds = round(time.total_seconds())
    for unit, size in (("d", 86400), ("h", 3600), ("m", 60)):
        if seconds and seconds % size == 0:
            return seconds // size, unit
    return seconds, "s"
