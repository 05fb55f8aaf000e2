"""What GitHub takes from a repository's default branch; read only."""

from typing import TYPE_CHECKING, Final

from responder.action import Connections
from responder.providers.github.connection import GithubConnection

if TYPE_CHECKING:
    from github import Github

_FOLDER: Final = ".github/workflows"


def default_branch(connections: Connections, repository: str) -> str:
    """The branch that schedules and dispatched workflows are taken from.

    Raises:
        ProviderError: GitHub could not be asked, or has no such repository.
    """

    def ask(github: "Github") -> str:
        return str(github.requester.requestJsonAndCheck("GET", f"/repos/{repository}")[1]["default_branch"])

    return connections.get(GithubConnection).ask(f"GET /repos/{repository}", ask)


def workflow_names(connections: Connections, repository: str) -> frozenset[str]:
    """The files that are in the default branch's folder of workflows; none where there is no such folder.

    Raises:
        ProviderError: GitHub could not be asked.
    """
    address = f"/repos/{repository}/contents/{_FOLDER}"

    def ask(github: "Github") -> frozenset[str]:
        from github import UnknownObjectException  # noqa: PLC0415

        try:
            _, listed = github.requester.requestJsonAndCheck("GET", address)
        except UnknownObjectException:
            return frozenset()
        return frozenset(str(one["name"]) for one in listed)

    return connections.get(GithubConnection).ask(f"GET {address}", ask)
