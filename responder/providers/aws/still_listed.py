"""Whether what the intruder left is still there, where IAM's account of everything is silent."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from responder.errors import NotFoundError
from responder.providers.aws.connection import AwsConnection
from responder.providers.aws.errors import ask
from responder.providers.aws.history import Event
from responder.questions import Questions
from responder.trace import Trace

PERMISSIONS: Final = (
    "iam:GetInstanceProfile",
    "iam:GetOpenIDConnectProvider",
    "iam:GetSAMLProvider",
    "iam:ListMFADevices",
    "iam:ListSSHPublicKeys",
    "iam:ListServiceSpecificCredentials",
    "iam:ListSigningCertificates",
)


@dataclass(frozen=True)
class _Asked:
    """Of one thing by its identifier, or of a user's, among which it is or is not."""

    operation: str
    by: str  # the parameter
    listed: str = ""
    identified: str = ""


_SPECIFIC: Final = _Asked(
    "ListServiceSpecificCredentials", "UserName", "ServiceSpecificCredentials", "ServiceSpecificCredentialId"
)
_ASKED: Final[Mapping[str, _Asked]] = {
    "CreateOpenIDConnectProvider": _Asked("GetOpenIDConnectProvider", "OpenIDConnectProviderArn"),
    "CreateSAMLProvider": _Asked("GetSAMLProvider", "SAMLProviderArn"),
    "CreateInstanceProfile": _Asked("GetInstanceProfile", "InstanceProfileName"),
    "UploadSSHPublicKey": _Asked("ListSSHPublicKeys", "UserName", "SSHPublicKeys", "SSHPublicKeyId"),
    "UploadSigningCertificate": _Asked(
        "ListSigningCertificates", "UserName", "Certificates", "CertificateId"
    ),
    "CreateServiceSpecificCredential": _SPECIFIC,
    "ResetServiceSpecificCredential": _SPECIFIC,
    "EnableMFADevice": _Asked("ListMFADevices", "UserName", "MFADevices", "SerialNumber"),
}


def no_longer_listed(
    aws: AwsConnection, left: Iterable[tuple[Event, Trace]], questions: Questions
) -> Iterator[tuple[str, str, str]]:
    """Which things are not there any more; what IAM does not answer for is taken to be there."""
    asked = [
        (trace.thing, questions.ask(f"whether {trace.subject} is still there", _there, aws, how, trace))
        for event, trace in left
        if event.service == "iam" and trace.subject and trace.to_look_at and (how := _ASKED.get(event.action))
    ]
    yield from (thing for thing, answer in asked if answer.get() is False)


def _there(aws: AwsConnection, how: _Asked, trace: Trace) -> bool:
    iam: Any = aws.iam
    method = {made: name for name, made in iam.meta.method_to_api_mapping.items()}[how.operation]
    given = {how.by: trace.of if how.listed else trace.subject}
    try:
        answer = ask(f"iam:{how.operation}", getattr(iam, method), **given)
    except NotFoundError:
        return False
    if not how.listed:
        return True
    return any(one[how.identified] == trace.subject for one in answer[how.listed])
