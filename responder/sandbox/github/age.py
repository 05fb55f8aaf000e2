"""Makes a world that was just seeded look as if it had been there for a while."""

from collections.abc import Iterable, Iterator

from responder.sandbox.github.state import Environment, Repository, State, User
from responder.sandbox.github.vault import Entry
from responder.sandbox.github.ways_in import Ruleset


def backdate(state: State, seconds: float) -> None:
    """People, repositories, environments, secrets and variables. There are no runs and no pushes yet."""
    for made in _made(state):
        made.created_at -= seconds
    for changed in _changed(state):
        changed.updated_at -= seconds


def _made(state: State) -> Iterator[User | Repository | Environment | Entry | Ruleset]:
    yield from state.users.values()
    yield from state.repositories.values()
    yield from _changed(state)


def _changed(state: State) -> Iterator[Environment | Entry | Ruleset]:
    for repository in state.repositories.values():
        yield from repository.environments.values()
        yield from repository.ways_in.rulesets.values()
        yield from _entries(*(kept.values() for kept in repository.ways_in.beside.values()))
        for vault in (repository.vault, *(one.vault for one in repository.environments.values())):
            yield from _entries(vault.secrets.values(), vault.variables.values())
    for shared in state.organizations.values():
        yield from _entries(shared.secrets.values(), shared.variables.values())


def _entries(*kept: Iterable[Entry]) -> Iterator[Entry]:
    for entries in kept:
        yield from entries
