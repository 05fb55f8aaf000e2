"""What AWS and the network answer is told in our words: what to do about it, and never a body."""

import http.server
import json
import threading
import traceback
from xml.sax.saxutils import escape

import pytest

from responder.action import Connections
from responder.errors import (
    ConflictError,
    DeniedError,
    NotFoundError,
    RejectedError,
    RespondError,
    TransientError,
    UnauthenticatedError,
    UnreachableError,
)
from responder.providers.aws import AwsConnection, whoami
from responder.providers.aws.errors import (
    ExpiredSessionError,
    ExplicitlyDeniedError,
    UnknownKeyError,
    WrongSecretError,
    ask,
    request_id,
)

pytest_plugins = ("aws_account",)

DENY_ALL = {"Effect": "Deny", "Action": "*", "Resource": "*"}
CANARY = "canary-session-token-that-must-not-show"


class Service(http.server.ThreadingHTTPServer):
    """Answers every request alike: what a throttled or broken AWS says, which the sandbox never is."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), _Answer)
        self.status, self.body, self.headers = 200, "", {}
        self.requests = 0

    def says(self, code, status, message="", **headers):
        self.status = status
        self.headers = {name.replace("_", "-"): value for name, value in headers.items()}
        self.body = (
            f"<ErrorResponse><Error><Type>Sender</Type><Code>{code}</Code><Message>{escape(message)}</Message>"
            "</Error><RequestId>the-request</RequestId></ErrorResponse>"
        )

    def refusal(self):
        """What we make of it, by a real client."""
        environ = {
            "AWS_ENDPOINT_URL": f"http://127.0.0.1:{self.server_address[1]}",
            "AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE",
            "AWS_SECRET_ACCESS_KEY": "secret-of-the-operator",
            "AWS_SESSION_TOKEN": CANARY,
        }
        with pytest.raises(RespondError) as refused:
            whoami(Connections(environ))
        return refused.value


class _Answer(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.server.requests += 1
        if self.server.status == 0:
            self.close_connection = True
            return
        self.send_response(self.server.status)
        for name, value in self.server.headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(self.server.body.encode())

    def log_message(self, *_):
        pass


@pytest.fixture
def service():
    server = Service()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.parametrize(
    ("code", "status", "kind"),
    [
        ("Throttling", 400, TransientError),
        ("RequestTimeout", 400, TransientError),
        ("ServiceUnavailable", 503, TransientError),
        ("InternalFailure", 500, TransientError),
        ("EntityTemporarilyUnmodifiable", 409, TransientError),
        ("ConditionalRequestConflict", 409, TransientError),
        ("PreconditionFailed", 412, ConflictError),
        ("InvalidClientTokenId", 403, UnknownKeyError),
        ("InvalidAccessKeyId", 403, UnknownKeyError),
        ("SignatureDoesNotMatch", 403, WrongSecretError),
        ("ExpiredToken", 403, ExpiredSessionError),
        ("MissingAuthenticationToken", 403, UnauthenticatedError),
        ("AccessDenied", 403, DeniedError),
        ("NoSuchEntity", 404, NotFoundError),
        ("LimitExceeded", 409, ConflictError),
        ("EntityAlreadyExists", 409, ConflictError),
        ("DeleteConflict", 409, ConflictError),
        ("ValidationError", 400, RejectedError),
        ("NotImplemented", 501, RejectedError),
    ],
)
def test_each_answer_is_of_the_class_that_says_what_to_do(service, code, status, kind):
    service.says(code, status, "as it was said")
    refused = service.refusal()
    assert type(refused) is kind
    assert code in refused.what
    assert refused.request_id == "the-request"
    assert "the-request" in refused.what


def test_one_call_is_one_request_because_the_engine_reconciles_before_it_tries_again(service):
    service.says("ServiceUnavailable", 503)
    service.refusal()
    assert service.requests == 1


@pytest.mark.parametrize(("header", "seconds"), [("7", 7.0), ("0.5", 0.5), ("soon", None)])
def test_the_time_that_aws_asks_to_wait_is_kept(service, header, seconds):
    service.says("Throttling", 400, Retry_After=header)
    assert service.refusal().retry_after == seconds


def test_no_time_is_made_up_where_aws_names_none(service):
    service.says("Throttling", 400)
    assert service.refusal().retry_after is None


@pytest.mark.parametrize("status", [0, 200])
def test_an_answer_that_is_not_awss_is_worth_another_try(service, status):
    service.status, service.body = status, f"<html>{CANARY}"
    refused = service.refusal()
    assert isinstance(refused, TransientError)
    assert isinstance(refused, UnreachableError) == (status == 0)
    assert CANARY not in everything_of(refused)


@pytest.mark.parametrize("code", ["SignatureDoesNotMatch", "AccessDenied", "ValidationError"])
def test_nothing_that_was_signed_shows_in_an_error(service, code):
    """AWS's SignatureDoesNotMatch repeats the canonical request, with the session token in it."""
    service.says(code, 403, f"No match. x-amz-security-token:{CANARY}\nx-amz-security-token:{CANARY}")
    assert CANARY not in everything_of(service.refusal())


def everything_of(error):
    told = "".join(traceback.format_exception(error))
    return f"{told} {error.what} {error.next_step} {vars(error)!r} {error.__context__!r} {error.__cause__!r}"


def test_a_denial_names_the_permission_and_tells_an_explicit_deny_from_a_missing_allow(account):
    user, key = account.user("sts:*")
    aws = Connections(account.environ(key)).get(AwsConnection)
    with pytest.raises(
        DeniedError, match=r"perform: iam:ListAccessKeys .* because no identity-based"
    ) as plain:
        ask("iam:ListAccessKeys", aws.iam.list_access_keys, UserName=user)
    assert type(plain.value) is DeniedError
    assert plain.value.next_step == "Allow the operator iam:ListAccessKeys."
    account.client("iam").put_user_policy(
        UserName=user,
        PolicyName="deny",
        PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [DENY_ALL]}),
    )
    with pytest.raises(ExplicitlyDeniedError):
        ask("iam:ListAccessKeys", aws.iam.list_access_keys, UserName=user)


def test_a_request_that_cannot_be_made_shows_no_parameter_of_it(connections):
    iam = connections.get(AwsConnection).iam
    with pytest.raises(RejectedError) as refused:
        ask("iam:ListAccessKeys", iam.list_access_keys, UserName={"secret": CANARY})
    assert CANARY not in everything_of(refused.value)


def test_every_answer_has_the_name_that_aws_gave_the_exchange(connections):
    assert request_id(ask("sts:GetCallerIdentity", connections.get(AwsConnection).sts.get_caller_identity))
