"""How reports say times, durations and lists, alike on the page and in Markdown."""

import re
from collections.abc import Sequence
from datetime import UTC, datetime

__all__ = ["clock", "counted", "day", "day_and_time", "elapsed", "kind", "listing", "sentence", "within"]

# A word, and no name that stays as it is written: s3, ci-prod, sha256:…
_WORD = re.compile(r"[A-Za-z]+(?=[\s,;.!?]|$)")
_KINDS = {  # as the inventory and the journal have them
    "aws-access-key": "AWS access key",
    "aws-session": "AWS session",
    "modal-service-user": "Modal service user's token",
    "modal-member-token": "personal Modal token",
    "modal-proxy-token": "Modal proxy token",
    "modal-token": "Modal token",
    "github-token": "GitHub token",
}
_UNITS = ((86400, "d"), (3600, "h"), (60, "min"), (1, "s"))


def elapsed(seconds: float) -> str:
    """A duration in at most two units: 0.33 s, 12.4 s, 2 min 5 s, 3 d 4 h; with a minus sign before zero."""
    if seconds < 0:
        return f"\N{MINUS SIGN}{elapsed(-seconds)}"
    if seconds < 9.995:  # noqa: PLR2004  # below, a tenth of a second hides whether two things came together
        return f"{seconds:.2f} s"
    if seconds < 59.95:  # noqa: PLR2004  # what would round to 60.0 s is a minute
        return f"{seconds:.1f} s"
    left = round(seconds)
    for index, (size, name) in enumerate(_UNITS):
        if left >= size:
            whole, rest = divmod(left, size)
            smaller, smaller_name = _UNITS[min(index + 1, len(_UNITS) - 1)]
            more = f" {rest // smaller} {smaller_name}" if rest // smaller and smaller != size else ""
            return f"{whole} {name}{more}"
    return f"{seconds:.1f} s"


def day(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%d}"


def clock(at: datetime, told: datetime | None = None) -> str:
    """To the millisecond; without the day, unless it is another than that of `told`, which a reader knows."""
    text = f"{at.astimezone(UTC):%H:%M:%S.%f}"[:-3]
    return f"{day(at)} {text}" if told and day(told) != day(at) else text


def day_and_time(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"


def listing(words: Sequence[str]) -> str:
    """One, one and two, or one, two and three."""
    if len(words) > 1:
        return f"{', '.join(words[:-1])} and {words[-1]}"
    return "".join(words)


def kind(name: str) -> str:
    """What a kind of credential is called."""
    return _KINDS.get(name, name)


def counted(number: int, one: str, many: str = "") -> str:
    return f"{number} {one if number == 1 else many or one + 's'}"


def sentence(text: str) -> str:
    """With a capital at its start and a full stop at its end."""
    text = text.strip()
    if _WORD.match(text):
        text = f"{text[0].upper()}{text[1:]}"
    return f"{text}{'' if text.endswith(('.', '!', '?')) else '.'}" if text else ""


def within(text: str) -> str:
    """To stand in the middle of a sentence: without the capital that only its place gave it."""
    return f"{text[0].lower()}{text[1:]}" if _WORD.match(text) and not text[1:2].isupper() else text
