"""git, asked in a way that runs nothing of the repository's and reaches no network."""

import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, Final

from responder.errors import InputError, UnavailableError
from responder.secret import redact

# A repository's own settings can name programs to run; those that these commands look at are set here.
_ALWAYS: Final = (
    "--no-replace-objects",
    "--no-optional-locks",
    "--no-pager",
    *("-c", "core.fsmonitor=false"),
    *("-c", "core.hooksPath=/dev/null"),
    *("-c", "log.showSignature=false"),
    *("-c", "core.quotePath=true"),
    *("-c", "protocol.allow=never"),
)
_PASSED_ON: Final = ("PATH", "HOME", "XDG_CONFIG_HOME", "TMPDIR", "SYSTEMROOT")
_PIPE: Final = 1 << 20  # bytes; what Linux allows to anybody
_LONGEST_COMPLAINT: Final = 300  # characters


@dataclass(frozen=True)
class Git:
    """git in one folder."""

    folder: Path
    others: tuple[Path, ...] = ()  # where there are more objects

    def command(self, *arguments: str, before: Sequence[str] = ()) -> list[str]:
        return ["git", *_ALWAYS, "-C", str(self.folder), *before, *arguments]

    @property
    def beside(self) -> dict[str, str]:
        """Of its environment."""
        paths = os.pathsep.join(f'"{path}"' for path in self.others)
        return {"GIT_ALTERNATE_OBJECT_DIRECTORIES": paths} if paths else {}

    def ask(self, *arguments: str, given: bytes = b"", may_fail: bool = False) -> bytes:
        """What it prints; nothing where it fails and `may_fail`.

        Raises:
            UnavailableError: it failed, or there is no git.
        """
        try:
            done = subprocess.run(
                self.command(*arguments),
                input=given,
                capture_output=True,
                check=False,
                env={**environment(), **self.beside},
            )
        except FileNotFoundError:
            raise _missing() from None
        if done.returncode and not may_fail:
            raise self.failure(arguments[0], done.stderr)
        return b"" if done.returncode else done.stdout

    def lines(self, *arguments: str, given: bytes = b"", may_fail: bool = False) -> list[str]:
        text = self.ask(*arguments, given=given, may_fail=may_fail).decode("utf-8", "surrogateescape")
        return text.removesuffix("\n").split("\n") if text else []  # names may hold what else ends lines

    @contextmanager
    def stream(self, *arguments: str, given: IO[bytes]) -> Iterator[IO[bytes]]:
        """What it prints while it does, unbuffered. It is ended with the block, whatever happened there.

        Raises:
            UnavailableError: it failed, or there is no git.
        """
        with TemporaryFile() as complaints:  # a pipe that nobody reads meanwhile would hold git up
            try:
                process = subprocess.Popen(
                    self.command(*arguments),
                    stdin=given,
                    stdout=subprocess.PIPE,
                    stderr=complaints,
                    bufsize=0,
                    env={**environment(), **self.beside},
                )
            except FileNotFoundError:
                raise _missing() from None
            assert process.stdout is not None  # noqa: S101  # for the type checker
            with process:
                try:
                    _widen(process.stdout)
                    yield process.stdout
                except BaseException:
                    process.kill()
                    raise
            if process.returncode:
                complaints.seek(0)
                raise self.failure(arguments[0], complaints.read())

    def failure(self, command: str, complaint: bytes, next_step: str = "") -> UnavailableError:
        said = redact(complaint.decode("utf-8", "replace").strip().partition("\n")[0])
        next_step = next_step or f"`git -C {self.folder} fsck` tells what is wrong with the repository."
        if "dubious ownership" in said:
            next_step = (
                f"If you trust it: git config --global --add safe.directory {self.folder}, "
                "and type the same again."
            )
        return UnavailableError(
            f"git {command} failed: {said[:_LONGEST_COMPLAINT] or 'it did not say why'}.", next_step=next_step
        )


