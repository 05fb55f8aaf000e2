"""Every answer of a provider is known by the provider's own name for it, a refusal too."""

from contextlib import closing

import pytest

from responder.action import Connections, exchanges
from responder.errors import NotFoundError, UnauthenticatedError
from responder.providers.aws import AwsConnection, whoami
from responder.providers.aws.errors import ask
from responder.providers.github.connection import GithubConnection
from responder.sandbox.github.server import Server
from responder.secret import Secret

pytest_plugins = ("aws_account",)


def test_an_answer_and_a_refusal_of_aws_are_both_named(connections, account):
    with exchanges() as seen:
        whoami(connections)
        stranger = connections.get(AwsConnection).as_key("AKIAOFNOBODY00000000", Secret("x" * 40))
        with closing(stranger), pytest.raises(UnauthenticatedError) as refused:
            ask("sts:GetCallerIdentity", stranger.sts.get_caller_identity)
    answered, denied = seen
    assert (answered.provider, answered.operation) == ("aws", "sts:GetCallerIdentity")
    assert answered.id
    assert denied.id == refused.value.request_id
    assert denied.id != answered.id


def answering(status):
    def app(_environ, start_response):
        start_response(
            f"{status} As told", [("Content-Type", "application/json"), ("X-GitHub-Request-Id", "AB:1")]
        )
        return [b'{"message": "as told"}']

    return app


@pytest.mark.parametrize("status", [200, 404])
def test_an_answer_and_a_refusal_of_github_are_both_named_by_verb_and_path(status):
    server = Server(answering(status), 0)
    with (
        closing(server),
        closing(GithubConnection(server.url, Secret("ghp_0"))) as github,
        exchanges() as seen,
    ):
        try:
            github.ask(
                "GET /user", lambda client: client.requester.requestJsonAndCheck("GET", "/user?page=2")
            )
        except NotFoundError:
            assert status == 404
    assert [one.to_json() for one in seen] == [{"provider": "github", "operation": "GET /user", "id": "AB:1"}]


def test_a_record_within_a_record_keeps_its_requests_to_itself(account):
    with exchanges() as outer, exchanges() as inner:
        whoami(Connections(account.environ()))
    assert len(inner) == 1
    assert outer == []
