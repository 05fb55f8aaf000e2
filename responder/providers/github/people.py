"""Where a person has a say over deployments; read only."""

from responder.access import Review
from responder.action import Connections
from responder.errors import NotFoundError
from responder.providers.github.environments import reviewers


def reviews_of(connections: Connections, repository: str, environment: str, login: str) -> list[Review]:
    """One, where they are among those who must approve.

    Raises:
        ProviderError: GitHub could not be asked.
    """
    try:
        who = reviewers(connections, repository, environment)
    except NotFoundError:
        return []
    theirs = [one for one in who if one.casefold() == login.casefold()]
    return [Review(repository=repository, environment=environment, login=one) for one in theirs]
