"""The file `respond.toml`: its shape, read strictly, and every mistake in it told at once."""

import re
import tomllib
from collections.abc import Iterator
from datetime import timedelta
from typing import Annotated, Final

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer, ValidationError
from pydantic_core import ErrorDetails

from responder.duration import duration, written
from responder.exposure import (
    GithubEnvironmentPlacement,
    GithubPlacement,
    GithubRepositoryPlacement,
    ModalSecretPlacement,
    Workflow,
    Workload,
)
from responder.found import Kind
from responder.inventory.errors import InventoryError, Mistake, nearest, refuse
from responder.inventory.fill import fill
from responder.inventory.lines import KeyPath, key_lines
from responder.recognise import recognise

CHOOSE: Final = "CHOOSE"  # begins every value that a draft leaves to a person
_OVERLAP: Final = timedelta(hours=1)  # what runs in an old container may go on for a while
_LONGEST: Final = timedelta(days=3650)


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


def _time(value: object) -> timedelta:
    """As a person writes it; what is a time already stays so."""
    time = value if isinstance(value, timedelta) else duration(str(value))
    if timedelta(0) < time <= _LONGEST:
        return time
    raise ValueError(f"it is between 1s and {written(_LONGEST)}")


Time = Annotated[
    timedelta,
    BeforeValidator(_time),
    PlainSerializer(written, when_used="json"),
]


class Credential(_Model):
    """A credential that can leak and be rotated."""

    name: str
    kind: Kind
    user: str = ""  # the IAM user of an aws-access-key
    service_user: str = ""  # of a modal-service-user, without what rotations append
    identifiers: tuple[str, ...] = ()  # of the kinds that no user names
    max_age: Time | None = None  # None: never too old
    overlap: Time = _OVERLAP  # that the old one lives on beside the fresh one, in a rotation
    modal_secrets: tuple[ModalSecretPlacement, ...] = ()
    github_environments: tuple[GithubEnvironmentPlacement, ...] = ()
    github_repositories: tuple[GithubRepositoryPlacement, ...] = ()

    @property
    def is_open(self) -> bool:
        """Whether nobody has said yet whose it is."""
        return (self.user or self.service_user).startswith(CHOOSE)

    @property
    def at_github(self) -> tuple[GithubPlacement, ...]:
        return (*self.github_environments, *self.github_repositories)

    @property
    def places(self) -> tuple[str, ...]:
        """Where its value is kept, for people."""
        return (
            *(f"Modal Secret {place.label}" for place in self.modal_secrets),
            *(f"GitHub environment {place.label}" for place in self.github_environments),
            *(f"GitHub repository {place.label}" for place in self.github_repositories),
        )


class Person(_Model):
    """Somebody of the team, by the names that the services know them by."""

    name: str
    modal: str = ""
    github: str = ""
    iam_users: tuple[str, ...] = ()


class Github(_Model):
    repository: Annotated[str, Field(pattern=r"^[^/\s]+/[^/\s]+$")] = ""


class Audit(_Model):
    """Where checkpoints of the journal are anchored: out of the reach of whoever can write the journal."""

    s3_bucket: str = ""  # with Object Lock
    retain_days: Annotated[int, Field(strict=True, gt=0)] = 400  # that nobody can delete one there
    github_repository: Annotated[str, Field(pattern=r"^[^/\s]+/[^/\s]+$")] | None = None
    github_issue: Annotated[int, Field(strict=True, gt=0)] | None = None

    def in_repository(self, usual: str) -> "Audit":
        """With the usual repository where the issue is in none that is named."""
        here = self.github_repository or usual
        return self.model_copy(update={"github_repository": here if self.github_issue else None})


class Document(_Model):
    guarded_environments: tuple[str, ...] = ("prod",)
    github: Github = Github()
    audit: Audit = Audit()
    credentials: dict[str, Credential] = {}
    workloads: dict[str, Workload] = {}
    people: dict[str, Person] = {}


