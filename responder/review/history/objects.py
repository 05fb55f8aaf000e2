"""Every object that a repository has, whatever reaches it, read once and searched as it comes.

git's own reading is most of the work, so several of it read at once, each a share of the objects in the
order of the packs.
"""

import os
import tempfile
import threading
from bisect import bisect_right
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
    missing: int = 0
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
    listed = git.ask(
        "cat-file",
        "--batch-all-objects",
        "--unordered",
        "--batch-check=%(objectname) %(objectsize)",
        "--buffer",
    ).splitlines()
    names = [line[: line.index(b" ")] for line in listed]
    objects = Objects()
    if not names:
        return objects
    sizes = [int(line[line.index(b" ") :]) for line in listed]
    shares = _shares(names, sizes, processes or _processes(sum(sizes)))
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


def _shares(names: Sequence[bytes], sizes: Sequence[int], count: int) -> list[Sequence[bytes]]:
    """Neighbours in a pack stay together: they are made from one another."""
    sums = list(accumulate(sizes))
    bounds, wanted = [0], 1
    for place, so_far in enumerate(sums):
        if so_far * count >= sums[-1] * wanted and wanted < count:
            bounds.append(place + 1)
            wanted += 1
    bounds.append(len(names))
    return [names[a:b] for a, b in pairwise(bounds) if a < b]


class _Reader:
    """One process of git, and the window over what it prints."""

    def __init__(self, git: Git, searcher: Searcher, objects: Objects, told: Callable[[int], None]) -> None:
        self.stop = False
        self._git, self._searcher, self._objects, self._told = git, searcher, objects, told
        self._buffer = bytearray(WINDOW)
        self._view = memoryview(self._buffer)
        self._commits: list[bytes] = []
        self._count = self._bytes = self._missing = 0

    def read(self, names: Sequence[bytes]) -> None:
        with tempfile.TemporaryFile() as asked:
            asked.write(b"\n".join(names) + b"\n")
            asked.seek(0)
            with self._git.stream("cat-file", "--batch", "--buffer", given=asked) as printed:
                self._all(printed)
        with self._objects.lock:
            self._objects.commits += [name.decode() for name in self._commits]
            self._objects.count += self._count
            self._objects.bytes += self._bytes
            self._objects.missing += self._missing

    def _all(self, printed: IO[bytes]) -> None:
        begin = end = 0
        while not self.stop:
            if end == len(self._buffer):
                if begin:
                    self._buffer[: end - begin] = self._buffer[begin:end]
                    begin, end = 0, end - begin
                else:
                    self._large(printed)
                    end = 0
            got = printed.readinto(self._view[end:])  # type: ignore[attr-defined]  # unbuffered, so a FileIO
            if not got:
                if begin != end:
                    raise UnavailableError("git cat-file stopped in the middle of an object.")
                return
            end += got
            begin = self._whole_ones(begin, end)
            if begin == end:
                begin = end = 0

    def _whole_ones(self, begin: int, end: int) -> int:
        """Search the objects that are in the window whole; gives where the next begins."""
        starts: list[int] = []
        heads: list[bytearray] = []  # name, kind and size
        sizes: list[int] = []
        archives: list[int] = []
        buffer, place = self._buffer, begin
        while (newline := buffer.find(b"\n", place, end)) >= 0:
            head = buffer[place:newline]
            last = head.rindex(b" ")
            if head.endswith(b" missing"):
                self._missing += 1
                place = newline + 1
                continue
            size = int(head[last:])
            after = newline + 2 + size
            if after > end:
                break
            if head.endswith(b" commit", 0, last):
                self._commits.append(bytes(head[: last - len(b" commit")]))
            elif size and buffer[newline + 1] in FIRST_BYTES and packed(self._view[newline + 1 : after]):
                archives.append(len(starts))
            starts.append(newline + 1)
            heads.append(head)
            sizes.append(size)
            place = after
        if starts:
            self._count += len(starts)
            self._bytes += sum(sizes)
            self._told(place - begin)
            self._search(begin, place, starts, heads, sizes, archives)
        return place

    def _search(
        self,
        begin: int,
        end: int,
        starts: Sequence[int],
        heads: Sequence[bytearray],
        sizes: Sequence[int],
        archives: Sequence[int],
    ) -> None:
        near = {
            bisect_right(starts, begin + at - 1) - 1 for at, _ in self._searcher.ends(self._view[begin:end])
        }
        for one in sorted(near.union(archives) - {-1}):
            data = bytes(self._view[starts[one] : starts[one] + sizes[one]])
            name, kind, _ = heads[one].decode().split()
            self._note(name, kind, *self._searcher.hits(data))

    def _note(self, name: str, kind: str, hits: list[Hit], not_opened: list[str]) -> None:
        with self._objects.lock:
            if hits:
                self._objects.hits[name] = hits
                self._objects.kinds[name] = kind
            if not_opened:
                self._objects.not_opened[name] = not_opened

    def _large(self, printed: IO[bytes]) -> None:
        """The object that is larger than the window and begins it. Nothing of what follows it is read."""
        newline = self._buffer.index(b"\n")
        name, kind, size_text = (part.decode() for part in bytes(self._buffer[:newline]).split())
        size, first = int(size_text), self._view[newline + 1 :]
        is_packed = packed(first)
        if size <= (LARGEST_PACKED if is_packed else LARGEST_WHOLE):
            whole = bytearray(size)
            whole[: len(first)] = first
            _fill(printed, memoryview(whole)[len(first) :])
            self._note(name, kind, *self._searcher.hits(bytes(whole)))
        else:
            why = [f"an archive larger than {LARGEST_PACKED >> 20} MB"] if is_packed else []
            self._note(name, kind, self._in_pieces(printed, newline + 1, size), why)
        _fill(printed, memoryview(bytearray(1)))  # the line's end after it
        self._count += 1
        self._bytes += size
        self._told(size)

    def _in_pieces(self, printed: IO[bytes], begin: int, size: int) -> list[Hit]:
        def pieces() -> Iterator[bytes]:
            yield bytes(self._view[begin:])
            left = size - (len(self._buffer) - begin)
            while left and not self.stop:
                more = min(left, len(self._buffer))
                _fill(printed, self._view[:more])
                left -= more
                yield bytes(self._view[:more])

        return self._searcher.hits_in_pieces(pieces())


def _fill(printed: IO[bytes], room: memoryview) -> None:
    while room:
        got = printed.readinto(room)  # type: ignore[attr-defined]  # unbuffered, so a FileIO
        if not got:
            raise UnavailableError("git cat-file stopped in the middle of an object.")
        room = room[got:]
