"""How to take a value out of a history: commands to paste, which are never run from here."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from responder.review.history.sighting import Sighting

GITHUB_PAGE: Final = (
    "https://docs.github.com/authentication/keeping-your-account-and-data-secure/"
    "removing-sensitive-data-from-a-repository"
)
_SHARED: Final = ("history", "commit message", "tag message", "file name")
_PULLS: Final = "refs/pull/"
_MOST_IDS: Final = 20  # that are pasted; more go by path


@dataclass(frozen=True)
class Advice:
    """What to do, and what to type for it."""

    what: str
    commands: tuple[str, ...] = ()


def advice(sightings: Sequence[Sighting]) -> Iterator[Advice]:
    """For what was found, in the order of doing. Nothing where nothing was."""
    leaks = [one for one in sightings if one.secret]
    if not leaks:
        return
    yield Advice("Rotate first. Purging replaces no rotation: who has a clone has the value.")
    for repository in dict.fromkeys(one.repository for one in leaks):
        here = [one for one in leaks if one.repository == repository]
        yield from _of_one(repository, [one for one in here if one.where in _SHARED and _is_shared(one)])
    pulls = {name for one in leaks if not _is_shared(one) for name in one.refs if name.startswith(_PULLS)}
    if pulls:
        numbers = ", ".join(sorted({name.split("/")[2] for name in pulls}, key=int))
        yield Advice(
            f"Only pull requests have it (no. {numbers}): nobody but GitHub's support can take it out of "
            f"them: {GITHUB_PAGE}"
        )
    yield from _local(leaks)


def _is_shared(one: Sighting) -> bool:
    """Whether it goes where branches and tags go."""
    return any(name != "refs/stash" and not name.startswith(_PULLS) for name in one.refs)


def _of_one(repository: str, shared: Sequence[Sighting]) -> Iterator[Advice]:
    if not shared:
        return
    name = f"In {repository}: " if repository else ""
    yield Advice(
        f"{name}Rewrite the history in a fresh clone (git-filter-repo; it changes every later commit's id).",
        ("git clone --mirror URL purge.git", "cd purge.git"),
    )
    noted = [one for one in shared if all(name.startswith("refs/notes/") for name in one.refs)]
    shared = [one for one in shared if one not in noted]
    blobs = sorted({blob for one in shared if one.where == "history" for blob in one.objects})
    if blobs and len(blobs) <= _MOST_IDS:
        ids = " ".join(blobs)
        yield Advice(
            "Take out the versions of files that hold it, by their ids (the value is not typed):",
            (f"printf '%s\\n' {ids} > ../ids", "git filter-repo --strip-blobs-with-ids ../ids"),
        )
    elif blobs:
        paths = sorted({one.path for one in shared if one.where == "history"})
        options = " ".join(f"--path {quoted(path)}" for path in paths)
        yield Advice(
            f"Take out the files that hold it, in all {len(blobs)} versions:",
            (f"git filter-repo --invert-paths {options}",),
        )
    if any(one.where in {"commit message", "tag message"} for one in shared):
        yield from _by_value("For messages", "--replace-message ../values")
    elif any(one.where == "history" and one.encoding == "plain" and not one.inside for one in shared):
        yield from _by_value(
            "Or keep the files and replace the value where it is plain", "--replace-text ../values"
        )
    if any(one.where == "file name" for one in shared):
        yield Advice("A file's own name: git filter-repo --path-rename, or --invert-paths --path-regex.")
    if noted:
        names = sorted({name for one in noted for name in one.refs})
        yield Advice(
            "git-filter-repo leaves notes as they are; after it they belong to no commit any more:",
            tuple(f"git update-ref -d {name}" for name in names),
        )
    yield Advice(
        "Then push it, and have everybody clone afresh: an old clone brings it back. GitHub refuses its own "
        "refs/pull/*; the rest arrives.",
        ("git push --force --mirror URL",),
    )
    yield Advice(
        "It stays in forks, in pull requests' refs and in GitHub's caches until GitHub's support removes it: "
        f"{GITHUB_PAGE}"
    )


def _by_value(what: str, option: str) -> Iterator[Advice]:
    yield Advice(
        f"{what} (typed hidden: neither in the shell's history nor in its arguments):",
        (
            "(umask 077; IFS= read -rs v; printf 'literal:%s==>REMOVED\\n' \"$v\" > ../values)",
            f"git filter-repo --force {option}",
            "rm ../values",
        ),
    )


def _local(leaks: Sequence[Sighting]) -> Iterator[Advice]:
    if any(one.kept.startswith("refs/stash") or set(one.refs) == {"refs/stash"} for one in leaks):
        yield Advice(
            "The stash is on this machine alone. Look at it, then drop it:",
            ("git stash list", "git stash drop"),
        )
    if any(one.kept and one.where != "index" for one in leaks):
        yield Advice(
            "What no name reaches goes with the reflogs (this also ends your own way back):",
            ("git reflog expire --expire=now --expire-unreachable=now --all", "git gc --prune=now"),
        )
    files = sorted(
        {
            one.place
            for one in leaks
            if one.where in {"working tree", "untracked", "ignored", "git folder", "index"}
        }
    )
    if files:
        shown = ", ".join(files[:5]) + (f" and {len(files) - 5} more" if len(files) > 5 else "")  # noqa: PLR2004
        yield Advice(f"Take it out of the files here: {shown}.")


def quoted(path: str) -> str:
    import shlex  # noqa: PLC0415

    return shlex.quote(path)