@dataclass(frozen=True)
class Repository:
    """Where things of it are. `top` is None in a bare one."""

    git: Git
    folder: Path  # .git, or what a linked worktree has in its place
    common: Path  # where the objects are, whatever the worktree
    top: Path | None
    shallow: bool
    partial: bool  # a clone with a filter: objects are missing that git would fetch when needed

    @classmethod
    def at(cls, path: Path) -> "Repository":
        """The repository that `path` is in.

        Raises:
            InputError: there is none.
            UnavailableError: git does not work there.
        """
        git = Git(path if path.is_dir() else path.parent)
        if not path.exists():
            raise InputError(f"There is no folder {path}.", next_step="Check the path's spelling.")
        try:
            asked = (
                "--absolute-git-dir",
                "--git-common-dir",
                "--is-bare-repository",
                "--is-shallow-repository",
            )
            folder, common, bare, shallow = git.lines("rev-parse", *asked)
        except UnavailableError as error:
            if "not a git repository" in error.what:
                raise InputError(
                    f"{path} is in no git repository.",
                    next_step="Name the folder of a clone: respond scan PATH.",
                ) from None
            raise
        top = None if bare == "true" else git.lines("rev-parse", "--show-toplevel", may_fail=True)
        partial = git.lines("config", "--get-regexp", r"^remote\..*\.promisor$", may_fail=True)
        objects = (git.folder / common).resolve() / "objects"
        return cls(
            git=Git(Path(top[0])) if top else Git(Path(folder)),
            folder=Path(folder),
            common=objects.parent,
            top=Path(top[0]) if top else None,
            shallow=shallow == "true",
            partial=bool(partial) or any(objects.glob("pack/*.promisor")),  # also where it is set no more
        )

    def cut_off(self) -> Iterator[str]:
        """What of its history is not here, and how to have it.

        Raises:
            UnavailableError: git failed.
        """
        if self.shallow:
            yield "what is older: this clone is shallow. `git fetch --unshallow`, and scan again"
        if self.partial:
            yield "some of the history: this clone is partial. Clone it without --filter, and scan that"
        if gone := self._broken_refs():
            more = f" and {len(gone) - 1} more" if len(gone) > 1 else ""
            yield (
                f"the history of {gone[0]}{more}: its objects are not here. "
                f"`git -C {self.git.folder} fsck` tells more; was it cloned with --shared?"
            )

    def _broken_refs(self) -> list[str]:
        """Names of what is elsewhere, in a repository that is gone, or lost."""
        listed = self.git.lines("for-each-ref", "--format=%(objectname) %(refname)")
        refs = [line.split(" ", 1) for line in listed]
        asked = "".join(f"{name}\n" for name, _ in refs).encode()
        answers = self.git.lines("cat-file", "--batch-check", "--buffer", given=asked)
        return [ref for (_, ref), answer in zip(refs, answers, strict=True) if answer.endswith(" missing")]

    def worktrees(self) -> Sequence[Path]:
        """Folders that are checked out from it, and exist; none of a bare one without any.

        Of a submodule, and with `--separate-git-dir`, git lists its own folder in place of the main one.
        """
        lines = self.git.lines("worktree", "list", "--porcelain", may_fail=True)
        bare = "bare" in lines
        folders = [Path(line.removeprefix("worktree ")) for line in lines if line.startswith("worktree ")]
        here = [one.resolve() for one in folders[1 if bare else 0 :] if one.is_dir()]
        top = [self.top.resolve()] if self.top else []
        return [one for one in dict.fromkeys([*top, *here]) if one != self.common]


def zeros(text: bytes) -> list[str]:
    """What zero bytes end, as with `-z`."""
    return [one for one in text.decode("utf-8", "surrogateescape").split("\0") if one]


def environment() -> dict[str, str]:
    """For programs that need no credential."""
    kept = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
    return {**kept, "LC_ALL": "C", "GIT_TERMINAL_PROMPT": "0", "GIT_NO_LAZY_FETCH": "1"}


def _widen(pipe: IO[bytes]) -> None:
    """As far as it goes: who has many pipes open may have no wide ones."""
    if sys.platform == "linux":
        import fcntl  # noqa: PLC0415  # not everywhere

        with suppress(OSError):
            fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, _PIPE)


def _missing() -> UnavailableError:
    return UnavailableError("There is no `git` on this machine.", next_step="Install git 2.35 or newer.")
