"""What an intruder holds, and what it leaves."""

import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Self


@dataclass(frozen=True)
class Loot:
    """What was in the leaked file, and where the services are."""

    urls: Mapping[str, str]  # modal, aws, github
    credentials: Mapping[str, str] = field(repr=False)  # the leaked file's lines: AWS_ACCESS_KEY_ID and so on
    names: random.Random

    @classmethod
    def of(cls, leaked_file: str, urls: Mapping[str, str], seed: int) -> Self:
        """The same seed gives the same names."""
        credentials = dict(line.split("=", 1) for line in leaked_file.splitlines())
        return cls(urls, credentials, random.Random(seed))  # noqa: S311  # names, not secrets

    def name(self, *words: str) -> str:
        """One of the words, with digits: what such people call things."""
        return f"{self.names.choice(words)}-{self.names.randrange(100, 1000)}"


@dataclass(frozen=True)
class Left:
    """One trace, in the words of the service.

    `kind` and `subject` are what a review would call it; `of` is what it belongs to.
    """

    kind: str
    subject: str
    of: str = ""
