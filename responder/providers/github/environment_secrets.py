"""Secrets of a GitHub environment, or of a repository: sealed to its public key, and never readable again."""

from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from datetime import datetime
from typing import TYPE_CHECKING, ClassVar, TypeVar

from pydantic import Field

from responder.action import AnyAction, Call, Done, Input, Irreversible, NotDone, Output, Plan, Probe
from responder.errors import NotFoundError, TransientError
from responder.providers.github.answers import known
from responder.providers.github.connection import GithubConnection
from responder.providers.github.marks import mark, secrets_address
from responder.secret import Secret, redact

if TYPE_CHECKING:
    from github import Github
    from github.Environment import Environment
    from github.Repository import Repository

T = TypeVar("T")

LONGEST = 3600.0  # seconds that a write or a look is put off as GitHub says
AT_ONCE = 4  # connections; GitHub asks not to send many writes together


class EnvironmentValues(Input):
    """Without an environment, for the repository's own secrets: `Secrets: write` at GitHub."""

    repository: str  # owner/name
    environment: str
    values: dict[str, Secret | str] = Field(min_length=1)

    @property
    def path(self) -> str:
        return secrets_address(self.repository, self.environment)

    @property
    def where(self) -> str:
        """For people."""
        return f"environment {self.environment} of {self.repository}" if self.environment else self.repository

    def of(self, github: "Github") -> "Environment | Repository":
        repository = github.get_repo(self.repository)
        return repository.get_environment(self.environment) if self.environment else repository


class SecretsPut(Output):
    updated_at: dict[str, str]  # by GitHub's clock, to the second
    marks: tuple[str, ...] = ()  # of each


class PutEnvironmentSecrets(Irreversible[EnvironmentValues, SecretsPut]):
    """Overwrites or adds the named secrets; the environment and its other secrets stay as they are.

    GitHub tells of a secret only when it was updated, to the second. So what was written counts as proven
    when that time moved, and a write inside the second of an earlier one is made again a second later.
    """

    tick: ClassVar[float] = 1.0  # seconds; how finely GitHub tells when a secret was updated

    name = "github.put_environment_secrets"
    permissions = ("Environments: write",)
    point_of_no_return = (
        "GitHub never shows a secret's value, so those that are there now cannot be put back."
    )

    def plan(self, call: Call, given: EnvironmentValues) -> Plan:
        try:
            fresh = [name for name, at in _updated(call, given).items() if at is None]
        except NotFoundError:  # it may be made before
            fresh = list(given.values)
        new = f" ({', '.join(fresh)}: not there yet)" if fresh else ""
        return Plan(f"Write {', '.join(given.values)} in {given.where}{new}.")

    def probe(self, call: Call, given: EnvironmentValues) -> Probe[SecretsPut]:
        """By `call.seen` alone: without an intent there is nothing that a write could be newer than."""

        def look() -> Probe[SecretsPut]:
            now = _now(call, given)
            if not call.seen or (same := _unmoved(call, now)):
                names = ", ".join(same if call.seen else now)
                return NotDone(f"No write of this step shows in {names}.", now)
            times = "; ".join(
                f"{name} {at} (was {call.seen.get(name) or 'absent'})" for name, at in now.items()
            )
            return Done(_put_at(given, now), f"GET {given.path}: updated_at of {times}.")

        return known(look)

    def before(self, call: Call, given: EnvironmentValues) -> Probe[SecretsPut]:
        def look() -> Probe[SecretsPut]:
            return NotDone("GitHub never shows values: they are written in any case.", _now(call, given))

        return known(look)

    def reconcile(self, call: Call, given: EnvironmentValues) -> Probe[SecretsPut]:
        """Nobody can tell whether all of it arrived, and writing the same again does no harm."""
        return self.before(call, given)

    def apply(self, call: Call, given: EnvironmentValues) -> SecretsPut:
        _put(call, given, given.values)
        now = _now(call, given)
        if same := _unmoved(call, now):
            call.wait(self.tick)
            _put(call, given, same)
            now = _now(call, given)
        return _put_at(given, now)


def _unmoved(call: Call, now: Mapping[str, str | None]) -> list[str]:
    return [name for name, at in now.items() if at is None or at == call.seen.get(name)]


def _put_at(given: EnvironmentValues, now: Mapping[str, str | None]) -> SecretsPut:
    there = {name: at for name, at in now.items() if at}
    marks = (mark(f"{given.path}/{name.upper()}", datetime.fromisoformat(at)) for name, at in there.items())
    return SecretsPut(updated_at=there, marks=tuple(marks))


def _put(call: Call, given: EnvironmentValues, names: Iterable[str]) -> None:
    """All at once; the first error is raised when each has had its answer."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        # In a copy of this thread's context each: what records the names of requests is kept in it.
        sent = [pool.submit(copy_context().run, _put_one, call, given, name) for name in names]
    for one in sent:
        one.result()


def _put_one(call: Call, given: EnvironmentValues, name: str) -> None:
    value = given.values[name]
    plain = value.reveal() if isinstance(value, Secret) else value
    connection = call.connections.get(GithubConnection)

    def put() -> None:
        connection.pace.turn(call.wait)
        # create_secret fetches the public key each time, right before it seals: keys rotate.
        connection.ask(f"PUT {given.path}/{name}", lambda github: given.of(github).create_secret(name, plain))

    _when_it_says(call, put)


def _updated(call: Call, given: EnvironmentValues) -> dict[str, str | None]:
    """When each of the named secrets was last written; None for one that is not there."""

    def ask(github: "Github") -> dict[str, str]:
        return {each.name.upper(): each.updated_at.isoformat() for each in given.of(github).get_secrets()}

    there = call.connections.get(GithubConnection).ask(f"GET {given.path}", ask)
    return {name: there.get(name.upper()) for name in given.values}


def _now(call: Call, given: EnvironmentValues) -> dict[str, str | None]:
    """As `_updated`, however busy GitHub is."""
    return _when_it_says(call, lambda: _updated(call, given))


def _when_it_says(call: Call, ask: Callable[[], T]) -> T:
    """Where GitHub refuses for now and names a time, again then: of hundreds of writes that is in the nature.

    What it refuses so has not been done.

    Raises:
        TransientError: it names no time, or goes on so for longer than `LONGEST`.
        InterruptedRunError: the run is to stop.
    """
    began = call.clock()
    while True:
        try:
            return ask()
        except TransientError as busy:
            waited = (call.clock() - began).total_seconds()
            if busy.retry_after is None or waited + busy.retry_after > LONGEST:
                raise
            call.progress(f"{redact(busy.what)} Again in {busy.retry_after:.0f} s, as GitHub says.")
            call.wait(busy.retry_after)


ACTIONS: tuple[AnyAction, ...] = (PutEnvironmentSecrets(),)
