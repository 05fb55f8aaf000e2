"""A place where a leaked value stands, and what a search could not look at."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, TypeAlias

Where: TypeAlias = Literal[
    "history",  # a file of one commit or more
    "commit message",
    "tag message",
    "file name",
    "index",  # staged, in no commit
    "dangling",  # an object that no commit has
    "working tree",
    "untracked",
    "ignored",
    "git folder",  # .git/config, .git/logs, LFS objects that are here
]


@dataclass(frozen=True)
class Commit:
    """`author` is as the commit has it, which anybody can write."""

    id: str
    author: str
    at: datetime


@dataclass(frozen=True)
class Sighting:
    """One value at one place: a path with all its versions, a message, a file.

    `commits` are those that brought it there, the oldest first; `refs` the branches, tags and other names
    that still reach one of them, and `kept` says what else does where none does. No field holds the value.
    """

    value: str  # what it is: "secret of AKIA…"
    fingerprint: str
    secret: bool  # False: a public identifier
    where: Where
    path: str
    encoding: str  # plain, base64, url-encoded, …
    line: int = 0  # from 1, of the oldest version; 0 where it has none
    repository: str = ""  # a submodule's or nested repository's path
    inside: str = ""  # the way into an archive: backup.tar.gz, lib.zip!/config.env
    objects: tuple[str, ...] = ()
    commits: tuple[Commit, ...] = ()
    refs: tuple[str, ...] = ()
    kept: str = ""

    @property
    def place(self) -> str:
        """For people: the path from the top, and the way into an archive."""
        path = f"{self.repository}/{self.path}" if self.repository else self.path
        return f"{path}!/{self.inside}" if self.inside else path

    @property
    def since(self) -> datetime | None:
        return self.commits[0].at if self.commits else None


def readable(name: str) -> str:
    """A file's name that is no UTF-8, which neither a journal nor an export takes as Python has it."""
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


@dataclass
class Scan:
    """What a search saw. With anything in `not_looked_at`, nothing found is no proof."""

    sightings: list[Sighting] = field(default_factory=list)
    not_looked_at: list[str] = field(default_factory=list)  # a sentence each
    objects: int = 0
    object_bytes: int = 0
    files: int = 0
    file_bytes: int = 0
    repositories: list[str] = field(default_factory=list)
    origin: str = ""  # where the first of them is from, without a password; where anything leaked in it

    @property
    def leaks(self) -> Sequence[Sighting]:
        return [one for one in self.sightings if one.secret]
