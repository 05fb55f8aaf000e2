"""Every object that a repository has, whatever reaches it.

git prints them one after another, and that is searched as one text, in large pieces. Only where something
shows are objects told apart, and those are read once more, each by itself. git's own reading is most of the
work, so several of it read at once.
"""

import io
import os
import tempfile
import threading
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import accumulate
from typing import IO, Final

from responder.errors import UnavailableError
from responder.review.history.git import Git
from responder.review.history.printed import Printed, search_printed
from responder.review.history.search import Hit, Needles, Searcher
from responder.review.history.unpack import LONGEST_MAGIC, packed

LARGEST_WHOLE: Final = 64 * 1024 * 1024  # bytes of an object that has lines
LARGEST_PACKED: Final = 512 * 1024 * 1024  # bytes of an archive that is opened
_PIECE: Final = 8 * 1024 * 1024
_WORTH_ANOTHER: Final = 500  # objects for which a further process pays
_SHARES: Final = 3  # a process, so that none waits long for the one that got the large objects
_MOST: Final = 8  # processes
_EVERYTHING: Final = ("--batch-all-objects", "--unordered")
_MOST_DAMAGED: Final = 50  # objects of a share; with more the repository is no such


@dataclass
class Objects:
    """What was seen. Hits are by object."""

    hits: dict[str, list[Hit]] = field(default_factory=dict)
    kinds: dict[str, str] = field(default_factory=dict)  # of the objects with hits: blob, commit, tag, tree
    count: int = 0
    bytes: int = 0  # that git printed
    not_opened: dict[str, list[str]] = field(default_factory=dict)  # by object
    damaged: set[str] = field(default_factory=set)
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
    names = _Names(git.ask("cat-file", *_EVERYTHING, "--batch-check=%(objectname)", "--buffer"))
    count = processes or _processes(len(names))
    objects = Objects(count=len(names))
    idle = [_Reader(git, needles.searcher(), objects, told) for _ in range(count)]
    readers = tuple(idle)

    def read(share: _Names) -> None:
        reader = idle.pop()
        try:
            reader.read(share, whole=count == 1)
        finally:
            idle.append(reader)

    with ThreadPoolExecutor(count, thread_name_prefix="scan") as pool:
        futures = [pool.submit(read, share) for share in _shares(names, count)]
        try:
            for future in futures:
                future.result()
        except BaseException:
            for reader in readers:
                reader.stop = True
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    return objects


