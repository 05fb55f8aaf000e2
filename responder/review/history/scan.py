"""One repository whole: objects, working trees, ignored files, git's own folder, submodules."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from responder.errors import RespondError
from responder.questions import aside
from responder.review.history.folder import Files, search_folder
from responder.review.history.git import Git, Repository, zeros
from responder.review.history.objects import Objects, search_objects
from responder.review.history.origin import origin_to_show
from responder.review.history.places import Place, sightings
from responder.review.history.pulls import pull_requests
from responder.review.history.search import Needles
from responder.review.history.sighting import Scan, Where, readable

if TYPE_CHECKING:
    from responder.providers.github.git_access import GitAccess

NEVER_IN_A_CLONE: Final = "LFS files that were never fetched, forks, and other people's clones"
PULLS: Final = "what only pull requests have (add --pulls)"


def scan_repository(path: Path, needles: Needles, told: Callable[[int], None] = lambda _bytes: None) -> Scan:
    """Everything of the repository that `path` is in, and of those within it.

    Args:
        path: any folder of it; also a bare one.
        needles: what to look for.
        told: how many bytes were searched further; from any thread.

    Raises:
        InputError: it is in no repository.
        UnavailableError: git failed.
    """
    repository, scan = Repository.at(path), Scan()
    _scan_one(repository, "", needles, told, scan, set())
    scan.sightings.sort(key=lambda one: (not one.secret, one.since is None, one.since, one.place))
    scan.not_looked_at = [readable(why) for why in scan.not_looked_at]
    scan.origin = origin_to_show(repository.git) if scan.leaks else ""
    return scan


def scan_pulls(path: Path, access: "GitAccess", needles: Needles) -> Scan:
    """What only the pull requests of the repository that `path` is in have.

    Raises:
        InputError: it is in no repository.
        UnavailableError: they cannot be had, or git failed.
    """
    with pull_requests(Repository.at(path), access) as (fetched, repository):
        objects = search_objects(fetched, needles)
        scan = Scan(objects=objects.count, object_bytes=objects.bytes)
        cut = (*repository.cut_off(), *_unread(objects))
        scan.not_looked_at += [f"pull requests: {why}" for why in cut]
        scan.sightings += sightings(repository, "", objects, needles, scan.not_looked_at.append)
    return scan


def _scan_one(
    repository: Repository,
    prefix: str,
    needles: Needles,
    told: Callable[[int], None],
    scan: Scan,
    seen: set[Path],
) -> None:
    if repository.common in seen:
        return
    seen.add(repository.common)
    scan.repositories.append(readable(prefix or str(repository.top or repository.folder)))

    def say(whys: Iterable[str]) -> None:
        scan.not_looked_at += [f"{prefix}: {why}" if prefix else why for why in whys]

    # At once with the objects: it is git that reads those, and waits for us.
    pending = aside(_checked_out, repository, needles, told)
    cut_off = aside(lambda: [*repository.cut_off()])
    objects = search_objects(repository.git, needles, told)
    scan.objects += objects.count
    scan.object_bytes += objects.bytes
    say([*cut_off.result(), *_unread(objects)])
    scan.sightings += sightings(repository, prefix, objects, needles, lambda why: say([why]))
    folders = pending.result()
    seen.update(one.top for one in folders)
    for one in folders:
        _take(one, scan, prefix)
        for nested in one.files.nested:
            shown = f"{prefix}/{one.beside}{nested.relative_to(one.top)}".lstrip("/")
            _scan_nested(nested, shown, needles, told, scan, seen)
        scan.not_looked_at += one.not_looked_at
    for modules in (repository.common / "modules", *repository.common.glob("worktrees/*/modules")):
        for nested in sorted(modules.glob("**/HEAD")):
            if (nested.parent / "objects").is_dir():
                name = str(nested.parent.relative_to(modules))
                _scan_nested(nested.parent, f"{prefix}/{name}".lstrip("/"), needles, told, scan, seen)


@dataclass(frozen=True)
class _Folder:
    """One that was searched."""

    top: Path
    files: Files
    beside: str  # before its paths: what tells it from the folder that was asked for
    status: Mapping[str, Where]
    otherwise: Where  # of files that `status` does not name
    not_looked_at: Sequence[str] = ()


def _checked_out(repository: Repository, needles: Needles, told: Callable[[int], None]) -> list[_Folder]:
    """Its working trees, and git's own folder."""
    searcher = needles.searcher()
    folders = []
    for top in repository.worktrees():
        files = search_folder(top, searcher, told)
        beside = "" if top == repository.top else f"{top}/"
        status = _status(Git(top), files.hits)
        absent = [
            f"submodule {name} is not checked out: `git submodule update --init {name}`"
            for name in _not_checked_out(top)
        ]
        folders.append(_Folder(top, files, beside, status, "working tree", absent))
    files = search_folder(repository.common, searcher, told, of_git=True)
    beside = ".git/" if repository.top else ""
    return [*folders, _Folder(repository.common, files, beside, {}, "git folder")]


