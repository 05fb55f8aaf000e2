"""A text that is searched, what can be asked of a place in it, and what was seen there."""

import base64
import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TypeAlias

from responder.found import Found, Kind
from responder.recognise.pairing import Half, Pairs
from responder.secret import Secret

# What chat programs and editors put into what was copied, and programs that colour what they log.
_INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u2060\ufeff]+|\x1b\\[[0-9;]*[A-Za-z]")
_BLOCK_START = re.compile(r"^(?:[ \t]*\n|[ \t]*\[[^\]\n]*\]+[ \t]*$|---)", re.MULTILINE)
_ESCAPED = re.compile(r"(?:%|\\u00|\\x)(0[9AD]|[2-7][0-9A-F])", re.IGNORECASE)  # of URLs, JSON, programs
# No value that is looked for is base64 of a text, nor is an identifier long enough to be taken for it.
_BASE64 = re.compile(
    r"(?<![A-Za-z0-9+/._-])(?:[A-Za-z0-9+/]{4}){6,}+(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?(?![A-Za-z0-9+/=._-])"
)
_HUNK = re.compile(r"^@@ -\d[\d, ]*\+\d[\d, ]*@@", re.MULTILINE)
_CHANGED = re.compile(r"^[+-]", re.MULTILINE)
_AROUND_VALUES = " \t\n\"'`:=<>,|\\([{"
_NAME = re.compile(r"[\w. -]+\Z")
_NO_STEM = re.compile(r"secret|access|token|key|id|[^a-z0-9]")
_LONGEST_NAME = 64


@dataclass(frozen=True)
class Fragment:
    """A part of a credential: nothing can be done with it, and the person should know of it."""

    kind: Kind
    line: int  # from 1
    what: str  # one phrase, without the value
    secret: Secret | None = None  # where it is of the part that is to be kept
    whole: bool = False  # a whole secret, which only lacks its identifier


Sighting: TypeAlias = tuple[int, Found | Fragment]  # with its offset


class Text:
    """A text without what stands between the characters of values, or right before them.

    Invisible characters, colours, the escapes of JSON and URLs, and the signs of a diff. Base64 of a text, as
    in a Kubernetes Secret or a header, is that text here.
    """

    def __init__(self, text: str) -> None:
        text = _INVISIBLE.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))
        text = text.replace("\\/", "/").replace("\\r", "  ").replace("\\n", "  ").replace("\\t", "  ")
        if _HUNK.search(text):
            text = _CHANGED.sub(" ", text)  # a diff's signs, which values may begin with
        text = _ESCAPED.sub(_unescaped, _BASE64.sub(_decoded, text))
        self.plain = text
        self._newlines = [match.start() for match in re.finditer("\n", text)]
        self._block_starts = [match.start() for match in _BLOCK_START.finditer(text)]

    def line(self, offset: int) -> int:
        return bisect_right(self._newlines, offset) + 1

    def name_before(self, offset: int) -> str:
        """What the value at `offset` is called there: `KEY=`, `"key": "`, `--key `, `name: KEY, value: `."""
        before = self.plain[max(0, offset - 2 * _LONGEST_NAME) : offset].rstrip(_AROUND_VALUES)
        if before.lower().endswith("value"):
            before = before[: -len("value")].rstrip(_AROUND_VALUES)
        match = _NAME.search(before[-_LONGEST_NAME:])
        return match[0] if match else ""

    def half(
        self, offset: int, *, identifier: str = "", secret: Secret | None = None, named: bool = True
    ) -> Half:
        words = self.name_before(offset).lower().split()
        return Half(
            start=offset,
            line=self.line(offset),
            block=bisect_right(self._block_starts, offset),
            stem=_NO_STEM.sub("", words[-1]) if words else "",
            identifier=identifier,
            secret=secret,
            named=named,
        )


def _unescaped(match: re.Match[str]) -> str:
    return _in_line(chr(int(match[1], 16)))


def _decoded(match: re.Match[str]) -> str:
    try:
        text = base64.b64decode(match[0], validate=True).decode("ascii")
    except ValueError:
        return match[0]
    text = _in_line(text)
    return text if text.isprintable() else match[0]


def _in_line(text: str) -> str:
    """So that what follows stays on its line."""
    return text.replace("\r", " ").replace("\n", "  ").replace("\t", " ")


def found(identifiers: Iterable[Half], pairs: Pairs, kind: Kind) -> Iterator[Sighting]:
    for half in identifiers:
        other = pairs.of.get(half)
        yield half.start, Found(kind=kind, identifier=half.identifier, secret=other.secret if other else None)


def lonely(secrets: Iterable[Half], pairs: Pairs, kind: Kind, what: str) -> Iterator[Sighting]:
    """The secrets that no identifier goes with, except for repetitions of those that have one."""
    paired = {half.secret for half in pairs.of.values()}
    for half in secrets:
        if half.secret not in paired:
            yield half.start, Fragment(kind, half.line, f"{what} without its id", half.secret, whole=True)


def is_mixed(value: str) -> bool:
    """Upper and lower case and digits, as random characters have and words have not."""
    return any(map(str.isupper, value)) and any(map(str.islower, value)) and any(map(str.isdigit, value))


def is_placeholder(value: str) -> bool:
    return len(set(value)) <= (1 if len(value) <= 8 else 2)  # noqa: PLR2004  # XXXX, xxxxxxxx0000
