"""How to take a value out of a history: commands to paste, which are never run from here."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from responder.review.history.sighting import Sighting

GITHUB_PAGE: Final = (
    "https://docs.github.com/authentication/keeping-your-account-and-data-secure/"
    "removing-sensitive-data-from-a-repository"
)
SUPPORT: Final = "https://support.github.com"
_SHARED: Final = ("history", "commit message", "tag message", "file name")
_PULLS: Final = "refs/pull/"
_MOST_IDS: Final = 20  # that are pasted; more go by path
# Typed hidden and from no argument: neither in the shell's history nor in the list of processes.
_TYPED: Final = '(umask 077; while IFS= read -rs v && [ "$v" ]; do printf \'{form}\\n\' "$v"; done > {file})'
_VALUES: Final = _TYPED.format(form="literal:%s==>REMOVED", file="../values")
_NAMES: Final = _TYPED.format(form="glob:*%s*", file="../names")
_HOW: Final = "each with Enter, an empty line at the end (bash; nothing is shown):"
# As `git gc` by itself: what is in the stash stays, where `git reflog expire --all` would drop it.
_COLLECT: Final = "-c gc.reflogExpire=now -c gc.reflogExpireUnreachable=now gc --prune=now"


@dataclass(frozen=True)
class Advice:
    """What to do, and what to type for it."""

    what: str
    commands: tuple[str, ...] = ()


FIRST: Final = Advice("Rotate first. Purging replaces no rotation: who has a clone has the value.")


def advice(sightings: Sequence[Sighting], url: str = "") -> Iterator[Advice]:
    """For what was found, in the order of doing. Nothing where nothing was.

    Args:
        sightings: all of a scan.
        url: where the repository that was asked for is pushed to, as far as it is known.
    """
    leaks = [one for one in sightings if one.secret]
    if not leaks:
        return
    yield FIRST
    repositories = list(dict.fromkeys(one.repository for one in leaks))
    for repository in repositories:
        here = [one for one in leaks if one.repository == repository]
        shared = [one for one in here if one.where in _SHARED and _is_shared(one)]
        yield from _of_one(repository, (url if not repository else "") or "URL", shared)
    pulls = {name for one in leaks if not _is_shared(one) for name in one.refs if name.startswith(_PULLS)}
    if pulls:
        numbers = ", ".join(sorted({name.split("/")[2] for name in pulls}, key=int))
        yield Advice(
            f"Only pull requests have it (no. {numbers}). No push reaches their refs, and closing one leaves "
            f"it: ask GitHub's support ({SUPPORT}) to remove them, with the repository's name and these "
            f"numbers. If it is in a fork, its owner has to take it out there: {GITHUB_PAGE}"
        )
    for repository in repositories:
        yield from _local(repository, [one for one in leaks if one.repository == repository])
    yield Advice("Then search again, in a fresh clone too: none of it may be found any more.")


def _is_shared(one: Sighting) -> bool:
    """Whether it goes where branches and tags go."""
    return any(name != "refs/stash" and not name.startswith(_PULLS) for name in one.refs)


def _of_one(repository: str, url: str, shared: Sequence[Sighting]) -> Iterator[Advice]:
    if not shared:
        return
    noted = [one for one in shared if all(name.startswith("refs/notes/") for name in one.refs)]
    name = f"In {repository}: " if repository else ""
    yield Advice(
        f"{name}Take it out of the history in a fresh clone, when nobody pushes. Every later commit gets "
        "another id. It takes git-filter-repo 2.47 or newer: pip install git-filter-repo",
        ('pushd "$(mktemp -d)"', f"git clone --mirror {quoted(url)} purge.git", "cd purge.git"),
    )
    yield from _rewritten([one for one in shared if one not in noted])
    if noted:
        names = sorted({name for one in noted for name in one.refs})
        yield Advice(
            "git-filter-repo leaves notes as they are. These go whole:",
            tuple(f"git update-ref -d {quoted(name)}" for name in names),
        )
    yield Advice(
        "Then push it. GitHub refuses its own refs/pull/*, and the rest arrives; protected branches must let "
        "it through meanwhile. Have everybody clone afresh, here too: an old clone brings it back.",
        (f"git push --force --mirror {quoted(url)}",),
    )
    if repository:
        yield Advice(f"Then let what has {repository} as a submodule point to its new commit.")
    yield Advice(
        "It stays in forks, in pull requests and in GitHub's caches, where anybody who knows a commit's id "
        f"sees it. Ask GitHub's support ({SUPPORT}) to remove it: they want the repository's name, the first "
        f"changed commits, and how many pull requests are affected ({GITHUB_PAGE}):",
        (
            "cat filter-repo/first-changed-commits",
            "grep -c '^refs/pull/.*/head$' filter-repo/changed-refs",
            "popd",
        ),
    )


def _rewritten(shared: Sequence[Sighting]) -> Iterator[Advice]:
    """One run of git-filter-repo for all of it."""
    files = [one for one in shared if one.where == "history"]
    whole = [one for one in files if not _is_plain_text(one)]
    options: list[str] = []
    is_typed = len(whole) < len(files) or any(
        one.where in {"commit message", "tag message"} for one in shared
    )
    if is_typed:
        yield Advice(f"Type what is to go from texts and messages, as it stands there, {_HOW}", (_VALUES,))
        options.append("--replace-text ../values --replace-message ../values")
    blobs = sorted({blob for one in whole for blob in one.objects})
    if blobs and len(blobs) <= _MOST_IDS:
        yield Advice(
            f"Versions of files that hold it encoded or packed go whole, by their ids: {_listed(whole)}.",
            (f"printf '%s\\n' {' '.join(blobs)} > ../ids",),
        )
        options.append("--strip-blobs-with-ids ../ids")
    is_named = any(one.where == "file name" for one in shared)
    if is_named:
        yield Advice(f"Files that have it in their names go. Type it as it stands there, {_HOW}", (_NAMES,))
    if is_named or len(blobs) > _MOST_IDS:
        options.append("--invert-paths")
    if is_named:
        options.append("--paths-from-file ../names")
    if len(blobs) > _MOST_IDS:
        yield Advice(f"Files that hold it encoded or packed go in all their versions: {_listed(whole)}.")
        options += [f"--path {quoted(path)}" for path in sorted({one.path for one in whole})]
    if options:
        command = f"git filter-repo --sensitive-data-removal {' '.join(options)}"
        yield Advice("Then rewrite it:", (command, "rm -f ../values ../ids ../names"))


def _is_plain_text(one: Sighting) -> bool:
    """Whether git-filter-repo can replace it: it leaves alone what is binary, as git tells it."""
    return one.encoding == "plain" and not one.inside and one.line > 0


def _listed(sightings: Sequence[Sighting]) -> str:
    paths = sorted({one.place for one in sightings})
    return ", ".join(paths[:5]) + (f" and {len(paths) - 5} more" if len(paths) > 5 else "")  # noqa: PLR2004


def _local(repository: str, leaks: Sequence[Sighting]) -> Iterator[Advice]:
    git = f"git -C {quoted(repository)}" if repository else "git"
    stashed = sorted({_stash(one) for one in leaks} - {-1}, reverse=True)
    if stashed:
        yield Advice(
            "The stash is on this machine alone. Look at each, then drop it, the last first:",
            (
                *(f"{git} stash show -p --include-untracked stash@{{{number}}}" for number in stashed),
                *(f"{git} stash drop stash@{{{number}}}" for number in stashed),
            ),
        )
    files = sorted({one.place for one in leaks if one.where in _HERE})
    if files:
        shown = ", ".join(files[:5]) + (f" and {len(files) - 5} more" if len(files) > 5 else "")  # noqa: PLR2004
        yield Advice(f"Take it out of the files here: {shown}.")
    staged = sorted({one.path for one in leaks if one.where == "index"})
    if staged:
        yield Advice(
            "It is staged. Once it is out of the file, stage that; or have it staged no more:",
            tuple(f"{git} rm --cached -- {quoted(path)}" for path in staged),
        )
    if stashed or any(one.kept for one in leaks):
        yield Advice(
            "What no name reaches goes with the reflogs (which also ends your own way back; stashes stay):",
            (f"{git} {_COLLECT}",),
        )


_HERE: Final = ("working tree", "untracked", "ignored", "git folder")


def _stash(one: Sighting) -> int:
    """Which entry of the stash has it and nothing else does; -1 for none."""
    if set(one.refs) == {"refs/stash"}:
        return 0
    number = one.kept.removeprefix("refs/stash@{").removesuffix("}")
    return int(number) if one.kept.startswith("refs/stash@{") and number.isdecimal() else -1


def quoted(path: str) -> str:
    import shlex  # noqa: PLC0415

    return shlex.quote(path)
