"""What a person's IAM user has; read only."""

from responder.action import Connections
from responder.errors import NotFoundError
from responder.exposure import LeakedAccessKey
from responder.providers.aws.connection import AwsConnection
from responder.providers.aws.errors import ask


def of_user(connections: Connections, user: str) -> tuple[LeakedAccessKey, ...] | None:
    """Every access key, also one that is out of use: what was got with it may go on. None for no such user.

    Raises:
        ProviderError: IAM could not be asked.
    """
    iam = connections.get(AwsConnection).iam
    try:
        listed = ask("iam:ListAccessKeys", iam.list_access_keys, UserName=user)["AccessKeyMetadata"]
    except NotFoundError:
        return None
    ids = [key["AccessKeyId"] for key in listed]
    return tuple(
        LeakedAccessKey(
            credential=key["AccessKeyId"],
            known=False,
            identifier=key["AccessKeyId"],
            life="live" if key["Status"] == "Active" else "dead",
            user=user,
            other_keys=tuple(other for other in ids if other != key["AccessKeyId"]),
        )
        for key in listed
    )
