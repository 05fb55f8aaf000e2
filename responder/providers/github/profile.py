"""What is known of a GitHub token: little, without asking as the token itself."""

from datetime import UTC, datetime
from typing import Final

from responder.action import Connections
from responder.errors import ProviderError
from responder.found import Found, Life
from responder.profile import Facts, Power, Reach, worst_first
from responder.providers.github.connection import GithubConnection
from responder.providers.github.identify import INSTALLATION
from responder.secret import Secret

# https://docs.github.com/authentication/keeping-your-account-and-data-secure/about-authentication-to-github#githubs-token-formats
_TYPES: Final = {
    "ghp_": "GitHub personal access token (classic)",
    "github_pat_": "GitHub personal access token (fine-grained)",
    "gho_": "GitHub token of an OAuth app for a person",
    "ghu_": "GitHub token of a GitHub App for a person",
    "ghs_": "GitHub App installation token (ends within the hour)",
    "ghr_": "GitHub refresh token",
}
# https://docs.github.com/apps/oauth-apps/building-oauth-apps/scopes-for-oauth-apps
_MEANS: Final[dict[str, tuple[str, Reach]]] = {
    "repo": ("repo: reads and writes every repository that its owner can", "wildcard"),
    "public_repo": ("public_repo: writes every public repository that its owner can", "wildcard"),
    "workflow": ("workflow: changes workflows, and so what CI runs with its secrets", ""),
    "gist": ("gist: reads and writes its owner's gists, secret ones too", ""),
    "write:packages": ("write:packages: publishes packages", ""),
    "delete_repo": ("delete_repo: deletes repositories", "admin"),
}


def kind_of(token: Secret | None) -> str:
    """By its beginning."""
    value = token.reveal() if token else ""
    return next((words for prefix, words in _TYPES.items() if value.startswith(prefix)), "GitHub token")


def facts(connections: Connections, found: Found, life: Life, login: str, *, tried: bool) -> Facts:
    """Where it was not `tried`, nothing is asked: GitHub answers nobody about another's token.

    Args:
        connections: the operator's.
        found: with its secret, which is used where `tried` alone.
        life: as `identify` found it out.
        login: whose it is; empty where that is not known.
        tried: it may be used.
    """
    what = kind_of(found.secret)
    if found.secret is None or not tried:
        return Facts(
            what=what,
            untold=(_ONLY_ITSELF,),
        )
    by = "GET /user, asked as the token" if life != "unknown" else ""
    once = Facts(what=what, owner=f"GitHub account {login}" if login else "", life_by=by)
    if life != "live":
        return once.model_copy(update={"untold": ("What it may do.", _USE)})
    if found.secret.reveal().startswith(INSTALLATION):
        return once.model_copy(update={"untold": (_OF_AN_APP, _USE)})
    try:
        headers = connections.get(GithubConnection).ask_as(
            found.secret, "GET /user", lambda github: github.requester.requestJsonAndCheck("GET", "/user")[0]
        )
    except ProviderError as error:
        return once.model_copy(update={"untold": (f"What it may do: {error.what}", _USE)})
    scopes = headers.get("x-oauth-scopes")
    untold = () if scopes is not None else ("What it may do: GitHub names no scopes of such a token.",)
    powers = tuple(
        sorted(
            (_power(scope.strip()) for scope in (scopes or "").split(",") if scope.strip()), key=worst_first
        )
    )
    if scopes is not None and not powers:
        powers = (Power(what="reads what is public"),)
    expires = _moment(str(headers.get("github-authentication-token-expiration", "")))
    return once.model_copy(update={"powers": powers, "expires": expires, "untold": (*untold, _USE)})


_ONLY_ITSELF: Final = (
    "Whose it is, whether it lives and what it may do: "
    "GitHub tells only the token itself (--probe asks as it)."
)
_OF_AN_APP: Final = "Of which app or workflow it is, and so what it may do: GitHub tells that to nobody."
_USE: Final = (
    "When and from where it was used: "
    "GitHub shows that to its owner and, of an organisation, in its audit log."
)


def _power(scope: str) -> Power:
    reach: Reach
    what, reach = _MEANS.get(scope, (scope, "admin" if scope.startswith("admin:") else ""))
    return Power(what=what, by="its scopes", reach=reach)


def _moment(text: str) -> datetime | None:
    """Of the header's own form, `2026-01-31 03:00:00 UTC`."""
    try:
        return datetime.strptime(text, "%Y-%m-%d %H:%M:%S UTC").replace(tzinfo=UTC)
    except ValueError:
        return None
