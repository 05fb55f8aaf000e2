"""Every object that a repository has, whatever reaches it, read once and searched as it comes.

git's own reading is most of the work, so several of it read at once, each a share of the objects in the
order of the packs.
"""

import operator
import os
import re
import tempfile
import threading
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import accumulate, pairwise
from typing import IO, Final

from responder.errors import UnavailableError
from responder.review.history.git import Git
from responder.review.history.search import Hit, Needles, Searcher
from responder.review.history.unpack import FIRST_BYTES, packed

WINDOW: Final = 8 * 1024 * 1024  # bytes; larger objects are searched in pieces
LARGEST_WHOLE: Final = 64 * 1024 * 1024  # bytes of an object that has lines
LARGEST_PACKED: Final = 512 * 1024 * 1024  # bytes of an archive that is opened
_WORTH_ANOTHER: Final = 16 * 1024 * 1024  # bytes of objects for which a further process pays
_MOST: Final = 8  # processes


@dataclass
class Objects:
    """What was seen. Hits are by object."""

    hits: dict[str, list[Hit]] = field(default_factory=dict)
    kinds: dict[str, str] = field(default_factory=dict)  # of the objects with hits: blob, commit, tag, tree
    commits: list[str] = field(default_factory=list)
    count: int = 0
    bytes: int = 0
    not_opened: dict[str, list[str]] = field(default_factory=dict)  # by object
    lock: threading.Lock = field(default_factory=threading.Lock, repr=False)


def search_objects(
    git: Git,
    needles: Needles,
    told: Callable[[int], None] = lambda _bytes: None,
    processes: int | None = None,
) -> Objects:
    """Search all of them.

    Args:
        git: in the repository.
        needles: what to look for.
        told: how many bytes were searched further; from any thread.
        processes: as many as pay on this machine, unless given.

    Raises:
        UnavailableError: git failed.
    """
    listed, damaged = _listed(git)
    objects = Objects(not_opened={name: ["it is damaged"] for name in damaged})
    if not listed.names:
        return objects
    shares = listed.shares(processes or _processes(sum(listed.sizes)))
    with ThreadPoolExecutor(len(shares), thread_name_prefix="scan") as pool:
        readers = [_Reader(git, needles.searcher(), objects, told) for _ in shares]
        futures = [pool.submit(reader.read, share) for reader, share in zip(readers, shares, strict=True)]
        try:
            for future in futures:
                future.result()
        except BaseException:
            for reader in readers:
                reader.stop = True
            raise
    return objects