_SHAPES: dict[KeyPath, type[BaseModel]] = {
    (): Document,
    ("github",): Github,
    ("audit",): Audit,
    ("credentials", "*"): Credential,
    ("credentials", "*", "modal_secrets", "*"): ModalSecretPlacement,
    ("credentials", "*", "github_environments", "*"): GithubEnvironmentPlacement,
    ("credentials", "*", "github_repositories", "*"): GithubRepositoryPlacement,
    ("workloads", "*"): Workload,
    ("people", "*"): Person,
    ("workloads", "*", "workflow"): Workflow,
}
_GIVEN_BY_PLACE = {"name", "credential"}  # by the names of the tables around
KINDS = tuple(kind.value for kind in Kind if kind not in (Kind.MODAL_TOKEN, Kind.AWS_SESSION))


def parse(name: str, text: str) -> Document:
    """The file's content, right in shape; whether its names fit together `check` says.

    Args:
        name: of the file, for messages.
        text: no message repeats a value of it that may be a secret.

    Raises:
        InventoryError: it is no TOML, holds a secret, or has keys or values that it should not have.
    """
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        why, _, where = str(error).partition(" (at ")
        line = re.match(r"line \d+", where)
        place = f"{name}, {line[0]}" if line else name
        raise InventoryError(
            f"{place}: this is not TOML: {why}.", next_step="Mend that line: https://toml.io"
        ) from None
    _refuse_secrets(name, text)
    mistakes: list[Mistake] = []
    filled = fill(raw, mistakes)
    mistakes.extend(Mistake(path, f"`{path[-1]}` is empty.") for path in _empty(raw))
    try:
        document = Document.model_validate(filled)
    except ValidationError as error:
        mistakes.extend(map(_mistake, error.errors(include_url=False)))
        document = Document()
    if mistakes:
        raise refuse(name, mistakes, key_lines(text))
    return document


def _refuse_secrets(name: str, text: str) -> None:
    recognised = recognise(text)
    for line, kind in (
        *((recognised.lines[one.identifier], one.kind) for one in recognised.found if one.secret),
        *((fragment.line, fragment.kind) for fragment in recognised.fragments if fragment.secret),
    ):
        raise InventoryError(
            f"{name}, line {line}: this holds the secret of a credential ({kind}), which no inventory does.",
            next_step="Take it out, and if the file was ever committed or sent: respond leak --file " + name,
        )


def _empty(value: object, path: KeyPath = ()) -> Iterator[KeyPath]:
    """The paths of strings with nothing in them; a workflow's inputs may well be empty."""
    if isinstance(value, dict):
        for key, one in value.items():
            if key != "inputs":
                yield from _empty(one, (*path, key))
    elif isinstance(value, list):
        for index, one in enumerate(value):
            yield from _empty(one, (*path, index))
    elif isinstance(value, str) and not value.strip():
        yield path if isinstance(path[-1], str) else path[:-1]


def _mistake(error: ErrorDetails) -> Mistake:
    path = tuple(part for part in error["loc"] if part != "[key]")
    key, table = str(path[-1]), path[:-1]
    where = ".".join(map(str, table))
    if error["type"] == "extra_forbidden":
        return Mistake(
            path, f"there is no key `{key}` {'in ' + where if where else 'here'}. {_nearest_key(path)}"
        )
    if error["type"] == "missing":
        hint = ", nor is there a [github] repository" if key == "repository" else ""
        return Mistake(table, f"{where} has no `{key}`{hint}.")
    if path[0] == "credentials" and key == "kind":
        return Mistake(path, f"there is no such kind of credential. {nearest(str(error['input']), KINDS)}")
    why = error["msg"].removeprefix("Value error, ").removesuffix(".")
    return Mistake(path, f"`{key}` is wrong: {why[0].lower()}{why[1:]}.")


def _nearest_key(path: KeyPath) -> str:
    for shape, model in _SHAPES.items():
        if len(shape) == len(path) - 1 and all(a in {"*", b} for a, b in zip(shape, path, strict=False)):
            return nearest(str(path[-1]), model.model_fields.keys() - _GIVEN_BY_PLACE)
    return ""
