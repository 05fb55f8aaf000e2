"""Repositories as git itself reads them: bare ones on disk, with what the state has."""

import tempfile
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path

from responder.sandbox.github import git_objects
from responder.sandbox.github.git_objects import GitObject
from responder.sandbox.github.leaks import Commit
from responder.sandbox.github.state import Repository

# GitHub gives any object of a repository and its forks to who knows its name.
_CONFIG = "[core]\n\tbare = true\n[uploadpack]\n\tallowAnySHA1InWant = true\n\tallowFilter = true\n"


class GitStore:
    """Objects that were written once stay until `close`, as GitHub keeps what nothing reaches any more."""

    def __init__(self) -> None:
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self._written: set[tuple[int, str]] = set()

    def put(self, repository: Repository) -> Path:
        """Bring it up to date; gives its folder. Whoever calls holds the plane's condition."""
        if self._folder is None:
            self._folder = tempfile.TemporaryDirectory(prefix="respond-sandbox-git-")
        folder = Path(self._folder.name) / str(repository.id)
        if not folder.exists():
            for name in ("objects", "refs"):
                (folder / name).mkdir(parents=True)
            (folder / "HEAD").write_text(f"ref: refs/heads/{repository.default_branch}\n")
            (folder / "config").write_text(_CONFIG)
        for commit, files in _commits(repository):
            if (repository.id, commit.name) not in self._written:
                for one in (*git_objects.tree(files), commit):
                    _write(folder, one)
                self._written.add((repository.id, commit.name))
        refs = sorted(_refs(repository).items())
        (folder / "packed-refs").write_text("".join(f"{name} {ref}\n" for ref, name in refs))
        return folder

    def close(self) -> None:
        if self._folder is not None:
            self._folder.cleanup()
            self._folder = None
            self._written.clear()


def _refs(repository: Repository) -> dict[str, str]:
    """A pull request's commits may be in a fork alone; its own name leads to them all the same."""
    pulls = {f"refs/pull/{number}/head": commits[-1] for number, commits in repository.spilt.pulls.items()}
    return {f"refs/heads/{one.name}": one.sha for one in repository.branches.values()} | pulls


def _commits(repository: Repository) -> Iterator[tuple[GitObject, Mapping[str, bytes]]]:
    for branch in repository.branches.values():
        if not branch.head:
            yield git_objects.beginning(branch.files), branch.files
    for commit in repository.spilt.commits.values():
        if commit.parent not in repository.spilt.commits:
            before = _before(commit)
            yield git_objects.beginning(before), before
        yield commit.as_git(), commit.tree


def _before(commit: Commit) -> Mapping[str, bytes]:
    changed = {change.path: change.before for change in commit.changes}
    return {path: data for path, data in {**commit.tree, **changed}.items() if data is not None}


def _write(folder: Path, one: GitObject) -> None:
    path = folder / "objects" / one.name[:2] / one.name[2:]
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(zlib.compress(one.whole, 1))
