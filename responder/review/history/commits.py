"""Which commits brought an object or a file's name, and which names still reach them."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from tempfile import TemporaryFile
from typing import Final

from responder.review.history.git import Git
from responder.review.history.sighting import Commit
from responder.secret import redact

_READ: Final = 1 << 20
_FIELDS: Final = 4


@dataclass
class History:
    """Of every commit that there is."""

    parents: dict[str, tuple[str, ...]] = field(default_factory=dict)
    brought: dict[str, dict[str, list[str]]] = field(default_factory=dict)  # object -> path -> commits
    named: dict[str, list[str]] = field(default_factory=dict)  # path that was asked for -> commits

    def reached(self, marked: Mapping[str, int], tips: Mapping[str, str]) -> dict[str, int]:
        """Name -> marks of all commits that it reaches.

        Args:
            marked: commit -> its marks, as bits.
            tips: name -> commit.
        """
        marks = dict(marked)
        for commit in _parents_first(self.parents):
            own = marks.get(commit, 0)
            for parent in self.parents[commit]:
                own |= marks.get(parent, 0)
            if own:
                marks[commit] = own
        return {name: marks.get(commit, 0) for name, commit in tips.items()}


def all_commits(git: Git) -> list[str]:
    """Also those that nothing reaches.

    Raises:
        UnavailableError: git failed.
    """
    form = "--batch-check=%(objecttype) %(objectname)"
    lines = git.lines("cat-file", "--batch-all-objects", "--unordered", form, "--buffer")
    return [line.removeprefix("commit ") for line in lines if line.startswith("commit ")]


def history(
    git: Git,
    commits: Sequence[str],
    wanted: Iterable[str],
    is_asked: Callable[[str], bool] | None = None,
) -> History:
    """What brought the wanted objects, by every commit's difference to all its parents.

    Args:
        git: in the repository.
        commits: all that there are.
        wanted: names of blobs.
        is_asked: whether a path's name is one to keep, where names are looked for.

    Raises:
        UnavailableError: git failed.
    """
    told = History()
    blobs = {name.encode() for name in wanted}
    commit = ""
    for token, path in _differences(git, commits):
        if not path:
            commit, *parents = token.decode().split()
            told.parents[commit] = tuple(parents)
            continue
        blob = token.split(b" ")[-2]
        shown = ""
        if blob in blobs:
            shown = path.decode("utf-8", "replace")
            told.brought.setdefault(blob.decode(), {}).setdefault(shown, []).append(commit)
        if is_asked is not None and blob.strip(b"0"):
            shown = shown or path.decode("utf-8", "replace")
            if is_asked(shown):
                told.named.setdefault(shown, []).append(commit)
    return told


def _differences(git: Git, commits: Sequence[str]) -> Iterator[tuple[bytes, bytes]]:
    """A commit with its parents and no path, then its changes, each with its path.

    Of a merge only what none of its parents has: the rest came with them.
    """
    with TemporaryFile() as asked:
        asked.write("\n".join(commits).encode() + b"\n")
        asked.seek(0)
        arguments = ("--stdin", "-r", "-c", "--root", "--raw", "--no-abbrev", "--no-renames", "-z")
        with git.stream("diff-tree", *arguments, "--format=commit %H %P", given=asked) as printed:
            change = b""
            for part in _parts(iter(lambda: printed.read(_READ), b"")):
                token = part.lstrip(b"\n") if not change else part
                if change:
                    yield change, part
                    change = b""
                elif token.startswith(b":"):
                    change = token
                elif token.startswith(b"commit "):
                    yield token.removeprefix(b"commit "), b""


def _parts(blocks: Iterator[bytes]) -> Iterator[bytes]:
    """What zero bytes separate, of a text in blocks."""
    rest = b""
    for block in blocks:
        *whole, rest = (rest + block).split(b"\0")
        yield from whole
    if rest:
        yield rest


def _parents_first(parents: Mapping[str, Sequence[str]]) -> Iterator[str]:
    children: dict[str, list[str]] = {}
    waiting: dict[str, int] = {}
    for commit, of in parents.items():
        waiting[commit] = sum(parent in parents for parent in of)
        for parent in of:
            children.setdefault(parent, []).append(commit)
    ready = [commit for commit, count in waiting.items() if not count]
    while ready:
        commit = ready.pop()
        yield commit
        for child in children.get(commit, ()):
            waiting[child] -= 1
            if not waiting[child]:
                ready.append(child)


@dataclass(frozen=True)
class Names:
    """What leads to objects: name -> the object, tags followed to what they are of."""

    refs: Mapping[str, str]
    reflogs: Mapping[str, str]
    tags: Mapping[str, str]  # annotated tags: object -> name


def names(git: Git) -> Names:
    """Of branches, tags, notes, the stash; checked out commits without a branch; and every reflog."""
    refs: dict[str, str] = {}
    tags: dict[str, str] = {}
    for line in git.lines("for-each-ref", "--format=%(objectname) %(*objectname) %(refname)"):
        target, peeled, name = line.split(" ", 2)
        refs[name] = peeled or target
        if peeled:
            tags[target] = name
    if head := git.lines("rev-parse", "--verify", "--quiet", "HEAD^{commit}", may_fail=True):
        refs["HEAD"] = head[0]
    logged: dict[str, str] = {}
    for line in git.lines("log", "--walk-reflogs", "--all", "--format=%H %gD", may_fail=True):
        commit, _, name = line.partition(" ")
        logged.setdefault(name, commit)
    return Names(refs, logged, tags)


def described(git: Git, commits: Iterable[str]) -> dict[str, Commit]:
    """Who wrote them, and when."""
    asked = "\n".join(dict.fromkeys(commits)).encode()
    if not asked:
        return {}
    answer = git.ask(
        "log",
        "--no-walk=unsorted",
        "--stdin",
        "--encoding=UTF-8",
        "--format=%H%x00%an <%ae>%x00%aI%x00%at",
        given=asked,
    ).decode("utf-8", "replace")
    fields = (line.split("\0") for line in answer.split("\n"))
    return {
        one[0]: Commit(one[0], redact(one[1]), _moment(one[2], one[3]))
        for one in fields
        if len(one) == _FIELDS
    }


def _moment(written: str, seconds: str) -> datetime:
    """Anybody can write any time into a commit; what is none is the beginning of time, as it is for git."""
    try:
        return datetime.fromisoformat(written)
    except ValueError:
        pass  # in no calendar, or so many hours from UTC that no place is
    try:
        return datetime.fromtimestamp(int(seconds), UTC)
    except (ValueError, OverflowError, OSError):
        return datetime.fromtimestamp(0, UTC)
