"""The files that a setup writes into the project, and what is left to its people."""

import re
import shlex
import subprocess
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import Final

from responder.action import Connections
from responder.baseline import ProjectFile
from responder.bundled import bundled
from responder.errors import InputError
from responder.exposure import Workload
from responder.inventory import FILE_NAME, Inventory

FOLDER: Final = ".github/workflows"
DEPLOY: Final = f"{FOLDER}/modal_deploy.yml"
_CHECK: Final = f"{FOLDER}/check.yml"
_SIGNED_IN = (
    "RESPOND_AWS_ROLE",
    "RESPOND_MODAL_TOKEN_ID",
    "RESPOND_MODAL_TOKEN_SECRET",
    "RESPOND_GITHUB_TOKEN",
)
# The workflows of `respond` itself: the environment of each, and what is kept there for it.
CI: Final[Mapping[str, tuple[str, tuple[str, ...]]]] = {
    f"{FOLDER}/rotate.yml": (
        "rotation",
        (*_SIGNED_IN, "RESPOND_JOURNAL", "RESPOND_SEAL_KEY", "RESPOND_AUDIT_KEY"),
    ),
    _CHECK: ("check", _SIGNED_IN),
}
_IGNORED: Final = "*.env\n.env*\n.modal.toml\n"
_KNOWN: Final = {"dev", "prod"}  # the environments that the workflow offers
_SOURCE: Final = "gpu_app/app.py"
_INSTALL: Final = re.compile(r"python -m pip install ('[^'\n]*'|\.)$", re.MULTILINE)
# What cannot be another program, nor become one: PyPI's `respond` is somebody else's.
_PINNED: Final = re.compile(
    r"git\+https://[\w.:/~+-]+@[0-9a-f]{40}|https://[\w.:/~+-]+\.whl#sha256=[0-9a-f]{64}"
)
_PLAIN: Final = re.compile(r"[\w.][\w./-]*")


@dataclass(frozen=True)
class Project:
    """The checkout that files are written into; none where `folder` is None.

    `drafted` is the text of a respond.toml that is not there yet. `ci` is what rotate.yml and check.yml
    install `respond` from; without it they are not written.
    """

    folder: Path | None = None
    drafted: str = ""
    ci: str = ""

    def __post_init__(self) -> None:
        if self.ci and not _PINNED.fullmatch(self.ci):
            raise InputError(
                f"--ci {self.ci}: that is not pinned, so CI would run whatever it becomes.",
                next_step="--ci git+https://HOST/OWNER/respond@COMMIT, with all 40 digits of a commit; or "
                "https://…/respond-….whl#sha256=…. (PyPI's `respond` is another program.)",
            )


