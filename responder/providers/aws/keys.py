"""What IAM and STS say of an access key: its owner, its status, its last use, whether it opens anything."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from responder.action import Call
from responder.errors import DeniedError, NotFoundError, RefusedError
from responder.providers.aws.connection import AwsConnection, operator_key_id, whoami
from responder.providers.aws.errors import UnknownKeyError, ask, request_id
from responder.secret import Secret


@dataclass(frozen=True)
class AccessKey:
    access_key_id: str
    status: str  # IAM's word: Active, Inactive, or Expired
    created: datetime


@dataclass(frozen=True)
class KeyList:
    user: str
    keys: tuple[AccessKey, ...]
    request_id: str

    def get(self, access_key_id: str) -> AccessKey | None:
        return next((key for key in self.keys if key.access_key_id == access_key_id), None)

    @property
    def ids(self) -> list[str]:
        return [key.access_key_id for key in self.keys]

    def __str__(self) -> str:
        has = " and ".join(self.ids) or "no access key"
        return f"iam:ListAccessKeys: {self.user} has {has} (request {self.request_id})"


@dataclass(frozen=True)
class LastUse:
    user: str
    at: datetime | None  # None: never
    where: str

    def __str__(self) -> str:
        return f"last used {self.at:%Y-%m-%d %H:%M} UTC for {self.where}" if self.at else "never used"


@dataclass(frozen=True)
class Refusal:
    """What STS answered to a key that should be dead, beside what it answered to the operator."""

    refused: bool
    text: str


def list_keys(aws: AwsConnection, user: str) -> KeyList:
    """All access keys of a user: two at most, so always one page. A user that is not there has none."""
    try:
        answer = ask("iam:ListAccessKeys", aws.iam.list_access_keys, UserName=user)
    except NotFoundError as gone:
        return KeyList(user, (), gone.request_id)
    found = (AccessKey(k["AccessKeyId"], k["Status"], k["CreateDate"]) for k in answer["AccessKeyMetadata"])
    return KeyList(user, tuple(found), request_id(answer))


def last_use(aws: AwsConnection, access_key_id: str) -> LastUse | None:
    """None where IAM does not know the key or does not tell: it is deleted, or of another account."""
    try:
        return ask_last_use(aws, access_key_id)
    except (NotFoundError, DeniedError):
        return None


def ask_last_use(aws: AwsConnection, access_key_id: str) -> LastUse:
    """The owner and the last use of a key of the operator's account.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetAccessKeyLastUsed.html

    Raises:
        NotFoundError: IAM says that there is no such key.
        DeniedError: the operator may not ask, or the key is of another account.
        ProviderError: any other answer.
    """
    answer = ask("iam:GetAccessKeyLastUsed", aws.iam.get_access_key_last_used, AccessKeyId=access_key_id)
    used = answer["AccessKeyLastUsed"]
    where = f"{used.get('ServiceName', '?')} in {used.get('Region', '?')}"
    return LastUse(answer.get("UserName", ""), used.get("LastUsedDate"), where)


def owner_elsewhere(aws: AwsConnection, access_key_id: str, user: str) -> str:
    """The user whose key this is, if that is another than `user`: absent from a list is not yet gone."""
    found = last_use(aws, access_key_id)
    return found.user if found and found.user != user else ""


def try_key(aws: AwsConnection, access_key_id: str, secret: Secret) -> Refusal:
    """Whether STS refuses the key as one that it does not know, while it answers the operator.

    sts:GetCallerIdentity needs no permission and cannot be denied: only a dead credential is refused.
    https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html

    Raises:
        ProviderError: the operator is refused too, so that nothing is proven; or STS refuses the key for
            another reason.
    """
    control = ask("sts:GetCallerIdentity", aws.sts.get_caller_identity)
    as_control = f"the control {control['Arn']} passes (request {request_id(control)})"
    tried = aws.as_key(access_key_id, secret)
    try:
        answer = ask("sts:GetCallerIdentity", tried.sts.get_caller_identity)
    except UnknownKeyError as refused:
        named = refused.request_id
        text = f"sts:GetCallerIdentity with {access_key_id} answers InvalidClientTokenId (request {named})"
        return Refusal(refused=True, text=f"{text}; {as_control}")
    finally:
        tried.close()
    text = f"sts:GetCallerIdentity with {access_key_id} still answers {answer['Arn']}"
    return Refusal(refused=False, text=f"{text} (request {request_id(answer)})")


def delete_key(aws: AwsConnection, user: str, access_key_id: str) -> None:
    """A key that is gone already is no error: what comes after tells whether it is."""
    try:
        ask("iam:DeleteAccessKey", aws.iam.delete_access_key, UserName=user, AccessKeyId=access_key_id)
    except NotFoundError:
        return


def refuse_own_key(call: Call, access_key_id: str, doing: str) -> None:
    """Never take away what we ourselves sign with.

    Raises:
        RefusedError: it is the operator's own key.
        UnauthenticatedError: the operator has none.
    """
    if operator_key_id(call.connections) == access_key_id:
        raise RefusedError(
            f"{access_key_id} is what this very command signs with: to {doing} it would lock you out.",
            next_step="Use another operator credential (AWS_PROFILE=…) and run it again.",
        )


def refuse_own_session(call: Call, user: str) -> None:
    """Never deny the sessions of a user while we ourselves work in one of them.

    Raises:
        RefusedError: the operator's credentials are a session of that user.
        ProviderError: STS could not be asked.
    """
    if operator_key_id(call.connections).startswith("ASIA") and is_user(whoami(call.connections), user):
        raise RefusedError(
            f"This very command works in a session of {user}: to deny its sessions would lock you out.",
            next_step="Use another operator credential (AWS_PROFILE=…) and run it again.",
        )


def refuse_own_role(call: Call, role: str) -> None:
    """Never deny the sessions of a role while we ourselves work in one of them.

    Raises:
        RefusedError: the operator's credentials are a session of that role.
        ProviderError: STS could not be asked.
    """
    if role_of(whoami(call.connections)) == role:
        raise RefusedError(
            f"This very command works in a session of the role {role}: "
            "to deny its sessions would lock you out.",
            next_step="Use another operator credential (AWS_PROFILE=…) and run it again.",
        )


def role_of(arn: str) -> str:
    """The role's name in the ARN that STS gives of a session of it; empty for anybody else."""
    return arn.split("/")[1] if ":assumed-role/" in arn else ""


def is_user(arn: str, user: str) -> bool:
    """Whether an ARN that STS gives is that of the IAM user."""
    return ":user/" in arn and arn.rpartition("/")[2] == user


def described(aws: AwsConnection, keys: Sequence[AccessKey], now: datetime) -> str:
    """Keys as a person chooses between them: id, status, age, last use."""
    return "; ".join(
        f"{key.access_key_id} ({key.status}, {(now - key.created).days} days old, "
        f"{last_use(aws, key.access_key_id) or 'last use unknown'})"
        for key in keys
    )
