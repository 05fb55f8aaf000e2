"""Refusals, in the words and the form of the service that was called.

S3's codes: https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html
IAM's and STS's: https://docs.aws.amazon.com/STS/latest/APIReference/CommonErrors.html
"""

import json
from xml.sax.saxutils import escape

from responder.sandbox.aws.wire import Reply

FORBIDDEN = 403
# The same refusals, as services with JSON answers name them.
_JSON_CODES = {
    "InvalidClientTokenId": "UnrecognizedClientException",
    "ExpiredToken": "ExpiredTokenException",
    "AccessDenied": "AccessDeniedException",
    "SignatureDoesNotMatch": "InvalidSignatureException",
    "Throttling": "ThrottlingException",
}
_EC2_CODES = {"AccessDenied": "UnauthorizedOperation", "InvalidClientTokenId": "AuthFailure"}


class ServiceError(Exception):
    def __init__(self, code: str, message: str, status: int = FORBIDDEN) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.status = status


def unknown_key(service: str) -> ServiceError:
    """Also for inactive keys and for the keys of deleted users: AWS tells none of them apart."""
    if service == "s3":
        return ServiceError(
            "InvalidAccessKeyId", "The AWS Access Key Id you provided does not exist in our records."
        )
    return ServiceError("InvalidClientTokenId", "The security token included in the request is invalid.")


def invalid_token(service: str) -> ServiceError:
    if service == "s3":
        return ServiceError("InvalidToken", "The provided token is malformed or otherwise invalid.", 400)
    return unknown_key(service)


def expired_token(service: str) -> ServiceError:
    if service == "s3":
        return ServiceError("ExpiredToken", "The provided token has expired.", 400)
    return ServiceError("ExpiredToken", "The security token included in the request is expired")


def unsigned(service: str) -> ServiceError:
    if service == "s3":
        return ServiceError("AccessDenied", "Access Denied")
    return ServiceError("MissingAuthenticationToken", "Request is missing Authentication Token")


def wrong_signature() -> ServiceError:
    return ServiceError(
        "SignatureDoesNotMatch",
        "The request signature we calculated does not match the signature you provided. "
        "Check your AWS Secret Access Key and signing method.",
    )


def malformed_signature(why: str) -> ServiceError:
    return ServiceError("IncompleteSignature", why, 400)


def not_in_sandbox(what: str) -> ServiceError:
    """Not AWS's answer but an honest one: 501, so that no client takes it for a refusal."""
    return ServiceError("NotImplemented", f"The sandbox does not have {what}.", 501)


def error_reply(service: str, error: ServiceError, request_id: str) -> Reply:
    if service == "cloudtrail":
        return _json_reply(error, request_id)
    code, message = escape(error.code), escape(error.message)
    if service == "ec2":
        code = {"AccessDenied": "UnauthorizedOperation", "InvalidClientTokenId": "AuthFailure"}.get(
            code, code
        )
        body = (
            f"<Response><Errors><Error><Code>{code}</Code><Message>{message}</Message></Error></Errors>"
            f"<RequestID>{request_id}</RequestID></Response>"
        )
    elif service == "s3":
        body = (
            f"<Error><Code>{code}</Code><Message>{message}</Message>"
            f"<RequestId>{request_id}</RequestId></Error>"
        )
    else:
        body = (
            f"<ErrorResponse><Error><Type>Sender</Type><Code>{code}</Code><Message>{message}</Message></Error>"
            f"<RequestId>{request_id}</RequestId></ErrorResponse>"
        )
    headers = (("Content-Type", "text/xml"), ("x-amzn-RequestId", request_id))
    return Reply(error.status, headers, f'<?xml version="1.0" encoding="UTF-8"?>\n{body}'.encode())


def _json_reply(error: ServiceError, request_id: str) -> Reply:
    """AWS JSON 1.1: https://smithy.io/2.0/aws/protocols/aws-json-1_1-protocol.html."""
    headers = (("Content-Type", "application/x-amz-json-1.1"), ("x-amzn-RequestId", request_id))
    status = 400 if error.status == FORBIDDEN else error.status
    code = _JSON_CODES.get(error.code, error.code)
    return Reply(status, headers, json.dumps({"__type": code, "message": error.message}).encode())