class Files:
    """What the project should have, what of it is there, and what GitHub's default branch has of it."""

    def __init__(
        self,
        connections: Connections,
        inventory: Inventory,
        project: Project,
        default_branch: Callable[[str], str],
    ) -> None:
        self._connections = connections
        self._inventory = inventory
        self._project = project
        self._default_branch = default_branch

    def to_write(self) -> tuple[ProjectFile, ...]:
        """Those that neither the project nor the default branch has."""
        return tuple(
            ProjectFile(folder=str(self._folder), path=path, text=text)
            for path, text in self._wanted.items()
            if not self._is_here(path) and not self._is_pushed(path)
        )

    def environments(self) -> tuple[str, ...]:
        """Those at GitHub of the workflows that `respond` has of its own, where the project has them."""
        return tuple(environment for path, (environment, _) in CI.items() if path in self._wanted)

    def identities(self) -> Mapping[str, tuple[str, ...]]:
        """What each of these environments is to hold, by name."""
        return {environment: names for path, (environment, names) in CI.items() if path in self._wanted}

    def by_hand(self) -> Iterator[str]:
        if self._folder is None:
            if self._deployed_here and not self._is_pushed(DEPLOY):
                yield (
                    f"No file was written: {FILE_NAME} is not in this folder. In a checkout of "
                    f"{self._inventory.repository}, `respond run setup --project .` writes the workflow."
                )
            return
        if (
            self._deployed_here
            and not self._fits
            and not self._is_here(DEPLOY)
            and not self._is_pushed(DEPLOY)
        ):
            yield (
                f"{DEPLOY} is not written, as it offers dev and prod alone. Name yours in its options:\n"
                f"cp {shlex.quote(str(bundled(DEPLOY)))} {FOLDER}/"
            )
        yield from self._differing()
        source = self._source
        if DEPLOY in self._wanted and not self._is_pushed(DEPLOY) and not (self._folder / source).exists():
            yield (
                f"{source}, which the workflow deploys, is not here. To begin with one that works, to be "
                f"committed as well:\ncp -R {shlex.quote(str(bundled('gpu_app')))} "
                f"{shlex.quote(str(self._folder))}/"
            )
        yield from self._uncommitted()
        checked = f"https://github.com/{self._inventory.repository}/actions/workflows/check.yml"
        if _CHECK in {one.path for one in self.to_write()}:
            yield (
                "To show in the README of your repository whether its checklist passes:\n"
                f"[![respond check]({checked}/badge.svg)]({checked})"
            )

    def _uncommitted(self) -> Iterator[str]:
        written = {one.path for one in self.to_write()}
        ours = dict.fromkeys((FILE_NAME, ".gitignore", *self._wanted))
        paths = [
            path for path in ours if path in written or (self._is_here(path) and not self._is_kept(path))
        ]
        if not paths:
            return
        repository = self._inventory.repository
        target = f"HEAD:{self._default_branch(repository)}" if repository else "HEAD"
        checkout = self._tracked is not None
        where = "" if checkout else f"This folder is no checkout of {repository}: copy them into one.\n"
        yield (
            "Commit and push what was written: GitHub takes workflows from the default branch alone.\n"
            f"{where}git add -- {shlex.join(paths)}\n"
            "git commit -m 'Deploy by workflow, with what respond has set up'\n"
            f"git push origin {target}\n"
            "(Where that branch takes no pushes: on another, by a pull request.)"
        )

    def _differing(self) -> Iterator[str]:
        """What is there and is not as it would be written: it may well be meant so."""
        for path, text in self._wanted.items():
            if path.startswith(FOLDER) and (there := self._text(path)) is not None and there != text:
                yield (
                    f"{path} differs from the one that respond brings, and stays as it is. To compare:\n"
                    f"diff {shlex.quote(str(bundled(path)))} {shlex.quote(str(self._folder))}/{path}"
                )

    @cached_property
    def _wanted(self) -> Mapping[str, str]:
        """By path, the text of each."""
        if self._folder is None:
            return {}
        found = {FILE_NAME: self._project.drafted} if self._project.drafted else {}
        if not self._is_here(".gitignore"):
            found[".gitignore"] = _IGNORED
        if self._deployed_here and self._fits:
            found[DEPLOY] = self._as_here(DEPLOY)
        for path in CI if self._inventory.repository else ():
            if self._project.ci or self._is_here(path):
                found[path] = self._as_here(path)
        return found

    def _as_here(self, path: str) -> str:
        """As it is shipped, for this project's default branch, app and way to install `respond`."""
        text = bundled(path).read_text(encoding="utf-8")
        branch = self._default_branch(self._inventory.repository)
        if _PLAIN.fullmatch(branch):
            text = re.sub(r"\bmain\b", branch, text)
        folder = PurePosixPath(self._source).parent
        text = text.replace(_SOURCE, self._source)
        text = text.replace("gpu_app/", "" if str(folder) == "." else f"{folder}/")
        there = _INSTALL.search(self._text(path) or "")
        install = f"'{self._project.ci}'" if self._project.ci else there[1] if there else "."
        return _INSTALL.sub(f"python -m pip install {install}", text)

    @cached_property
    def _deployed_here(self) -> bool:
        """Whether respond.toml deploys by the workflow that `respond` brings."""
        return bool(self._workloads)

    @property
    def _fits(self) -> bool:
        return {one.environment for one in self._workloads} <= _KNOWN

    @cached_property
    def _workloads(self) -> tuple[Workload, ...]:
        name, repository = PurePosixPath(DEPLOY).name, self._inventory.repository
        return tuple(
            one
            for one in self._inventory.workloads
            if one.workflow and (one.workflow.repository, one.workflow.file) == (repository, name)
        )

    @property
    def _source(self) -> str:
        named = {one.source for one in self._workloads}
        [source] = named if len(named) == 1 else {_SOURCE}
        return source if source and _PLAIN.fullmatch(source) else _SOURCE

    @property
    def _folder(self) -> Path | None:
        return self._project.folder

    def _is_kept(self, path: str) -> bool:
        """By git here and, of what runs at GitHub, there."""
        return path in (self._tracked or (path,)) and (not path.startswith(FOLDER) or self._is_pushed(path))

    @cached_property
    def _tracked(self) -> frozenset[str] | None:
        """None where the folder is no checkout."""
        told = None if self._folder is None else _git(self._folder, "ls-files", "-z")
        return None if told is None else frozenset(told.split("\0"))

    def _is_here(self, path: str) -> bool:
        return self._text(path) is not None

    def _text(self, path: str) -> str | None:
        if self._folder is None:
            return None
        file = self._folder / path
        try:
            return file.read_text(encoding="utf-8", errors="replace")
        except FileNotFoundError:
            return "" if file.is_symlink() else None
        except OSError as error:
            raise InputError(
                f"{file} could not be read: {error.strerror}.", next_step=f"ls -l {file}"
            ) from None

    def _is_pushed(self, path: str) -> bool:
        return path.startswith(FOLDER) and PurePosixPath(path).name in self._pushed

    @cached_property
    def _pushed(self) -> frozenset[str]:
        from responder.providers.github.branches import workflow_names  # noqa: PLC0415  # SDKs only when needed

        return workflow_names(self._connections, self._inventory.repository)


def toplevel(folder: Path) -> Path | None:
    """Of the checkout that the folder is in; None where git knows of none."""
    told = _git(folder, "rev-parse", "--show-toplevel")
    return Path(told.rstrip("\n")) if told else None


def _git(folder: Path, *arguments: str) -> str | None:
    try:
        done = subprocess.run(
            ["git", "-C", str(folder), *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            errors="replace",
            check=False,
        )
    except FileNotFoundError:  # no git, no checkout
        return None
    return done.stdout if done.returncode == 0 else None
