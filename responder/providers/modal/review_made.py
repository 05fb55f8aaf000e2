"""What somebody made that opens or holds something: service users, tokens, Secrets."""

from collections.abc import Iterator
from shlex import quote
from typing import TYPE_CHECKING, Any, Final

from responder.exposure import base_of
from responder.providers.modal.review_read import Environment, Secret, Workspace
from responder.providers.modal.review_who import Who
from responder.trace import Trace

if TYPE_CHECKING:
    from modal.types import MemberTokenInfo, ProxyTokenInfo, ServiceUserInfo

DELETE_TOKEN: Final = "modal.delete_foreign_token"  # noqa: S105  # an action's name


def made(there: Workspace, who: Who) -> Iterator[Trace]:
    """All that is new, and neither leaked nor ours."""
    yield from _opening(there, who)
    for environment in there.environments:
        if who.finds_new(environment, environment.environment_id):
            yield _trace(_environment(environment), environment)
    for secret in there.secrets:
        if who.finds_new(secret, secret.secret_id):
            yield _trace(_secret(secret, who), secret)


def _opening(there: Workspace, who: Who) -> Iterator[Trace]:
    for user in there.service_users:
        if who.finds_new(user, user.token_id):
            yield _trace(_service_user(user, who), user)
    for token in there.member_tokens:
        if who.finds_new(token, token.token_id) and token.token_id != there.own_token:
            yield _trace(_member_token(token, who), token)
    for proxy in there.proxy_tokens:
        if who.finds_new(proxy, proxy.token_id) and proxy.token_id not in who.known:
            yield _trace(_proxy_token(proxy, there, who), proxy)


def _trace(told: dict[str, Any], thing: Any) -> Trace:  # noqa: ANN401  # one of the five
    by = {"by": getattr(thing, "created_by", "")}
    return Trace.model_validate({"provider": "modal", "at": thing.created_at, **by, **told})


def _service_user(user: "ServiceUserInfo", who: Who) -> dict[str, Any]:
    successor = base_of(user.name) in who.known
    severity, because = who.made(user.created_by, "medium")
    if successor and severity != "critical":
        because = "It has the name of a credential of the inventory, and no run of this journal made it."
    return {
        "kind": "modal.service-user-created",
        "subject": user.token_id,
        "of": user.name,
        "what": f"Service user {user.name} was made, with token {user.token_id}",
        "severity": severity,
        "because": because,
        "evidence": f"ServiceUserList: roles {dict(user.environment_roles)}",
        "undo": f"modal workspace service-users delete {quote(user.name)} --yes",
        "remove_with": "" if successor else DELETE_TOKEN,
    }


def _member_token(token: "MemberTokenInfo", who: Who) -> dict[str, Any]:
    leaked = token.username in who.leaked
    return {
        "kind": "modal.member-token-created",
        "subject": token.token_id,
        "of": token.username,
        "what": f"A token of {token.username} was made: {token.token_id}",
        "severity": "high" if leaked else "low",
        "because": f"Another token of {token.username} leaked, and this one lives on."
        if leaked
        else f"It takes a browser in which {token.username} is signed in; ask them.",
        "evidence": f"TokensList: created {token.created_at:%Y-%m-%d %H:%M:%S} UTC",
        "undo": f"modal workspace member-tokens delete {token.token_id} --yes",
        "remove_with": DELETE_TOKEN,
    }


def _proxy_token(token: "ProxyTokenInfo", there: Workspace, who: Who) -> dict[str, Any]:
    severity, because = who.made(token.created_by, "medium")
    named = f" {token.name}" if token.name else ""
    opened = ", ".join(there.opened.get(token.token_id, ())) or "some environments"
    return {
        "kind": "modal.proxy-token-created",
        "subject": token.token_id,
        "what": f"Proxy token{named} was made: {token.token_id}",
        "severity": severity,
        "because": because,
        "evidence": "WebhookTokenList: it opens the web endpoints of "
        + (opened if token.scoped else "the whole workspace"),
        "undo": f"modal workspace proxy-tokens delete {token.token_id} --yes",
        "remove_with": DELETE_TOKEN,
    }


def _environment(environment: Environment) -> dict[str, Any]:
    return {
        "kind": "modal.environment-created",
        "subject": environment.name,
        "what": f"Environment {environment.name} was made",
        "severity": "medium",
        "because": "What runs in it is beside what you look at every day, and may be anybody's.",
        "evidence": f"EnvironmentList: {environment.environment_id}",
        "undo": f"modal environment delete {quote(environment.name)} --yes",
    }


def _secret(secret: Secret, who: Who) -> dict[str, Any]:
    severity, because = who.made(secret.created_by, "low")
    return {
        "kind": "modal.secret-created",
        "subject": secret.name,
        "of": secret.environment,
        "what": f"Secret {secret.name} was made in {secret.environment}",
        "severity": "high" if severity == "critical" else severity,
        "because": because,
        "evidence": f"SecretList: {secret.secret_id} with {', '.join(secret.keys) or 'nothing'}",
        "undo": f"modal secret delete {quote(secret.name)} -e {quote(secret.environment)} --yes",
    }
