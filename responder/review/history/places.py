"""From objects with hits in them to places that a person can go to: one path with all its versions is one."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from responder.errors import UnavailableError
from responder.review.history.commits import History, Names, all_commits, described, history, names
from responder.review.history.git import Git, Repository, zeros
from responder.review.history.objects import Objects
from responder.review.history.search import Hit, Needles
from responder.review.history.sighting import Commit, Sighting, Where, readable
from responder.secret import redact

_UNTIL_GC: Final = "nothing: git keeps it until its next `git gc` finds it old enough"
_UNKNOWN: Final = "what is not known, as the history cannot be read whole"
_STAGED: Final = "the index: staged, not committed"


@dataclass
class Place:
    """Of one value in one encoding. `hit` is that of the version seen first."""

    hit: Hit
    where: Where
    path: str
    objects: list[str] = field(default_factory=list)
    lines: dict[str, int] = field(default_factory=dict)  # by the commits that brought it
    refs: tuple[str, ...] = ()
    kept: str = ""

    def sighting(self, repository: str, commits: Mapping[str, Commit] | None = None) -> Sighting:
        brought = [(commits or {})[name] for name in self.lines if name in (commits or {})]
        brought.sort(key=lambda one: one.at)
        value = self.hit.value
        return Sighting(
            value=value.label,
            fingerprint=value.fingerprint,
            secret=value.secret,
            where=self.where,
            path=redact(readable(self.path)),
            encoding=self.hit.encoding,
            line=self.lines[brought[0].id] if brought else self.hit.line,
            repository=readable(repository),
            inside=redact(self.hit.inside),
            objects=tuple(dict.fromkeys(self.objects)),
            commits=tuple(brought),
            refs=self.refs,
            kept=self.kept,
        )


def sightings(
    repository: Repository, prefix: str, objects: Objects, needles: Needles, not_read: Callable[[str], None]
) -> list[Sighting]:
    """Where the objects' hits are.

    Args:
        repository: that the objects are of.
        prefix: what to call it; empty for the one that was asked for.
        objects: what was found.
        needles: what was looked for.
        not_read: is told why the history is not known, where git cannot read it. What was found
            counts all the same.

    Raises:
        UnavailableError: git failed.
    """
    if not objects.hits:
        return []
    places = _Places(repository, objects, needles, not_read)
    for name in objects.hits:
        places.add_object(name)
    places.add_names()
    places.add_reach()
    commits = described(repository.git, (commit for one in places.all for commit in one.lines))
    return [one.sighting(prefix, commits) for one in places.all]


class _Places:
    def __init__(
        self,
        repository: Repository,
        objects: Objects,
        needles: Needles,
        not_read: Callable[[str], None],
    ) -> None:
        self._objects, self._searcher = objects, needles.searcher()
        self._places: dict[tuple[str, str, str, Where, str], Place] = {}
        blobs = [name for name, kind in objects.kinds.items() if kind == "blob"]
        in_a_name = (lambda path: bool(self._in_name(path))) if "tree" in objects.kinds.values() else None
        commits = [name for name in all_commits(repository.git) if name not in objects.damaged]
        self._history, self._lost = History(), _UNTIL_GC
        try:
            self._history = history(repository.git, commits, blobs, in_a_name)
        except UnavailableError as error:
            self._lost = _UNKNOWN
            not_read(f"which commits and names have what was found: {error.what}")
        self._in_names = {hit.value for path in self._history.named for hit in self._in_name(path)}
        self._names: Names = names(repository.git)
        loose = any(name not in self._history.brought for name in blobs)
        self._staged = _staged(repository) if loose else {}

    @property
    def all(self) -> list[Place]:
        return list(self._places.values())

    def add_object(self, name: str) -> None:
        for hit in self._objects.hits[name]:
            match self._objects.kinds[name]:
                case "commit":
                    self._add(replace(hit, line=0), "commit message", name[:12], name, [name])
                case "tag":
                    ref = self._names.tags.get(name, "")
                    shown = ref.removeprefix("refs/tags/") or name[:12]
                    place = self._add(replace(hit, line=0), "tag message", shown, name)
                    place.refs, place.kept = ((ref,), "") if ref else ((), _UNTIL_GC)
                case "blob" if name in self._history.brought:
                    for path, commits in self._history.brought[name].items():
                        self._add(hit, "history", path, name, commits)
                case "blob" if name in self._staged:
                    self._add(hit, "index", self._staged[name], name).kept = _STAGED
                case kind if kind == "blob" or hit.value not in self._in_names:
                    self._add(hit, "dangling", name[:12], name).kept = self._lost

    def add_names(self) -> None:
        for path, commits in self._history.named.items():
            for hit in self._in_name(path):
                self._add(replace(hit, line=0), "file name", path, "", commits)

    def add_reach(self) -> None:
        """What still leads to a commit that brought it: refs, else a reflog, else nothing."""
        marked: dict[str, int] = {}
        for number, place in enumerate(self.all):
            for commit in place.lines:
                marked[commit] = marked.get(commit, 0) | 1 << number
        by_ref = self._history.reached(marked, self._names.refs)
        by_log = self._history.reached(marked, self._names.reflogs)
        for number, place in enumerate(self.all):
            if place.lines:
                place.refs = tuple(sorted(name for name, marks in by_ref.items() if marks >> number & 1))
                logs = (name for name, marks in by_log.items() if marks >> number & 1)
                place.kept = "" if place.refs else next(logs, _UNTIL_GC)

    def _in_name(self, path: str) -> list[Hit]:
        return list(self._searcher.plain_hits(path.encode("utf-8", "replace")))

    def _add(self, hit: Hit, where: Where, path: str, name: str, commits: Iterable[str] = ()) -> Place:
        key = (hit.value.label, hit.encoding, hit.inside, where, path)
        place = self._places.setdefault(key, Place(hit, where, path))
        place.objects += [name] if name else []
        place.lines |= dict.fromkeys(commits, hit.line)
        return place


def _staged(repository: Repository) -> dict[str, str]:
    """Blob -> path, of every worktree's index."""
    staged: dict[str, str] = {}
    for top in repository.worktrees():
        for line in zeros(Git(top).ask("ls-files", "--stage", "-z", may_fail=True)):
            about, _, path = line.partition("\t")
            staged[about.split(" ")[1]] = path
    return staged
