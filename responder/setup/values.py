"""The values that an environment's Secret is to hold, from a dotenv file that no repository has."""

import itertools
import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import TypeAlias

from responder.errors import InputError
from responder.places import names_a_secret
from responder.secret import Secret
from responder.setup.project import toplevel

BUCKET = "S3_BUCKET"  # the variable of an environment's file that names its bucket
Values: TypeAlias = Mapping[str, Secret | str]  # by variable; the bucket's name alone is no secret


def read_values(files: Mapping[str, Path]) -> dict[str, Values]:
    """The dotenv file of each environment.

    Raises:
        InputError: one cannot be read, lies in a git repository, or two give one secret the same value.
    """
    values = {environment: _read(path) for environment, path in files.items()}
    for (one, of_one), (other, of_other) in itertools.combinations(values.items(), 2):
        same = [
            name for name, value in of_one.items() if names_a_secret(name) and value == of_other.get(name)
        ]
        if same:
            raise InputError(
                f"{files[one]} and {files[other]} have the same {', '.join(same)}: "
                f"a leak in {one} would open {other}.",
                next_step=f"Give {other} a value of its own.",
            )
    return values


def _read(path: Path) -> Values:
    from dotenv.parser import parse_stream  # noqa: PLC0415  # not where no file is given

    _refuse_in_repository(path)
    try:
        with path.open(encoding="utf-8") as file:
            lines = list(parse_stream(file))
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(
            f"{path} could not be read: {getattr(error, 'strerror', None) or 'it is not UTF-8'}.",
            next_step="Name a dotenv file: NAME=value, one a line.",
        ) from None
    # By its number alone: such a line may be part of a value.
    if wrong := [one.original.line for one in lines if one.error or (one.key and one.value is None)]:
        raise InputError(
            f"Line {wrong[0]} of {path} is no NAME=value.",
            next_step="Put a value of several lines in double quotes.",
        )
    found = {one.key: one.value or "" for one in lines if one.key}
    if empty := [name for name, value in found.items() if not value]:
        raise InputError(
            f"{path} has no value for {', '.join(empty)}.", next_step="Give it one, or take the line out."
        )
    return {name: value if name == BUCKET else Secret(value) for name, value in found.items() if value}


def _refuse_in_repository(path: Path) -> None:
    inside = toplevel(path.resolve().parent)
    if inside is not None:
        raise InputError(
            f"{path} lies in the git repository {inside}: from there it leaks.",
            next_step=f"mv {shlex.quote(str(path))} ~/ and name it there.",
        )
