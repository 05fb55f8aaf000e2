"""Where the checkpoints of a journal are: beside it, so that whoever copies its folder has them too."""

from collections.abc import Iterator
from pathlib import Path

__all__ = ["folder_of", "kept"]


def folder_of(journal: Path) -> Path:
    """Of the checkpoints of the journal at this path."""
    return journal.parent / "checkpoints"


def kept(folder: Path) -> Iterator[Path]:
    """The files of the folder's checkpoints, by size; none where there is no folder."""
    yield from sorted(folder.glob("*.note"))
