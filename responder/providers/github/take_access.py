"""Have a person do nothing any more in a repository, whatever tokens and keys of theirs they come with."""

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from responder.action import Call, Done, Input, Irreversible, NotDone, Nothing, Plan, Probe, answered
from responder.errors import NotFoundError, RefusedError
from responder.providers.github.connection import GithubConnection
from responder.providers.github.people import permission

if TYPE_CHECKING:
    from github import Github


class AccessInput(Input):
    repository: str
    login: str

    @property
    def organization(self) -> str:
        return self.repository.partition("/")[0]


class TakeAccess(Irreversible[AccessInput, Nothing]):
    """Out of the repository; and out of the organisation, where that is what lets them in.

    Whatever they made, personal access tokens, SSH keys, applications that they let act for them, may do what
    they may do themselves. https://docs.github.com/rest/orgs/members
    """

    name = "github.take_access"
    permissions = ("Administration: write", "Members: write")
    point_of_no_return = "Whoever was taken out comes back by an invitation, which they have to accept."

    def plan(self, call: Call, given: AccessInput) -> Plan:
        _refuse(call, given)
        held = permission(call.connections.get(GithubConnection), given.repository, given.login)
        if not held:
            return Plan(f"Nothing: {given.login} may do nothing in {given.repository}")
        return Plan(
            f"Take {given.login} out of {given.repository}, where they have the role {held}; and out of the "
            f"organisation {given.organization}, where that lets them in",
            f"Tokens, SSH keys and applications of {given.login} open nothing there any more.",
        )

    @answered
    def probe(self, call: Call, given: AccessInput) -> Probe[Nothing]:
        held = permission(call.connections.get(GithubConnection), given.repository, given.login)
        if held:
            return NotDone(f"{given.login} has the role {held} in {given.repository}.")
        asked = f"GET /repos/{given.repository}/collaborators/{given.login}/permission"
        return Done(Nothing(), f"{asked}: no more than everybody")

    def apply(self, call: Call, given: AccessInput) -> Nothing:
        _refuse(call, given)
        connection, login = call.connections.get(GithubConnection), quote(given.login, safe="")
        _delete(connection, f"/repos/{given.repository}/collaborators/{login}")
        if permission(connection, given.repository, given.login):
            _delete(connection, f"/orgs/{given.organization}/memberships/{login}")
        return Nothing()


def _refuse(call: Call, given: AccessInput) -> None:
    """Raises: RefusedError."""

    def ask(github: "Github") -> Any:  # noqa: ANN401  # GitHub's JSON
        return github.requester.requestJsonAndCheck("GET", "/user")[1]

    us = str(call.connections.get(GithubConnection).ask("GET /user", ask)["login"])
    if us.casefold() == given.login.casefold():
        raise RefusedError(
            f"This very command works as {us}: to take them out of {given.repository} would lock you out.",
            next_step="Set GITHUB_TOKEN to another administrator's token, and run it again.",
        )
    if given.organization.casefold() == given.login.casefold():
        raise RefusedError(
            f"{given.repository} belongs to {given.login}, who cannot be taken out of it.",
            next_step="Transfer it first: Settings > General > Transfer ownership; then respond.toml.",
        )


def _delete(connection: GithubConnection, address: str) -> None:
    """What is gone already is passed over."""

    def ask(github: "Github") -> Any:  # noqa: ANN401  # GitHub's JSON
        return github.requester.requestJsonAndCheck("DELETE", address)

    try:
        connection.ask(f"DELETE {address}", ask)
    except NotFoundError:
        return


ACTIONS = (TakeAccess(),)
