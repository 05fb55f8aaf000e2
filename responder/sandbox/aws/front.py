"""The door before moto: who asks, may they, and then either our own answer or moto's.

moto's own enforcement stays off: it accepts inactive keys and ignores `Condition` and `Resource`.
"""

import threading
from collections.abc import Callable, Iterable
from http import HTTPStatus
from uuid import uuid4
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from werkzeug.test import run_wsgi_app

from responder.sandbox.aws import sigv4, user_things
from responder.sandbox.aws.account import Account
from responder.sandbox.aws.authorize import authorize, context_of
from responder.sandbox.aws.conditions import Context
from responder.sandbox.aws.errors import ServiceError, error_reply, not_in_sandbox, unsigned
from responder.sandbox.aws.lag import LaggingAccount
from responder.sandbox.aws.operations import operations_of
from responder.sandbox.aws.principal import authenticate
from responder.sandbox.aws.query import query_reply
from responder.sandbox.aws.regions import describe_regions
from responder.sandbox.aws.sessions import Sessions
from responder.sandbox.aws.sigv4 import Signature
from responder.sandbox.aws.simulation import simulate
from responder.sandbox.aws.sts import Sts
from responder.sandbox.aws.trail import Asked, Trail
from responder.sandbox.aws.web_identity import Issuers
from responder.sandbox.aws.wire import Reply, Request, json_reply, read_request
from responder.sandbox.faults import Faults


class Front:
    """A WSGI application.

    Args:
        account: what may be asked for.
        sessions: the temporary credentials issued so far.
        issuers: whose word for somebody can be checked.
        trail: remembers what is asked.
        clock: Unix seconds.
        moto: moto's server application, which answers IAM and S3.
        changed: held while a request is answered, because moto's state is not made for threads, and told
            afterwards.
        faults: how late IAM's changes take effect.
    """

    def __init__(
        self,
        account: Account,
        sessions: Sessions,
        issuers: Issuers,
        trail: Trail,
        clock: Callable[[], float],
        moto: WSGIApplication,
        changed: threading.Condition,
        faults: Faults,
    ) -> None:
        self._account = account
        self._checked = LaggingAccount(account.number, clock, faults)
        self._sessions = sessions
        self._sts = Sts(account, sessions, issuers)
        self._trail = trail
        self._clock = clock
        self._moto = moto
        self._changed = changed

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        request = read_request(environ)
        with self._changed:
            with self._checked.noticing():
                reply = self._reply(request, environ)
            self._changed.notify_all()
        length = ("Content-Length", str(len(reply.body)))
        headers = [*reply.headers] if _has_length(reply) else [*reply.headers, length]
        start_response(f"{reply.status} {HTTPStatus(reply.status).phrase}", headers)
        return [b"" if request.method == "HEAD" else reply.body]

    def _reply(self, request: Request, environ: WSGIEnvironment) -> Reply:
        request_id = str(uuid4())
        service = "iam" if "Action" in request.parameters else "s3"
        try:
            signature = sigv4.parse(request)
            if signature is None:
                return self._unsigned(request, service, request_id)
            service = signature.service
            return self._signed(request, signature, environ, request_id)
        except ServiceError as error:
            return error_reply(service, error, request_id)

    def _unsigned(self, request: Request, service: str, request_id: str) -> Reply:
        """The trail does not have it: its form for who is known by another's word alone is not made here."""
        name = request.parameters.get("Action", "")
        if name != "AssumeRoleWithWebIdentity":
            raise unsigned(service)
        return query_reply(name, self._sts.by_web_identity(request, self._clock()), request_id)

    def _signed(
        self, request: Request, signature: Signature, environ: WSGIEnvironment, request_id: str
    ) -> Reply:
        now = self._clock()
        caller = authenticate(request, signature, self._checked, self._sessions, now)
        context = context_of(caller, environ.get("REMOTE_ADDR", ""), now)
        try:
            operations = operations_of(request, signature.service, self._account, caller)
            action = operations[-1].action
            address = environ.get("REMOTE_ADDR", "")
            asked = Asked(caller, action, request, signature.region, address, now, request_id)
            try:
                for operation in operations:
                    authorize(caller, operation, context)
                reply = self._answer(asked, context, environ)
            except ServiceError as error:
                self._trail.refused(asked, error)
                raise
            self._trail.answered(asked, reply)
            return reply
        finally:
            # After the answer: moto records the use too, by its own clock. A refused use is a use.
            self._account.mark_used(signature.key_id, signature.service, signature.region, now)

    def _answer(self, asked: Asked, context: Context, environ: WSGIEnvironment) -> Reply:
        service, _, name = asked.action.partition(":")
        match service, name:
            case "sts", _:
                fields = self._sts.answer(name, asked.request, asked.caller, context, asked.at)
                return query_reply(name, fields, asked.request_id)
            case "iam", "SimulatePrincipalPolicy":
                return query_reply(name, simulate(asked.request, self._account), asked.request_id)
            case "cloudtrail", _:
                return json_reply(self._trail.answer(name, asked), asked.request_id)
            case "ec2", _:
                return describe_regions(asked.request_id)
            case "iam", _ if name in user_things.OPERATIONS:
                fields = user_things.answer(name, asked.request, self._account, asked.at)
                return query_reply(name, fields, asked.request_id)
            case "iam", "DeleteUser":
                user_things.refuse_with_belongings(asked.request, self._account)
        return self._from_moto(environ, asked.action)

    def _from_moto(self, environ: WSGIEnvironment, action: str) -> Reply:
        passed = {k: v for k, v in environ.items() if not k.startswith("HTTP_X_MOTO_")}
        passed["HTTP_X_MOTO_ACCOUNT_ID"] = self._account.number
        try:
            chunks, status, headers = run_wsgi_app(self._moto, passed, buffered=True)
        except NotImplementedError:
            raise not_in_sandbox(action) from None
        return Reply(int(status.partition(" ")[0]), tuple(headers.items()), b"".join(chunks))


def _has_length(reply: Reply) -> bool:
    return any(name.lower() == "content-length" for name, _ in reply.headers)
