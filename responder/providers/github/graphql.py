"""What only GitHub's GraphQL API tells. It answers 200 also where it refuses."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from responder.errors import DeniedError, NotFoundError, ProviderError, RejectedError, TransientError
from responder.providers.github.connection import GithubConnection
from responder.secret import redact

if TYPE_CHECKING:
    from github import Github

_KINDS: Final[Mapping[str, type[ProviderError]]] = {
    "NOT_FOUND": NotFoundError,
    "FORBIDDEN": DeniedError,
    "INSUFFICIENT_SCOPES": DeniedError,
    "RATE_LIMITED": TransientError,
}
_LONGEST: Final = 300  # characters of a sentence


def graphql(connection: GithubConnection, what: str, query: str, variables: Mapping[str, Any]) -> Any:  # noqa: ANN401  # an answer's JSON
    """The answer's data.

    Args:
        connection: the operator's.
        what: what is asked for, for people.
        query: in the language of https://docs.github.com/graphql.
        variables: of the query.

    Raises:
        ProviderError: GitHub refused, all of it or a part.
    """

    def ask(github: "Github") -> Any:  # noqa: ANN401
        sent = {"query": query, "variables": dict(variables)}
        return github.requester.requestJsonAndCheck("POST", github.requester.graphql_url, input=sent)[1]

    operation = f"GraphQL {what}"
    told = connection.ask(operation, ask)
    if refusals := told.get("errors"):
        kind = _KINDS.get(str(refusals[0].get("type")), RejectedError)
        said = redact(" ".join(str(refusals[0].get("message")).split()))
        raise kind("github", operation, said[:_LONGEST])
    return told["data"]