def _processes(total: int) -> int:
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, min(cores, _MOST, total // _WORTH_ANOTHER))


@dataclass(frozen=True)
class _Listed:
    """Objects in the order in which git is asked for them: so it is known where each will be in its answer.

    Neighbours in a pack stay neighbours: they are made from one another.
    """

    names: Sequence[bytes]
    kinds: Sequence[bytes]
    sizes: Sequence[int]

    def shares(self, count: int) -> "list[_Listed]":
        sums = list(accumulate(self.sizes))
        bounds = [0, *(bisect_left(sums, sums[-1] * n // count) + 1 for n in range(1, count)), len(sums)]
        return [
            _Listed(self.names[a:b], self.kinds[a:b], self.sizes[a:b]) for a, b in pairwise(bounds) if a < b
        ]

    def head(self, one: int) -> bytes:
        """The line that git prints before an object."""
        return b"%s %s %d\n" % (self.names[one], self.kinds[one], self.sizes[one])

    def ends(self) -> list[int]:
        """Where in git's answer each is over, its line's end with it."""
        heads = (
            len(name) + len(kind) + len(str(size)) + 4
            for name, kind, size in zip(self.names, self.kinds, self.sizes, strict=True)
        )
        return list(accumulate(map(operator.add, heads, self.sizes)))


def _listed(git: Git) -> tuple[_Listed, list[str]]:
    """What there is, and the names of what cannot be read."""
    form = "--batch-check=%(objectname) %(objecttype) %(objectsize)"
    printed = git.ask("cat-file", "--batch-all-objects", "--unordered", form, "--buffer")
    damaged: list[bytes] = []
    if b" missing\n" in printed:
        damaged = re.findall(rb"^(\w+) missing$", printed, re.MULTILINE)
        printed = re.sub(rb"^\w+ missing$", b"", printed, flags=re.MULTILINE)
    words = printed.split()
    return _Listed(words[::3], words[1::3], list(map(int, words[2::3]))), [one.decode() for one in damaged]


class _Reader:
    """One process of git, and the window over what it prints."""

    def __init__(self, git: Git, searcher: Searcher, objects: Objects, told: Callable[[int], None]) -> None:
        self.stop = False
        self._git, self._searcher, self._objects, self._told = git, searcher, objects, told
        self._buffer = bytearray(WINDOW)
        self._view = memoryview(self._buffer)

    def read(self, share: _Listed) -> None:
        with tempfile.TemporaryFile() as asked:
            asked.write(b"\n".join(share.names) + b"\n")
            asked.seek(0)
            with self._git.stream("cat-file", "--batch", "--buffer", given=asked) as printed:
                self._all(printed, share)
        commits = [
            name.decode() for name, kind in zip(share.names, share.kinds, strict=True) if kind == b"commit"
        ]
        with self._objects.lock:
            self._objects.commits += commits
            self._objects.count += len(share.names)
            self._objects.bytes += sum(share.sizes)

    def _all(self, printed: IO[bytes], share: _Listed) -> None:
        """`begin` and `end` bound what is not searched yet; `base` is where the window begins in it all."""
        ends = share.ends()
        begin = end = base = one = 0
        while one < len(ends) and not self.stop:
            if begin == end:  # the beginning of the window is what the processor has at hand
                base, begin, end = base + begin, 0, 0
            if end == len(self._buffer) and begin:
                self._buffer[: end - begin] = self._buffer[begin:end]
                base, begin, end = base + begin, 0, end - begin
            elif end == len(self._buffer):
                self._large(printed, share, one)
                base, end, one = ends[one], 0, one + 1
                continue
            got = printed.readinto(self._view[end:])  # type: ignore[attr-defined]  # unbuffered, so a FileIO
            if not got:
                raise _changed()
            end += got
            after = bisect_right(ends, base + end)
            if after > one:
                self._whole_ones(share, ends, range(one, after), base, begin)
                one, begin = after, ends[after - 1] - base

    def _whole_ones(self, share: _Listed, ends: Sequence[int], ones: range, base: int, begin: int) -> None:
        """Search the objects that are in the window whole."""
        if not self._buffer.startswith(share.head(ones[0]), begin):
            raise _changed()
        end = ends[ones[-1]] - base
        near = {bisect_left(ends, base + begin + at) for at, _ in self._searcher.ends(self._view[begin:end])}
        starts = (
            (one, ends[one] - 1 - share.sizes[one] - base) for one in ones if share.kinds[one] == b"blob"
        )
        near.update(one for one, start in starts if self._buffer[start] in FIRST_BYTES and share.sizes[one])
        for one in sorted(near):
            start = ends[one] - 1 - share.sizes[one] - base
            data = bytes(self._view[start : start + share.sizes[one]])
            self._note(share, one, *self._searcher.hits(data))
        self._told(end - begin)

    def _note(self, share: _Listed, one: int, hits: list[Hit], not_opened: list[str]) -> None:
        name = share.names[one].decode()
        with self._objects.lock:
            if hits:
                self._objects.hits[name] = hits
                self._objects.kinds[name] = share.kinds[one].decode()
            if not_opened:
                self._objects.not_opened[name] = not_opened

    def _large(self, printed: IO[bytes], share: _Listed, one: int) -> None:
        """The object that is larger than the window and begins it. Nothing of what follows it is read."""
        head, size = share.head(one), share.sizes[one]
        if not self._buffer.startswith(head):
            raise _changed()
        first = self._view[len(head) :]
        is_packed = packed(first)
        if size <= (LARGEST_PACKED if is_packed else LARGEST_WHOLE):
            whole = bytearray(size + 1)  # and the line's end after it
            whole[: len(first)] = first
            _fill(printed, memoryview(whole)[len(first) :])
            self._note(share, one, *self._searcher.hits(bytes(whole[:size])))
        else:
            why = [f"an archive larger than {LARGEST_PACKED >> 20} MB"] if is_packed else []
            pieces = self._pieces(printed, len(head), size + 1)
            self._note(share, one, self._searcher.hits_in_pieces(pieces), why)
        self._told(size)

    def _pieces(self, printed: IO[bytes], begin: int, size: int) -> Iterator[bytes]:
        yield bytes(self._view[begin:])
        left = size - (len(self._buffer) - begin)
        while left:
            more = min(left, len(self._buffer))
            _fill(printed, self._view[:more])
            left -= more
            yield bytes(self._view[:more])


def _changed() -> UnavailableError:
    return UnavailableError(
        "The repository changed while it was read.",
        next_step="Type the same again when nothing writes to it.",
    )


def _fill(printed: IO[bytes], room: memoryview) -> None:
    while room:
        got = printed.readinto(room)  # type: ignore[attr-defined]  # unbuffered, so a FileIO
        if not got:
            raise _changed()
        room = room[got:]
