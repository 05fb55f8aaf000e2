"""What the workspace says of a token, asked with the operator's rights alone."""

from datetime import UTC, datetime
from typing import Final

from responder.action import Connections
from responder.errors import ProviderError
from responder.exposure import Leaked, LeakedMemberToken, LeakedProxyToken, LeakedServiceUser
from responder.profile import Facts, Power
from responder.providers.modal import workspace
from responder.providers.modal.connection import ModalConnection
from responder.providers.modal.reach import opened_by, roles_of

_FROM_WHERE: Final = "From where it was used: Modal tells that to nobody but Enterprise, in its audit log."
# Whoever may run a function in an environment may give it any Secret there, and read it inside.
_MEANS: Final = {
    "contributor": "deploys and stops apps, runs code, and so reads every Secret there",
    "viewer": "sees apps, logs and the names of Secrets",
}


def facts(connections: Connections, leaked: Leaked, *, tried: bool) -> Facts:
    """The facts of what `identify` found; `tried` says that the token itself was asked there.

    Raises:
        ProviderError: the workspace could not be asked.
    """
    connection = connections.get(ModalConnection)
    by = ["it said hello with its secret" if leaked.life == "live" else "it was tried"] if tried else []
    match leaked:
        case LeakedServiceUser():
            return _service_user(connection, leaked, by)
        case LeakedMemberToken():
            return _member_token(connection, leaked, by)
        case LeakedProxyToken():
            return _proxy_token(connection, leaked)
    return Facts(what="Modal token")


def _service_user(connection: ModalConnection, leaked: LeakedServiceUser, by: list[str]) -> Facts:
    user = workspace.service_user(connection, leaked.name)
    roles = leaked.roles.items()
    return Facts(
        what="Modal service user's token",
        owner=f"service user {leaked.name}" + (f", made by {user.created_by}" if user else ""),
        life_by="; ".join(["the workspace lists it", *by]),
        created=_aware(user.created_at) if user else None,
        expires=_aware(user.expires_at) if user else None,
        last_used=_aware(user.last_used_at) if user else None,
        never_used=user is not None and user.last_used_at is None,
        powers=tuple(_role(environment, role) for environment, role in roles)
        or (Power(what="nothing: it has no role in any environment"),),
        untold=(_FROM_WHERE, "Which running containers it started: revoking it does not stop them."),
    )


def _role(environment: str, role: str, by: str = "its roles") -> Power:
    means = f": {_MEANS[role]}" if role in _MEANS else ""
    return Power(what=f"{role} in environment {environment}{means}", by=by)


def _member_token(connection: ModalConnection, leaked: LeakedMemberToken, by: list[str]) -> Facts:
    token = workspace.member_token(connection, leaked.identifier)
    powers, untold = _of_member(connection, leaked.owner)
    state = "disabled" if token and token.disabled else "enabled"
    return Facts(
        what="personal Modal token",
        owner=f"member {leaked.owner}" if leaked.owner else "",
        life_by="; ".join([*([f"the workspace lists it as {state}"] if token else []), *by]),
        created=_aware(token.created_at) if token else None,
        expires=_aware(token.expires_at) if token else None,
        last_used=_aware(token.last_used_at) if token else None,
        never_used=token is not None and token.last_used_at is None,
        powers=powers,
        untold=(*untold, _FROM_WHERE),
    )


def _of_member(connection: ModalConnection, owner: str) -> tuple[tuple[Power, ...], tuple[str, ...]]:
    try:
        members = connection.run("WorkspaceMembersList", connection.workspace.members.list.aio)
    except ProviderError as error:
        return (), (f"What its owner may do: {error.what}",)
    role = next((member.role for member in members if member.name == owner), "")
    if not role:
        return (), ("What its owner may do.",)
    if role in ("owner", "manager"):
        more = "makes and deletes tokens, members and environments, and reads every Secret"
        return (Power(what=f"{role} of the workspace: {more}", by="its owner", reach="admin"),), ()
    try:
        roles = roles_of(connection, owner)
    except ProviderError as error:
        return (), (f"Which role its owner has in which environment: {error.what}",)
    return tuple(_role(environment, held, "its owner") for environment, held in roles.items()), ()


def _proxy_token(connection: ModalConnection, leaked: LeakedProxyToken) -> Facts:
    token = workspace.proxy_token(connection, leaked.identifier)
    what, untold = "calls web endpoints that ask for a proxy token, and nothing else", []
    if token and token.scoped:
        try:
            opened = opened_by(connection, leaked.identifier)
            what += f", in {', '.join(opened)}" if opened else ", in no environment that we are shown"
        except ProviderError as error:
            untold.append(f"Which environments' web endpoints it opens: {error.what}")
    elif token:
        what += ", in every environment"
    return Facts(
        what="Modal proxy token",
        owner=f"made by {token.created_by}" if token else "",
        life_by="the workspace lists it; it cannot be tried from here",
        created=_aware(token.created_at) if token else None,
        powers=(Power(what=what),),
        untold=(*untold, "When and from where it was used: Modal does not say."),
    )


def _aware(moment: datetime | None) -> datetime | None:
    """As Modal's are, except where a type of its forgets it."""
    return moment if moment is None or moment.tzinfo else moment.replace(tzinfo=UTC)
