"""Many values in all their forms, in one pass over bytes (Hyperscan; Vectorscan on ARM)."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from responder.review.history.forms import Form, Value
from responder.review.history.unpack import LONGEST_MAGIC, MAGIC, Unpacked, packed, unpack

if TYPE_CHECKING:
    import hyperscan

Buffer: TypeAlias = bytes | memoryview

# What stands between lines of base64 in files, mails, JSON and source text.
_BREAKS: Final = re.compile(rb"\\[rn]|[\s\"'\\#>|,]")
_ROOM: Final = 4  # times a form's length: what is looked at around a half of it
# What `git cat-file --batch` prints where an archive begins, which is after a line's end (of bzip2, what it
# has whatever its level); and what it says, after its name, of an object that it cannot read. As few and as
# plain as can be: with a dozen more, or one that is no mere text, Hyperscan takes half as long again.
_BEGINNINGS: Final = (*(b"\n" + magic for magic in MAGIC if magic[:3] != b"BZh"), b"1AY&SY")
_TOLD: Final = (
    *(b"".join(b"\\x%02x" % byte for byte in text) for text in _BEGINNINGS),
    b" missing\\n",
)
_MISSING: Final = re.compile(rb"[0-9a-f]{40} missing\n")
_LONGEST_GONE: Final = 40 + len(b" missing\n")
_LONGEST_TOLD: Final = _LONGEST_GONE + LONGEST_MAGIC


@dataclass(frozen=True)
class Hit:
    value: Value
    encoding: str
    line: int  # from 1; 0 where the data is no text
    inside: str = ""  # the way into an archive


class Needles:
    """The values, compiled. May be used from any thread through a `Searcher` of its own each.

    Raises:
        ValueError: there is nothing to look for.
    """

    def __init__(self, values: Sequence[Value]) -> None:
        import hyperscan  # noqa: PLC0415  # a native library: not for --help

        self._of: list[tuple[Value, Form]] = [(value, form) for value in values for form in value.forms()]
        if not self._of:
            raise ValueError("Nothing to look for.")
        self._longest = max(form.longest for _, form in self._of)
        self._database = hyperscan.Database(mode=hyperscan.HS_MODE_BLOCK)
        everything = [*(form.sought for _, form in self._of), *_TOLD]
        self._database.compile(
            expressions=everything,
            ids=list(range(len(everything))),
            elements=len(everything),
            flags=[hyperscan.HS_FLAG_DOTALL] * len(everything),
        )
        self._exact = [re.compile(form.pattern) for _, form in self._of]

    def searcher(self) -> "Searcher":
        import hyperscan  # noqa: PLC0415

        return Searcher(
            self._database, hyperscan.Scratch(self._database), self._of, self._exact, self._longest
        )


class Searcher:
    """For one thread."""

    def __init__(
        self,
        database: "hyperscan.Database",
        scratch: "hyperscan.Scratch",
        of: Sequence[tuple[Value, Form]],
        exact: Sequence[re.Pattern[bytes]],
        longest: int,
    ) -> None:
        self._database, self._scratch = database, scratch
        self._of, self._exact, self._room = of, exact, _ROOM * longest
        self.longest = max(longest, _LONGEST_TOLD)

    def ends(self, data: Buffer) -> list[tuple[int, int]]:
        """Where in the data something ends that may be one: its place and the form's number, by place."""
        return sorted(one for one in self._all(data) if one[1] < len(self._of))

    def near(self, printed: Buffer) -> set[int]:
        """Where in what `git cat-file --batch` prints something ends that an object is to be looked at for.

        Nothing of it is more than `longest` bytes long.
        """
        gone = len(self._of) + len(_TOLD) - 1
        return {
            end
            for end, number in self._all(printed)
            if number != gone or _MISSING.fullmatch(printed, max(0, end - _LONGEST_GONE), end)
        }

    def _all(self, data: Buffer) -> list[tuple[int, int]]:
        ends: list[tuple[int, int]] = []

        def at(number: int, _start: int, end: int, _flags: int, _context: object) -> None:
            ends.append((end, number))

        scan: Any = self._database.scan  # takes any buffer; its annotation knows bytes only
        scan(data, match_event_handler=at, scratch=self._scratch)
        return ends

    def hits(self, data: bytes) -> tuple[list[Hit], list[str]]:
        """Each value once an encoding and a place within, where it stands first; and what was not opened."""
        found = {(hit.value, hit.encoding, hit.inside): hit for hit in reversed(list(self.plain_hits(data)))}
        not_opened: list[str] = []
        if packed(data):
            self._within(data, "", found, not_opened)
        return list(found.values()), not_opened

    def plain_hits(self, data: bytes, inside: str = "") -> Iterator[Hit]:
        """Without opening archives, in the data's order."""
        ends = self.ends(data)
        is_text = bool(ends) and b"\0" not in data[:8000]  # git's own rule
        line, counted = int(is_text), 0  # from there on, as a log may hold it in each of its lines
        for end, number in ends:
            value, form = self._of[number]
            place = self._confirmed(data, end, number)
            if place is not None:
                if is_text:
                    line += data.count(b"\n", counted, place[0]) - data.count(b"\n", place[0], counted)
                    counted = place[0]
                yield Hit(value, _spelling(form, data[slice(*place)]), line, inside)

    def hits_in_pieces(self, pieces: Iterable[bytes]) -> list[Hit]:
        """Of data that is too large to be held: without lines, and without opening archives."""
        found: dict[tuple[Value, str], Hit] = {}
        before = b""
        for piece in pieces:
            joined = before + piece
            for end, _ in self.ends(joined):
                around = joined[max(0, end - self._room) : end + self._room]
                for hit in self.plain_hits(around):
                    found.setdefault((hit.value, hit.encoding), replace(hit, line=0))
            before = joined[-self._room :]
        return list(found.values())

    def _within(
        self,
        data: bytes,
        way: str,
        found: dict[tuple[Value, str, str], Hit],
        not_opened: list[str],
    ) -> None:
        for part in unpack(data, way):
            if isinstance(part, Unpacked):
                for hit in self.plain_hits(part.data, part.way):
                    found.setdefault((hit.value, hit.encoding, hit.inside), hit)
            else:
                not_opened.append(part.why)

    def _confirmed(self, data: bytes, end: int, number: int) -> tuple[int, int] | None:
        """From where to where it is, if it is whole."""
        form = self._of[number][1]
        begin, after = max(0, end - form.longest), form.longest if form.anchor else 0
        matches = list(self._exact[number].finditer(data, begin, end + after))
        if form.anchor:
            matches = [one for one in matches if one.start() < end <= one.end()]
        if not matches:
            return None
        last = matches[-1]
        if not form.whole:
            return last.span()
        room = _ROOM * len(form.whole)
        around = data[max(0, last.start() - room) : last.end() + room]
        return last.span() if form.whole in _BREAKS.sub(b"", around) else None


def _spelling(form: Form, found: bytes) -> str:
    """Plain values are also found escaped and in URLs."""
    if form.encoding != "plain":
        return form.encoding
    if b"\\" in found and re.search(rb"\\[u/\"'\\nrtbf]", found):
        return "escaped"
    return "url-encoded" if re.search(rb"%[0-9A-Fa-f]{2}", found) else "plain"
