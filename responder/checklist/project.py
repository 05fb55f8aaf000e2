"""The repository on this machine: what is in it that should not be, and what git would let in."""

import shlex
import subprocess
from collections.abc import Iterator
from errno import EFBIG
from pathlib import Path

from responder.checklist.point import Facts, Look, Point, cannot_tell, fail, passes
from responder.recognise import recognise

_LARGEST = 20_000_000  # bytes; longer files are for `respond scan`
_TOKEN_FILES = (".modal.toml", ".aws/credentials", ".netrc", ".git-credentials", ".pypirc")
_PRIVATE = (".env", "prod.env", ".modal.toml", "secrets.env")


def no_plaintext(facts: Facts) -> Iterator[Look]:
    files = _tracked(facts.project)
    if files is None:
        yield _no_repository(facts.project)
        return
    clean = True
    for name in files:
        try:
            found = list(_credentials_in(facts.project / name))
        except OSError as error:
            found, clean = [], False
            yield cannot_tell(f"{name} was not read: {error.strerror}.", "respond scan")
        for what, line in found:
            clean = False
            yield fail(
                f"{name} holds {what}.",
                f"respond leak --file {shlex.quote(name)}, then take it out; "
                "`respond scan` finds it in the history.",
                name,
                line,
            )
    if clean:
        yield passes(f"No credential in the {len(files)} files that git tracks; `respond scan` for history.")


def ignored(facts: Facts) -> Iterator[Look]:
    files = _tracked(facts.project)
    if files is None:
        yield _no_repository(facts.project)
        return
    committed = [name for name in files if Path(name).name in _PRIVATE]
    for name in committed:
        quoted = shlex.quote(name)
        mend = f"git rm --cached {quoted}, and treat what it holds as leaked: respond leak --file {quoted}"
        yield fail(f"git keeps {name}.", mend, name)
    let_in = [name for name in _PRIVATE if _git(facts.project, "check-ignore", "--no-index", "-q", name)[0]]
    if let_in:
        yield fail(
            f"git would take {', '.join(let_in)} into a commit.",
            "printf '*.env\\n.env*\\n.modal.toml\\n' >> .gitignore",
            ".gitignore",
        )
    elif not committed:
        yield passes(f"git ignores {', '.join(_PRIVATE)}.")


def no_token_files(facts: Facts) -> Iterator[Look]:
    """Where tools keep tokens belongs into the home folder: a project's folder is shared and copied."""
    below = [f":(glob)**/{name}" for name in _TOKEN_FILES]
    code, out = _git(facts.project, "ls-files", "-z", "--cached", "--others", "--", *below)
    names = _TOKEN_FILES if code else set(out.split("\0"))
    there = sorted(name for name in names if (facts.project / name).is_file())
    for name in there:
        home = next(one for one in _TOKEN_FILES if f"/{name}".endswith(f"/{one}"))
        yield fail(
            f"{facts.project / name} is inside the project.",
            f"Move it to your home folder: mv {shlex.quote(name)} ~/{home}",
            name,
        )
    if code:
        yield _no_repository(facts.project)
    elif not there:
        yield passes(f"None of {', '.join(_TOKEN_FILES)} is in {facts.project} or below.")


def _credentials_in(path: Path) -> Iterator[tuple[str, int]]:
    """What it is, and its line. An identifier alone is public.

    Raises:
        OSError: the file cannot be read, or is too large.
    """
    if path.is_symlink() or not path.is_file():
        return
    if path.stat().st_size > _LARGEST:
        raise OSError(EFBIG, "it is too large for a quick look")
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
