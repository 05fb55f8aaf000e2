"""What hangs on an IAM user and moto leaves out: credentials for one service; and that it keeps a user.

https://docs.aws.amazon.com/IAM/latest/APIReference/API_DeleteUser.html
https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateServiceSpecificCredential.html
"""

import secrets
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

from responder.sandbox.aws.account import Account
from responder.sandbox.aws.errors import ServiceError
from responder.sandbox.aws.query import Fields
from responder.sandbox.aws.wire import Request

OPERATIONS: Final = frozenset(
    {
        "CreateServiceSpecificCredential",
        "ListServiceSpecificCredentials",
        "DeleteServiceSpecificCredential",
    }
)
_MOST: Final = 2  # of one service


def refuse_with_belongings(request: Request, account: Account) -> None:
    """In the words of AWS, as far as people have quoted them.

    Raises:
        ServiceError: DeleteConflict.
    """
    user = account.iam.users.get(request.parameters.get("UserName", ""))
    if user is None:
        return
    in_the_way = {
        "must delete login profile first": user.password,
        "must delete access keys first": user.access_keys,
        "must delete certificates first": user.signing_certificates,
        "must delete MFA device first": user.mfa_devices,
        "must remove referenced objects first": user.ssh_public_keys or _credentials(user),
        "must detach all policies first": user.managed_policies,
        "must delete policies first": user.policies,
        "must remove users from group first": account.iam.get_groups_for_user(user.name),
    }
    for why, there in in_the_way.items():
        if there:
            raise ServiceError("DeleteConflict", f"Cannot delete entity, {why}.", 409)


def answer(name: str, request: Request, account: Account, now: float) -> Fields:
    """To one of `OPERATIONS`.

    Raises:
        ServiceError: as IAM refuses.
    """
    given = request.parameters
    user = account.iam.users.get(given.get("UserName", ""))
    if user is None:
        raise ServiceError(
            "NoSuchEntity", f"The user with name {given.get('UserName')} cannot be found.", 404
        )
    credentials = _credentials(user)
    match name:
        case "CreateServiceSpecificCredential":
            service = given.get("ServiceName", "")
            if sum(one["ServiceName"] == service for one in credentials.values()) >= _MOST:
                raise ServiceError("LimitExceeded", f"Cannot exceed quota of {_MOST}.", 409)
            made = _made(user.name, service, account.number, now)
            credentials[made["ServiceSpecificCredentialId"]] = made
            return {"ServiceSpecificCredential": {**made, "ServicePassword": secrets.token_urlsafe(32)}}
        case "ListServiceSpecificCredentials":
            listed = [one for one in credentials.values() if _is_asked_for(one, given)]
            return {"ServiceSpecificCredentials": listed, "IsTruncated": "false"}
    identifier = given.get("ServiceSpecificCredentialId", "")
    if credentials.pop(identifier, None) is None:
        raise ServiceError("NoSuchEntity", f"No such credential {identifier} exists", 404)
    return {}


def _credentials(user: Any) -> dict[str, dict[str, str]]:  # noqa: ANN401 - moto's user
    """Kept with moto's own of the user, so that they go where it goes."""
    if not hasattr(user, "service_specific_credentials"):
        user.service_specific_credentials = {}
    kept: dict[str, dict[str, str]] = user.service_specific_credentials
    return kept


def _made(user: str, service: str, account: str, now: float) -> dict[str, str]:
    return {
        "UserName": user,
        "Status": "Active",
        "ServiceName": service,
        "ServiceUserName": f"{user}-at-{account}",
        "ServiceSpecificCredentialId": "ACCA" + secrets.token_hex(8).upper(),
        "CreateDate": f"{datetime.fromtimestamp(now, UTC):%Y-%m-%dT%H:%M:%SZ}",
    }


def _is_asked_for(credential: Mapping[str, str], given: Mapping[str, str]) -> bool:
    return given.get("ServiceName", credential["ServiceName"]) == credential["ServiceName"]
