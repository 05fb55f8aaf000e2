"""The files of a folder, ignored ones too, and what git keeps beside its objects."""

import os
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import Final

from responder.review.history.search import Hit, Searcher
from responder.review.history.unpack import LONGEST_MAGIC, packed

_WHOLE: Final = 64 * 1024 * 1024  # bytes; larger files are searched in pieces, and told without a line
_PIECE: Final = 8 * 1024 * 1024
_OBJECTS: Final = ("objects", "modules")  # of a git folder: searched elsewhere


@dataclass
class Files:
    """What was seen, by path from the folder."""

    hits: dict[str, list[Hit]] = field(default_factory=dict)
    named: dict[str, list[Hit]] = field(default_factory=dict)  # in the path itself
    nested: list[Path] = field(default_factory=list)  # folders with a repository of their own
    not_looked_at: list[str] = field(default_factory=list)
    count: int = 0
    bytes: int = 0


def search_folder(
    top: Path, searcher: Searcher, told: Callable[[int], None] = lambda _bytes: None, *, of_git: bool = False
) -> Files:
    """Every regular file below `top`; no link is followed, and nothing of repositories within.

    Args:
        top: the folder of a working tree, or git's own with `of_git`.
        searcher: what to look for.
        told: how many bytes were searched further.
        of_git: leave out what holds objects, and the folders of submodules.
    """
    files = Files()
    shown: list[str] = []
    above = len(os.path.join(top, ""))  # noqa: PTH118  # a Path for each of many files takes as long as reading it
    for path in _walk(top, files, of_git=of_git):
        shown.append(path[above:])
        try:
            _search(path, searcher, files, shown[-1], told)
        except FileNotFoundError:
            continue  # gone meanwhile
        except OSError as error:
            files.not_looked_at.append(f"{path}: {error.strerror or 'it cannot be read'}")
    if searcher.ends("\0".join(shown).encode("utf-8", "replace")):
        hits = {path: list(searcher.plain_hits(path.encode("utf-8", "replace"))) for path in shown}
        files.named = {path: hit for path, hit in hits.items() if hit}
    return files


def _walk(top: Path, files: Files, *, of_git: bool) -> Iterator[str]:
    def failed(error: OSError) -> None:
        files.not_looked_at.append(f"{error.filename}: {error.strerror or 'it cannot be read'}")

    for folder, folders, here in os.walk(top, onerror=failed):
        at_top = folder == str(top)
        if of_git and (at_top or Path(folder).parent == top / "worktrees"):
            folders[:] = [one for one in folders if one not in _OBJECTS]
        elif not of_git and at_top:
            folders[:] = [one for one in folders if one != ".git"]
            here = [one for one in here if one != ".git"]  # noqa: PLW2901  # a linked worktree's
        elif not of_git and (".git" in folders or ".git" in here):
            files.nested.append(Path(folder))
            folders[:] = []
            continue
        folders.sort()
        yield from (os.path.join(folder, one) for one in sorted(here))  # noqa: PTH118  # see above


def _search(path: str, searcher: Searcher, files: Files, shown: str, told: Callable[[int], None]) -> None:
    if not stat.S_ISREG(os.lstat(path).st_mode):
        return
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    with os.fdopen(descriptor, "rb", buffering=0) as file:
        size = os.fstat(descriptor).st_size
        files.count += 1
        files.bytes += size
        told(size)
        if size > _WHOLE:
            start = file.read(LONGEST_MAGIC)
            if packed(start):
                files.not_looked_at.append(f"{shown}: an archive larger than {_WHOLE >> 20} MB is not opened")
            pieces = chain([start], iter(lambda: file.read(_PIECE), b""))
            hits = searcher.hits_in_pieces(pieces)
        else:
            hits, not_opened = searcher.hits(file.read())
            files.not_looked_at += [f"{shown}: {why}" for why in not_opened]
    if hits:
        files.hits[shown] = hits