def _processes(count: int) -> int:
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, min(cores, _MOST, count // _WORTH_ANOTHER))


@dataclass(frozen=True)
class _Names:
    """Of objects, a line each, as git lists them: a list of millions would take twice the room."""

    lines: bytes = field(repr=False)

    @property
    def _width(self) -> int:
        return self.lines.find(b"\n") + 1

    def __len__(self) -> int:
        return len(self.lines) // self._width if self.lines else 0

    def __getitem__(self, one: int) -> bytes:
        return self.lines[one * self._width : (one + 1) * self._width - 1]

    def part(self, begin: int, end: int | None = None) -> "_Names":
        return _Names(self.lines[begin * self._width : None if end is None else end * self._width])


def _shares(names: _Names, processes: int) -> list[_Names]:
    """Neighbours in a pack stay neighbours: they are made from one another."""
    size = -(-len(names) // (processes if processes == 1 else processes * _SHARES)) or 1
    return [names.part(begin, begin + size) for begin in range(0, len(names), size)]


@dataclass(frozen=True)
class _Listed:
    """Objects in the order in which git prints them, so it is known where each is in that."""

    heads: Sequence[bytes]  # the line that git prints before each; of what cannot be read, all that it prints
    ends: Sequence[int]  # where in it all each is over, its line's end with it

    @classmethod
    def of(cls, git: Git, names: _Names) -> "_Listed":
        heads = git.ask("cat-file", "--batch-check", "--buffer", given=names.lines).splitlines(keepends=True)
        if len(heads) != len(names):
            raise _changed()
        return cls(heads, list(accumulate(map(_length, heads))))

    def at(self, places: Iterable[int]) -> list[int]:
        """The objects in which something ends there."""
        last = len(self.ends) - 1
        return sorted({min(bisect_left(self.ends, place), last) for place in places})


def _length(head: bytes) -> int:
    return len(head) if head.endswith(b" missing\n") else len(head) + int(head.rpartition(b" ")[2]) + 1


class _Reader:
    """One process of git at a time."""

    def __init__(self, git: Git, searcher: Searcher, objects: Objects, told: Callable[[int], None]) -> None:
        self.stop = False
        self._git, self._searcher, self._objects, self._told = git, searcher, objects, told

    def read(self, names: _Names, *, whole: bool) -> None:
        """Search what they are. What cannot be read is told, and the others are read all the same.

        Args:
            names: in the order of git's own list.
            whole: they are all that there are: git need not be told, and looks none of them up.
        """
        failure: UnavailableError | None = None
        for _ in range(_MOST_DAMAGED):
            printed, failure = Printed(), None
            try:
                with self._printed(_Names(b"") if whole else names, *(_EVERYTHING if whole else ())) as pipe:
                    search_printed(pipe, self._searcher, printed, self._told, lambda: self.stop)
            except UnavailableError as error:
                failure = error
            with self._objects.lock:
                self._objects.bytes += printed.length
            if failure is None and not printed.near:
                return
            listed = _Listed.of(self._git, names)
            if failure is None and printed.length != listed.ends[-1]:
                raise _changed()
            self._look(listed, listed.at(printed.near))
            if failure is None:
                return
            broken = bisect_right(listed.ends, printed.length)
            if broken == len(names):
                raise failure
            self._note_damaged(names[broken])
            names, whole = names.part(broken + 1), False
        raise failure or _changed()

    @contextmanager
    def _printed(self, names: _Names, *options: str) -> Iterator[IO[bytes]]:
        with tempfile.TemporaryFile() as asked:
            asked.write(names.lines)
            asked.seek(0)
            with self._git.stream("cat-file", *options, "--batch", "--buffer", given=asked) as printed:
                yield printed

    def _look(self, listed: _Listed, ones: Sequence[int]) -> None:
        """At each by itself."""
        heads = []
        for one in ones:
            name, *about = listed.heads[one].split()
            if about == [b"missing"]:
                self._note_damaged(name)
            else:
                heads.append(listed.heads[one])
        if not heads:
            return
        with self._printed(_Names(b"".join(head.split()[0] + b"\n" for head in heads))) as printed:
            assert isinstance(printed, io.FileIO)  # noqa: S101  # for the type checker
            whole = io.BufferedReader(printed, _PIECE)
            for head in heads:
                if whole.readline() != head:
                    raise _changed()
                self._search(head, whole)
                whole.readline()

    def _search(self, head: bytes, printed: "io.BufferedReader[io.FileIO]") -> None:
        name, kind, size = head.split()[0].decode(), head.split()[1].decode(), int(head.split()[2])
        is_packed = kind == "blob" and packed(printed.peek(LONGEST_MAGIC))
        if size <= (LARGEST_PACKED if is_packed else LARGEST_WHOLE):
            hits, not_opened = self._searcher.hits(_exactly(printed, size))
        else:
            not_opened = [f"an archive larger than {LARGEST_PACKED >> 20} MB"] if is_packed else []
            sizes = (min(_PIECE, size - begin) for begin in range(0, size, _PIECE))
            hits = self._searcher.hits_in_pieces(_exactly(printed, one) for one in sizes)
        with self._objects.lock:
            if hits:
                self._objects.hits[name], self._objects.kinds[name] = hits, kind
            if not_opened:
                self._objects.not_opened[name] = not_opened

    def _note_damaged(self, name: bytes) -> None:
        with self._objects.lock:
            self._objects.damaged.add(name.decode())


def _exactly(printed: "io.BufferedReader[io.FileIO]", size: int) -> bytes:
    data = printed.read(size)
    if len(data) != size:
        raise _changed()
    return data


def _changed() -> UnavailableError:
    return UnavailableError(
        "The repository changed while it was read.",
        next_step="Type the same again when nothing writes to it.",
    )
