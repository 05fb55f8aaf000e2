"""Where a person has a say over deployments, what they may do in a repository, what they left; read only."""

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from responder.access import RepositoryAccess, Review
from responder.action import Connections
from responder.errors import DeniedError, NotFoundError
from responder.providers.github.connection import GithubConnection
from responder.providers.github.environments import reviewing
from responder.providers.github.review_read import pages
from responder.providers.github.teams import Team, everyone

if TYPE_CHECKING:
    from github import Github


def reviews_of(connections: Connections, repository: str, environment: str, login: str) -> list[Review]:
    """One, where they are among those who must approve, by themselves or by a team.

    Raises:
        ProviderError: GitHub could not be asked.
    """
    try:
        found = reviewing(connections, repository, environment)
    except NotFoundError:
        return []
    connection, organization = connections.get(GithubConnection), repository.partition("/")[0]
    who = list(found.people)
    for slug in found.teams:
        who += everyone(connection, Team(organization, slug))
    theirs = dict.fromkeys(one for one in who if one.casefold() == login.casefold())
    return [Review(repository=repository, environment=environment, login=one) for one in theirs]


def access_of(connections: Connections, repository: str, login: str) -> list[RepositoryAccess]:
    """One, where they may do more in the repository than everybody.

    Raises:
        ProviderError: GitHub could not be asked.
    """
    held = permission(connections.get(GithubConnection), repository, login)
    return [RepositoryAccess(repository=repository, login=login)] if held else []


def permission(connection: GithubConnection, repository: str, login: str) -> str:
    """GitHub's word for what they may; empty for no more than everybody, and for nobody of that name.

    https://docs.github.com/rest/collaborators/collaborators#get-repository-permissions-for-a-user

    Raises:
        ProviderError: GitHub could not be asked.
    """
    address = f"/repos/{repository}"
    of_them = f"{address}/collaborators/{quote(login, safe='')}/permission"

    def asked(where: str) -> Any:  # noqa: ANN401  # GitHub's JSON
        return connection.ask(f"GET {where}", lambda github: _json(github, where))

    itself = asked(address)
    try:
        found = asked(of_them)
    except NotFoundError:
        return ""
    nothing = ("none",) if itself["private"] else ("none", "read")
    return "" if found["permission"] in nothing else str(found["role_name"])


def deploy_keys_of(connections: Connections, repository: str, login: str) -> list[tuple[str, str]] | None:
    """Number and title of those that they added: GitHub lets them live on when who added them is gone.

    None where the operator is no administrator, and is told of none.

    Raises:
        ProviderError: GitHub could not be asked.
    """
    connection = connections.get(GithubConnection)
    try:
        listed = [one for page in pages(connection, f"/repos/{repository}/keys?per_page=100") for one in page]
    except (NotFoundError, DeniedError):
        return None
    return [
        (str(one["id"]), str(one["title"]))
        for one in listed
        if str(one.get("added_by") or "").casefold() == login.casefold()
    ]


def _json(github: "Github", address: str) -> Any:  # noqa: ANN401  # GitHub's JSON
    return github.requester.requestJsonAndCheck("GET", address)[1]
