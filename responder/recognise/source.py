"""Reading what a person says the leak is in: a file, or standard input."""

import codecs
import shlex
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from responder.errors import InputError

LIMIT = 20 * 1024 * 1024  # bytes
_TELLING = "AKIA|ASIA|(ak|as|wk|ws)-|gh[a-z]+_|secret"  # for a person's grep, not ours
_STDIN = "standard input"
_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # before UTF-16's, which it begins with
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)


@dataclass(frozen=True)
class Part:
    """A piece of what leaked, and what it is called there. `text` is full of secrets, as a `Source`'s is."""

    name: str  # a file's path, "body"
    text: str
    is_diff: bool = False  # so that its lines are not the file's

    def __repr__(self) -> str:
        return f"Part({self.name!r}, {len(self.text)} characters)"


@dataclass(frozen=True)
class Source:
    """`text` is full of secrets: it is for `recognise` only."""

    name: str  # of the file, or "standard input"
    text: str

    def __repr__(self) -> str:
        return f"Source({self.name!r}, {len(self.text)} characters)"


def read_source(path_or_dash: str, stdin: BinaryIO | None = None) -> Source:
    """The text of a file, or of standard input for `-`.

    Whatever is no text is read as far as it is one: keys also leak in core dumps and databases.

    Args:
        path_or_dash: pipes such as `<(pbpaste)` and `/dev/stdin` are fine.
        stdin: this process's, unless given.

    Raises:
        InputError: it is missing, empty, a folder, unreadable or larger than `LIMIT`.
    """
    if path_or_dash == "-":
        name, data = _STDIN, (stdin or sys.stdin.buffer).read(LIMIT + 1)
    else:
        name, data = path_or_dash, _read(Path(path_or_dash))
    if len(data) > LIMIT:
        raise InputError(
            f"{name} is larger than {LIMIT // 1024 // 1024} MB.",
            next_step=f"Cut out the lines that matter: grep -aE -C3 '{_TELLING}' {_quoted(name)} | "
            "respond identify -",
        )
    if not data.strip(b" \t\r\n\0"):
        raise InputError(f"{name} is empty.", next_step="Check what was saved or piped.")
    return Source(name, decode(data))


def _quoted(name: str) -> str:
    return "FILE" if name == _STDIN else shlex.quote(name)


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(LIMIT + 1)
    except FileNotFoundError:
        raise InputError(f"There is no file {path}.", next_step="Check the path's spelling.") from None
    except IsADirectoryError:
        raise InputError(
            f"{path} is a folder.",
            next_step="Name one file in it, or pipe several: "
            f"cat {_quoted(str(path))}/* | respond identify -",
        ) from None
    except PermissionError:
        raise InputError(
            f"{path} may not be read by you.", next_step=f"ls -l {_quoted(str(path))} shows who may."
        ) from None
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "that is no path"
        raise InputError(
            f"{path} could not be read: {reason}.", next_step="Pipe it: respond leak -"
        ) from None


def decode(data: bytes) -> str:
    """UTF-8, or UTF-16 and UTF-32 where the bytes say so; what is no text becomes U+FFFD, never an error."""
    for bom, encoding in _BOMS:
        if data.startswith(bom):
            return data[len(bom) :].decode(encoding, "replace")
    start = data[:4096]
    for first, encoding in ((1, "utf-16-le"), (0, "utf-16-be")):
        if start[first::2].count(0) > len(start) * 0.4:  # as western text has in UTF-16, without a mark
            return data.decode(encoding, "replace")
    return data.decode("utf-8", "replace")
