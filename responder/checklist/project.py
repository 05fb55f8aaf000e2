"""The repository on this machine: what is in it that should not be, and what git would let in."""

import re
import shlex
import subprocess
from collections.abc import Iterator, Sequence
from errno import EFBIG
from pathlib import Path

from responder.checklist.point import Facts, Look, Point, cannot_tell, fail, passes
from responder.recognise import recognise
from responder.secret import Secret

_LARGEST = 20_000_000  # bytes; longer files are for `respond scan`
_TOKEN_FILES = (
    ".modal.toml",
    ".aws/credentials",
    ".config/gh/hosts.yml",
    ".docker/config.json",
    ".netrc",
    ".git-credentials",
    ".pypirc",
)
_PRIVATE = (".env", ".env.prod", "prod.env", ".modal.toml", "secrets.env")
_MOST_NAMED = 5
# Of others than the three services that `respond leak` knows; `respond scan` knows many more.
_OTHERS = {
    "a private key": re.compile(r"-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----[^-]{0,20000}"),
    "a Hugging Face token": re.compile(r"\bhf_[A-Za-z0-9]{34,}\b"),
    "a Slack token": re.compile(r"\bxox[abprs]-[A-Za-z0-9-]{10,}"),
    "a Google API key": re.compile(r"\bAIza[A-Za-z0-9_-]{35}"),
}


def no_plaintext(facts: Facts) -> Iterator[Look]:
    files = _tracked(facts.project)
    if files is None:
        yield _no_repository(facts.project)
        return
    if not files:
        yield cannot_tell("git tracks no file here.", "git add what belongs to the repository")
        return
    clean = True
    for name in files:
        try:
            found = list(_credentials_in(facts.project, name))
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
        many = "1 file" if len(files) == 1 else f"{len(files)} files"
        yield passes(f"No credential in the {many} that git tracks; `respond scan` for history.")


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
    let_in = _let_in(facts.project, files)
    if let_in:
        more = f" and {len(let_in) - _MOST_NAMED} more" if len(let_in) > _MOST_NAMED else ""
        yield fail(
            f"git would take {', '.join(let_in[:_MOST_NAMED])}{more} into a commit.",
            "printf '*.env\\n.env*\\n.modal.toml\\n' >> .gitignore",
            ".gitignore",
        )
    elif not committed:
        yield passes(f"git ignores {', '.join(_PRIVATE)}, in every folder.")


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


def _let_in(project: Path, files: Sequence[str]) -> list[str]:
    """Where such a file is not there yet, and git would not ignore it: in any folder that has a file.

    What is let in at the top is let in below, and is told once.
    """
    folders = sorted({str(Path(name).parent) for name in files} | {"."})
    asked = {str(Path(folder) / name): name for folder in folders for name in _PRIVATE}
    _, out = _git(project, "check-ignore", "--no-index", "-z", "--stdin", given="\0".join(asked))
    ignored = set(out.split("\0"))
    let_in = [path for path in asked if path not in ignored]
    at_the_top = set(_PRIVATE).intersection(let_in)
    return [path for path in let_in if path in at_the_top or asked[path] not in at_the_top]


def _credentials_in(project: Path, name: str) -> Iterator[tuple[str, int]]:
    """What it is, and its line. An identifier alone is public.

    Raises:
        OSError: the file cannot be read, or is too large.
    """
    text = _text(project, name)
    recognised = recognise(text)
    for found in recognised.found:
        if found.secret is not None:
            yield (
                f"the {found.kind.value} {found.identifier} with its secret",
                recognised.lines[found.identifier],
            )
    for fragment in recognised.fragments:
        if fragment.whole:
            which = f" ({fragment.secret.fingerprint})" if fragment.secret else ""
            yield f"{fragment.what}{which}", fragment.line
    for what, form in _OTHERS.items():
        for match in form.finditer(text):
            line = text.count("\n", 0, match.start()) + 1
            yield f"{what} ({Secret(match.group()).fingerprint})", line


def _text(project: Path, name: str) -> str:
    """As it lies in the folder; as git has it, where somebody took it out of the folder alone.

    Raises:
        OSError: as `_credentials_in`.
    """
    path = project / name
    if path.is_symlink() or path.is_dir():  # a folder is another repository
        return ""
    if not path.exists():
        return _git(project, "cat-file", "blob", f":{name}")[1]
    if path.stat().st_size > _LARGEST:
        raise OSError(EFBIG, "it is too large for a quick look")
    return path.read_text(errors="replace")


def _tracked(project: Path) -> list[str] | None:
    """Paths, as git has them; None where git knows nothing of the folder."""
    code, out = _git(project, "ls-files", "-z")
    return None if code else [name for name in out.split("\0") if name]


def _git(project: Path, *arguments: str, given: str = "") -> tuple[int, str]:
    try:
        done = subprocess.run(
            ["git", "-C", str(project), *arguments],
            input=given,
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
    Point("plaintext", "No secret stands in the repository", no_plaintext, files_only=True),
    Point("ignored", "git ignores the files that hold secrets", ignored, files_only=True),
    Point("token-files", "No tool keeps a token inside the project", no_token_files, files_only=True),
)
