"""The repository on this machine: what is in it that should not be, and what git would let in."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

from responder.checklist.point import Facts, Look, Point, cannot_tell, fail, passes
from responder.recognise import recognise

_LARGEST = 1_000_000  # bytes; longer files are for `respond scan`
_TOKEN_FILES = (".modal.toml", ".aws/credentials", ".netrc", ".git-credentials", ".pypirc")
_PRIVATE = (".env", "prod.env", ".modal.toml", "secrets.env")


def no_plaintext(facts: Facts) -> Iterator[Look]:
    files = _tracked(facts.project)
    if files is None:
        yield _no_repository(facts.project)
        return
    clean = True
    for name in files:
        for what, line in _credentials_in(facts.project / name):
            clean = False
            yield fail(
                f"{name} holds {what}.",
                f"respond leak --file {name}, then take it out; `respond scan` finds it in the history.",
                name,
                line,
            )
    if clean:
        yield passes(f"No credential in the {len(files)} files that git tracks; `respond scan` for history.")


def ignored(facts: Facts) -> Iterator[Look]:
    if _tracked(facts.project) is None:
        yield _no_repository(facts.project)
        return
    let_in = [name for name in _PRIVATE if _git(facts.project, "check-ignore", "--no-index", "-q", name)[0]]
    if let_in:
        yield fail(
            f"git would take {', '.join(let_in)} into a commit.",
            "printf '*.env\\n.env*\\n.modal.toml\\n' >> .gitignore",
            ".gitignore",
        )
    else:
        yield passes(f"git ignores {', '.join(_PRIVATE)}.")


def no_token_files(facts: Facts) -> Iterator[Look]:
    """Where tools keep tokens belongs into the home folder: a project's folder is shared and copied."""
    there = [name for name in _TOKEN_FILES if (facts.project / name).is_file()]
    for name in there:
        yield fail(
            f"{facts.project / name} is inside the project.",
            f"Move it to your home folder: mv {name} ~/{name}",
            name,
        )
    if not there:
        yield passes(f"None of {', '.join(_TOKEN_FILES)} is in {facts.project}.")


def _credentials_in(path: Path) -> Iterator[tuple[str, int]]:
    """What it is, and its line. An identifier alone is public."""
    if not path.is_file() or path.is_symlink() or path.stat().st_size > _LARGEST:
        return
    recognised = recognise(path.read_text(errors="replace"))
    for found in recognised.found:
        if found.secret is not None:
            yield (
                f"the {found.kind.value} {found.identifier} with its secret",
                recognised.lines[found.identifier],
            )


def _tracked(project: Path) -> list[str] | None:
    """Paths, as git has them; None where git knows nothing of the folder."""
    code, out = _git(project, "ls-files", "-z")
    return None if code else [name for name in out.split("\0") if name]


def _git(project: Path, *arguments: str) -> tuple[int, str]:
    try:
        done = subprocess.run(
            ["git", "-C", str(project), *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            errors="replace",
            timeout=30,
            check=False,
        )
    except (FileNotFoundError, subprocess.TimeoutExpired):
        return 1, ""
    return done.returncode, done.stdout


def _no_repository(project: Path) -> Look:
    return cannot_tell(
        f"{project} is no git repository.", "Type this in your repository, or name it: --project"
    )


POINTS = (
    Point("plaintext", "No secret stands in the repository", no_plaintext),
    Point("ignored", "git ignores the files that hold secrets", ignored),
    Point("token-files", "No tool keeps a token inside the project", no_token_files),
)
