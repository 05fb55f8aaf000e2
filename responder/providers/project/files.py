"""Write a file into the project that is not there yet; one that is there stays as it is."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from responder.action import Call, Done, Input, NotDone, Nothing, Plan, Probe, Reversible, Unknown, answered
from responder.errors import ConflictError, ProviderError, RefusedError, RejectedError, UnreachableError

PROVIDER: Final = "project"


class FileInput(Input):
    folder: str  # of the project, absolute
    path: str  # in it
    text: str


class WriteFile(Reversible[FileInput, Nothing]):
    """Written whole or not at all, and never over another: not even over one that came about meanwhile."""

    name = "project.write_file"
    permissions = ("write access to the project's folder",)
    deadline = 5.0
    settle = 0.0

    def plan(self, call: Call, given: FileInput) -> Plan:  # noqa: ARG002  # a file needs no connection
        there = _text(given)
        if there is None:
            return Plan(f"Write {given.path} ({_lines(given.text)}) into {given.folder}")
        if there == given.text:
            return Plan(f"Nothing: {given.path} is in {given.folder}")
        return Plan(f"Leave {given.path} as it is: it differs")

    @answered
    def probe(self, call: Call, given: FileInput) -> Probe[Nothing]:  # noqa: ARG002
        there = _text(given)
        if there is None:
            return NotDone(f"There is no {given.path} in {given.folder}.")
        if there != given.text:
            return Unknown(f"{given.path} is there and differs: it was left as it is.")
        return Done(Nothing(), f"{given.path} in {given.folder} reads as it was written")

    def apply(self, call: Call, given: FileInput) -> Nothing:
        target = _target(given)
        aside = target.with_name(f".{target.name}.{call.run}")
        with _asked(f"write {given.path}"):
            target.parent.mkdir(parents=True, exist_ok=True)
            try:
                with aside.open("w", encoding="utf-8") as file:
                    file.write(given.text)
                    file.flush()
                    os.fsync(file.fileno())
                with suppress(FileExistsError):  # a link, unlike a rename, replaces nothing
                    os.link(aside, target)
            finally:
                aside.unlink(missing_ok=True)
        if _text(given) != given.text:
            raise ConflictError(
                PROVIDER, f"write {given.path}", "it is there and differs.", next_step="It was left as it is."
            )
        return Nothing()

    def undo(self, call: Call, given: FileInput, output: Nothing) -> None:  # noqa: ARG002
        there = _text(given)
        if there is None:
            return
        if there != given.text:
            raise RefusedError(
                f"{given.path} was changed since it was written.",
                state="It was left as it is.",
                next_step=f"Look at it, and delete it by hand: {given.folder}/{given.path}",
            )
        with _asked(f"delete {given.path}"):
            _target(given).unlink(missing_ok=True)


def _target(given: FileInput) -> Path:
    """Where it is.

    Raises:
        UnreachableError: this machine has no such folder.
        RejectedError: it would not be in the folder.
    """
    folder = Path(given.folder)
    if not folder.is_dir():
        raise UnreachableError(
            PROVIDER,
            f"look into {folder}",
            "this machine has no such folder.",
            next_step="Go on with the run where the project is.",
        )
    target = folder / given.path
    if not target.parent.resolve().is_relative_to(folder.resolve()):
        raise RejectedError(PROVIDER, f"write {given.path}", f"that is not in {folder}.")
    return target


def _text(given: FileInput) -> str | None:
    """What the file says; None where there is none."""
    target = _target(given)
    with _asked(f"read {given.path}"):
        if not os.path.lexists(target):
            return None
        return target.read_text(encoding="utf-8", errors="replace")


@contextmanager
def _asked(operation: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise ProviderError(
            PROVIDER,
            operation,
            f"{error.strerror or 'it cannot be done'}.",
            next_step="Mend that, and resume.",
        ) from None


def _lines(text: str) -> str:
    return f"{len(text.splitlines())} lines"


ACTIONS = (WriteFile(),)
