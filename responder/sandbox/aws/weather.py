"""How AWS words bad weather."""

from http import HTTPStatus
from uuid import uuid4
from wsgiref.types import WSGIApplication, WSGIEnvironment

from responder.sandbox.aws.errors import ServiceError, error_reply
from responder.sandbox.aws.operations import action_of
from responder.sandbox.aws.wire import read_request
from responder.sandbox.faults import Faults, Rule
from responder.sandbox.faults.http import Refusal, Weather, gateway_page, retry_after

# https://docs.aws.amazon.com/IAM/latest/APIReference/CommonErrors.html
_QUERY = {
    "403": ServiceError("AccessDenied", "This identity is not authorized to perform that action.", 403),
    "500": ServiceError(
        "InternalFailure", "The request processing has failed due to some unknown error.", 500
    ),
    "503": ServiceError("ServiceUnavailable", "The service is unavailable. Please try again shortly.", 503),
    "429": ServiceError("Throttling", "Rate exceeded", 400),
}
# https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html
_S3 = {
    "403": ServiceError("AccessDenied", "Access Denied", 403),
    "500": ServiceError("InternalError", "We encountered an internal error. Please try again.", 500),
    "503": ServiceError("ServiceUnavailable", "Service is unable to handle request.", 503),
    "429": ServiceError("SlowDown", "Please reduce your request rate.", 503),
}


def under_weather(front: WSGIApplication, faults: Faults) -> WSGIApplication:
    return Weather(front, faults, "aws", lambda environ: action_of(read_request(environ)), _refusal)


def _refusal(environ: WSGIEnvironment, rule: Rule) -> Refusal:
    request = read_request(environ)
    service = "iam" if "Action" in request.parameters else "s3"
    service = "cloudtrail" if "x-amz-target" in request.headers else service
    error = (_S3 if service == "s3" else _QUERY).get(rule.kind)
    if error is None:
        return gateway_page(HTTPStatus(int(rule.kind)))
    reply = error_reply(service, error, str(uuid4()))
    return Refusal(reply.status, (*reply.headers, *retry_after(rule)), reply.body)
