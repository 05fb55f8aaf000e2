"""Teams of an organisation: who is in them, and by which of those below them.

https://docs.github.com/rest/teams/members
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

from responder.errors import DeniedError, NotFoundError
from responder.providers.github.connection import GithubConnection
from responder.providers.github.review_read import pages

if TYPE_CHECKING:
    from github import Github

_DEEPEST: Final = 10  # of teams below one another


@dataclass(frozen=True)
class Team:
    organization: str
    slug: str

    @property
    def address(self) -> str:
        return f"/orgs/{self.organization}/teams/{quote(self.slug, safe='')}"

    def of_member(self, login: str) -> str:
        return f"{self.address}/memberships/{quote(login, safe='')}"


def everyone(connection: GithubConnection, team: Team) -> tuple[str, ...]:
    """Logins, of teams below it too.

    Raises:
        DeniedError: the operator is not shown the team.
        ProviderError: any other refusal.
    """
    return tuple(str(one["login"]) for one in _listed(connection, f"{team.address}/members"))


def memberships(
    connection: GithubConnection, team: Team, login: str, depth: int = _DEEPEST
) -> Mapping[str, str]:
    """Slug -> role, of the teams that somebody is a member of themselves: this one, or any below it.

    Raises:
        ProviderError: as `everyone`.
    """
    if not any(one.casefold() == login.casefold() for one in everyone(connection, team)):
        return {}
    below: dict[str, str] = {}
    if depth > 0:
        for child in _listed(connection, f"{team.address}/teams"):
            below |= memberships(connection, Team(team.organization, str(child["slug"])), login, depth - 1)
    role = "" if below else _role(connection, team, login)
    return {team.slug: role} if role else below


def leave(connection: GithubConnection, team: Team, login: str) -> None:
    """Whoever is no member already is passed over."""
    address = team.of_member(login)
    try:
        connection.ask(f"DELETE {address}", lambda github: _json(github, "DELETE", address))
    except NotFoundError:
        return


def join(connection: GithubConnection, team: Team, login: str, role: str) -> None:
    address = team.of_member(login)
    connection.ask(f"PUT {address}", lambda github: _json(github, "PUT", address, {"role": role}))


def _role(connection: GithubConnection, team: Team, login: str) -> str:
    """Empty for who has just been taken out, as by another step that takes them out of the organisation."""
    address = team.of_member(login)
    try:
        found = connection.ask(f"GET {address}", lambda github: _json(github, "GET", address))
    except NotFoundError:
        return ""
    return str(found["role"])


def _listed(connection: GithubConnection, address: str) -> list[Any]:
    try:
        return [one for page in pages(connection, f"{address}?per_page=100") for one in page]
    except NotFoundError as hidden:
        raise DeniedError(
            "github",
            f"GET {address}",
            "there is no such team, or this token is not shown it.",
            request_id=hidden.request_id,
            next_step="Give GITHUB_TOKEN the scope `read:org`, of somebody who is of the organisation.",
        ) from None


def _json(github: "Github", verb: str, address: str, sent: Mapping[str, str] | None = None) -> Any:  # noqa: ANN401  # GitHub's JSON
    return github.requester.requestJsonAndCheck(verb, address, input=sent)[1]