def _scan_nested(
    path: Path, shown: str, needles: Needles, told: Callable[[int], None], scan: Scan, seen: set[Path]
) -> None:
    """One that cannot be read must not keep the rest from being searched."""
    if path in seen:
        return
    try:
        repository = Repository.at(path)
        if repository.common in seen:
            _scan_no_repository(path, shown, needles, told, scan, seen)
        else:
            _scan_one(repository, shown, needles, told, scan, seen)
    except RespondError as error:
        scan.not_looked_at.append(f"{shown}: {error.what}")


def _scan_no_repository(
    path: Path, shown: str, needles: Needles, told: Callable[[int], None], scan: Scan, seen: set[Path]
) -> None:
    """Files beside a `.git` that is none, so that git takes them for the outer one's, or was moved here."""
    seen.add(path)
    searcher, inner = needles.searcher(), path / ".git"
    files = search_folder(path, searcher, told)
    _take(_Folder(path, files, "", _status(Git(path), files.hits), "working tree"), scan, shown)
    if inner.is_dir() and not inner.is_symlink():
        _take(_Folder(inner, search_folder(inner, searcher, told), ".git/", {}, "git folder"), scan, shown)
    for nested in files.nested:
        _scan_nested(nested, f"{shown}/{nested.relative_to(path)}", needles, told, scan, seen)


def _unread(objects: Objects) -> Iterator[str]:
    yield from (f"object {name[:12]}: it is damaged" for name in sorted(objects.damaged))
    for name, whys in objects.not_opened.items():
        yield from (f"object {name[:12]}: {why}" for why in whys)


def _take(folder: _Folder, scan: Scan, prefix: str) -> None:
    files = folder.files
    scan.files += files.count
    scan.file_bytes += files.bytes
    scan.not_looked_at += files.not_looked_at
    for path, hits in files.hits.items():
        where = folder.status.get(path, folder.otherwise)
        scan.sightings += [Place(hit, where, folder.beside + path).sighting(prefix) for hit in hits]
    for path, hits in files.named.items():
        scan.sightings += [Place(hit, "file name", folder.beside + path).sighting(prefix) for hit in hits]


def _status(git: Git, paths: Iterable[str]) -> dict[str, Where]:
    """Of files that are not tracked."""
    asked = b"\0".join(path.encode("utf-8", "surrogateescape") for path in paths)
    if not asked:
        return {}
    ignored = git.ask("check-ignore", "-z", "--stdin", given=asked + b"\0", may_fail=True)
    others = git.ask("ls-files", "-z", "--others", may_fail=True)
    states: dict[str, Where] = {}
    states |= dict.fromkeys(zeros(others), "untracked")
    states |= dict.fromkeys(set(zeros(ignored)) & set(states), "ignored")
    return states


def _not_checked_out(top: Path) -> list[str]:
    """Submodules without a repository here. `git submodule status` would start a dozen programs to tell."""
    if not (top / ".gitmodules").is_file():
        return []
    git, named = Git(top), r"^submodule\..*\.path$"
    told = git.ask("config", "--file", ".gitmodules", "-z", "--get-regexp", named, may_fail=True)
    paths = [one.partition("\n")[2] for one in zeros(told)]
    staged = git.ask(
        "ls-files", "--stage", "-z", "--", *(f":(literal){path}" for path in paths), may_fail=True
    )
    links = [one.partition("\t")[2] for one in zeros(staged) if one.startswith("160000 ")]
    return [path for path in links if not (top / path / ".git").exists()]
