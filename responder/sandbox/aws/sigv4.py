"""Who signed a request, and whether they did: AWS Signature Version 4, in headers or presigned.

Written from https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html, not
on botocore's signer, so that a mistake there is not mirrored here. AWS also refuses a signature older than
fifteen minutes; the sandbox does not, because its clock may be a test's.
"""

import calendar
import hashlib
import hmac
import time
from dataclasses import dataclass
from urllib.parse import quote

from responder.sandbox.aws.errors import ServiceError, malformed_signature, wrong_signature
from responder.sandbox.aws.wire import Request

_ALGORITHM = "AWS4-HMAC-SHA256"
_SCOPE_PARTS = 5
_UNSIGNED = "UNSIGNED-PAYLOAD"


@dataclass(frozen=True)
class Signature:
    """What a request claims. Nothing in it is true before `verify`."""

    key_id: str
    date: str
    region: str
    service: str
    signed_headers: tuple[str, ...]
    value: str
    timestamp: str
    token: str | None
    expires_s: int | None
    """Of a presigned URL; counted from `timestamp`."""

    @property
    def scope(self) -> str:
        return f"{self.date}/{self.region}/{self.service}/aws4_request"


def parse(request: Request) -> Signature | None:
    """None for a request without any signature.

    Raises:
        ServiceError: IncompleteSignature, for one that cannot be read.
    """
    authorization = request.headers.get("authorization")
    if authorization:
        algorithm, _, rest = authorization.partition(" ")
        if algorithm != _ALGORITHM:
            raise malformed_signature(f"The signing algorithm must be {_ALGORITHM}.")
        parts = dict(part.strip().partition("=")[::2] for part in rest.split(","))
        token = request.headers.get("x-amz-security-token")
        return _signature(parts, request.headers.get("x-amz-date", ""), token, None)
    query = dict(request.query_pairs)
    if query.get("X-Amz-Algorithm") != _ALGORITHM:
        return None
    parts = {name: query.get(f"X-Amz-{name}", "") for name in ("Credential", "SignedHeaders", "Signature")}
    try:
        expires_s = int(query.get("X-Amz-Expires", ""))
    except ValueError:
        raise malformed_signature("X-Amz-Expires must be a number of seconds.") from None
    return _signature(parts, query.get("X-Amz-Date", ""), query.get("X-Amz-Security-Token"), expires_s)


def _signature(parts: dict[str, str], timestamp: str, token: str | None, expires_s: int | None) -> Signature:
    credential = parts.get("Credential", "").split("/")
    signed = parts.get("SignedHeaders", "")
    value = parts.get("Signature", "")
    if len(credential) != _SCOPE_PARTS or not signed or not value or not timestamp:
        raise malformed_signature("A signature needs Credential, SignedHeaders, Signature and a date.")
    key_id, date, region, service, _ = credential
    return Signature(
        key_id, date, region, service, tuple(signed.split(";")), value, timestamp, token, expires_s
    )


def verify(request: Request, signature: Signature, secret: str, now: float) -> None:
    """Return only if `secret` made this signature over exactly this request.

    Raises:
        ServiceError: SignatureDoesNotMatch; for S3 also a body that is not the one that was signed, and a
            presigned URL that is past its time.
    """
    to_sign = "\n".join(
        (_ALGORITHM, signature.timestamp, signature.scope, _sha256(_canonical(request, signature).encode()))
    )
    key = f"AWS4{secret}".encode()
    for part in (signature.date, signature.region, signature.service, "aws4_request"):
        key = hmac.digest(key, part.encode(), "sha256")
    expected = hmac.digest(key, to_sign.encode(), "sha256").hex()
    if not hmac.compare_digest(expected.encode(), signature.value.encode()):
        raise wrong_signature()
    declared = request.headers.get("x-amz-content-sha256", "")
    if len(declared) == len(_sha256(b"")) and declared != _sha256(request.body):
        raise ServiceError("XAmzContentSHA256Mismatch", "The body is not the one that was signed.", 400)
    if signature.expires_s is not None and now > _seconds(signature.timestamp) + signature.expires_s:
        raise ServiceError("AccessDenied", "Request has expired")


def _canonical(request: Request, signature: Signature) -> str:
    pairs = sorted(
        (quote(name, safe="-_.~"), quote(value, safe="-_.~"))
        for name, value in request.query_pairs
        if name != "X-Amz-Signature"
    )
    headers = "".join(
        f"{name}:{' '.join(request.headers.get(name, '').split())}\n" for name in signature.signed_headers
    )
    return "\n".join(
        (
            request.method,
            request.path or "/",
            "&".join(f"{name}={value}" for name, value in pairs),
            headers,
            ";".join(signature.signed_headers),
            _payload_hash(request, signature),
        )
    )


def _payload_hash(request: Request, signature: Signature) -> str:
    declared = request.headers.get("x-amz-content-sha256")
    if declared:
        return declared
    if signature.expires_s is not None and signature.service == "s3":
        return _UNSIGNED
    return _sha256(request.body)


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _seconds(timestamp: str) -> float:
    try:
        return calendar.timegm(time.strptime(timestamp, "%Y%m%dT%H%M%SZ"))
    except ValueError:
        raise malformed_signature(f"{timestamp!r} is not a date of the form 20150830T123600Z.") from None
