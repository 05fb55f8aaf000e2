"""What AWS says of an access key or a session, asked with the operator's rights alone."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from responder.action import Connections
from responder.errors import DeniedError, NotFoundError, ProviderError
from responder.exposure import Leaked, LeakedAccessKey, LeakedSession
from responder.profile import Facts, Power
from responder.providers.aws.connection import AwsConnection
from responder.providers.aws.errors import ask
from responder.providers.aws.keys import ask_last_use, list_keys
from responder.providers.aws.powers import powers_of
from responder.providers.aws.trail import newest_use

_OUTLIVING = "Sessions got with it: they outlive it by up to 36 hours."
_LAG = timedelta(minutes=15)  # CloudTrail's, at most in the usual case


def facts(connections: Connections, leaked: Leaked, *, tried: bool) -> Facts:
    """The facts of what `identify` found; `tried` says that the credential itself was asked there.

    Raises:
        ProviderError: AWS could not be asked at all.
    """
    aws = connections.get(AwsConnection)
    if isinstance(leaked, LeakedSession):
        return _of_session(aws, leaked, tried=tried)
    return _of_key(aws, leaked, tried=tried)


def _of_key(aws: AwsConnection, leaked: Leaked, *, tried: bool) -> Facts:
    user = leaked.user if isinstance(leaked, LeakedAccessKey) else ""
    facts = Facts(
        what="AWS access key",
        owner=f"IAM user {user}" if user else "",
        life_by="sts:GetCallerIdentity, asked with the key itself" if tried else "",
    )
    if not user:
        return facts.model_copy(update={"untold": ("Whose it is, and so what it may do.",)})
    key = list_keys(aws, user).get(leaked.identifier)
    by = f"IAM lists it as {key.status}" if key else f"IAM does not list it among {user}'s"
    powers, untold = _powers(aws, "user", user)
    used = _last_use(aws, leaked.identifier)
    told = (*untold, *used.untold, _roles_of(powers), _OUTLIVING)
    return facts.model_copy(
        update={
            "life_by": f"{by}; {facts.life_by}" if tried else by,
            "created": key.created if key else None,
            "last_used": used.at,
            "last_used_where": used.where,
            "never_used": used.never,
            "powers": tuple(powers),
            "untold": tuple(filter(None, told)),
        }
    )


@dataclass(frozen=True)
class _Use:
    """`at` is None where it was never used, or where that is not told."""

    at: datetime | None = None
    where: str = ""
    never: bool = False
    untold: tuple[str, ...] = ()


def _last_use(aws: AwsConnection, identifier: str) -> _Use:
    """IAM's word on when, and CloudTrail's on from where."""
    try:
        use = ask_last_use(aws, identifier)
    except (DeniedError, NotFoundError) as error:
        by_iam = _Use(untold=(f"When it was last used: {error.what}.",))
    else:
        by_iam = _Use(use.at, use.where if use.at else "", never=use.at is None)
    newest, why = newest_use(aws, identifier)
    if newest and (by_iam.at is None or newest.at >= by_iam.at - _LAG):
        return _Use(newest.at, newest.words, untold=by_iam.untold)
    if newest or by_iam.never:
        return by_iam
    return replace(by_iam, untold=(*by_iam.untold, f"From where it was used: {why}"))


def _roles_of(powers: list[Power]) -> str:
    if any(not one.denied and ("sts:AssumeRole" in one.what or one.reach == "admin") for one in powers):
        return "What the roles may do that it can assume."
    return ""


def _powers(aws: AwsConnection, kind: str, name: str) -> tuple[list[Power], list[str]]:
    powers, untold = powers_of(aws, "user" if kind == "user" else "role", name)
    try:
        answer = (
            ask("iam:GetUser", aws.iam.get_user, UserName=name)["User"]
            if kind == "user"
            else ask("iam:GetRole", aws.iam.get_role, RoleName=name)["Role"]
        )
    except ProviderError:
        return powers, [*untold, f"Whether a permissions boundary limits {name}."]
    if boundary := answer.get("PermissionsBoundary"):
        arn = boundary.get("PermissionsBoundaryArn", "?")
        powers.append(
            Power(what=f"anything beyond the boundary {arn}", by="permissions boundary", denied=True)
        )
    return powers, untold


def _of_session(aws: AwsConnection, leaked: LeakedSession, *, tried: bool) -> Facts:
    kind, name = ("user", leaked.user) if leaked.user else ("role", leaked.role)
    owner = f"IAM {kind} {name}" if name else ""
    by = "sts:GetCallerIdentity, asked with the session itself" if tried and leaked.life != "unknown" else ""
    powers, untold = _powers(aws, kind, name) if name else ([], ["Whose it is, and so what it may do."])
    if name:
        untold.append("Whether it was given less than its owner may, by a session policy.")
    newest, why = newest_use(aws, leaked.identifier)
    if why:
        untold.append(f"When and from where it was used: {why}")
    if not by:
        untold.append(
            "Whether it lives: AWS tells only the session itself, by its id, secret and session token. "
            "It lives 36 hours at most."
        )
    return Facts(
        what="AWS session (temporary credentials)",
        owner=owner,
        life_by=by,
        last_used=newest.at if newest else None,
        last_used_where=newest.words if newest else "",
        powers=tuple(powers),
        untold=tuple(untold),
    )
