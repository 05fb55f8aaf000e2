import pytest
from github_account import opened

from responder.action import Connections, Done, NotDone, Unknown
from responder.errors import RefusedError, RejectedError
from responder.exposure import Found, Kind
from responder.providers.github.connection import whoami
from responder.providers.github.identify import identify
from responder.providers.github.tokens import LeakedToken, RevokeToken
from responder.secret import Secret

REVOKE = RevokeToken()


@pytest.fixture
def world():
    world = opened()
    yield world
    world.plane.stop()


def tokens(world):
    return {token["token"]: token["live"] for token in world.plane.world()["tokens"]}


def found(value):
    return Found(kind=Kind.GITHUB_TOKEN, identifier="fingerprint", secret=Secret(value) if value else None)


def test_a_revoked_token_is_dead_and_proven_so_and_the_others_live(world):
    call, given = world.call(), LeakedToken(token=Secret(world.grace))
    assert isinstance(REVOKE.before(call, given), NotDone)
    output = REVOKE.apply(call, given)
    proof = REVOKE.verify(call, given, output)
    assert isinstance(proof, Done)
    assert "oncall passes" in proof.evidence
    assert tokens(world) == {world.oncall: True, world.grace: False}


def test_the_plan_says_whose_token_it_is(world):
    assert "grace" in REVOKE.plan(world.call(), LeakedToken(token=Secret(world.grace))).change


def test_the_token_that_we_use_ourselves_is_refused(world):
    given = LeakedToken(token=Secret(world.oncall))
    for attempt in (REVOKE.plan, REVOKE.apply):
        with pytest.raises(RefusedError, match="GITHUB_TOKEN"):
            attempt(world.call(), given)
    assert tokens(world)[world.oncall]


def test_a_token_that_github_does_not_take_is_refused_before_anything_is_sent(world):
    with pytest.raises(RejectedError, match="ghp_"):
        REVOKE.apply(world.call(), LeakedToken(token=Secret("ghs_an-installations-token")))


def test_a_refusal_proves_nothing_while_the_control_identity_is_refused_too(world):
    dead = world.plane.add_token("oncall", expires_at=0)
    call = world.call(token=dead)
    assert isinstance(REVOKE.probe(call, LeakedToken(token=Secret("ghp_whatever-it-is"))), Unknown)
    assert identify(call.connections, found("ghp_whatever-it-is")).life == "unknown"


def test_a_live_token_is_identified_with_its_owner(world):
    leaked = identify(world.call().connections, found(world.grace))
    assert (leaked.life, leaked.login, leaked.note) == ("live", "grace", "")
    assert (leaked.credential, leaked.known) == ("fingerprint", False)


def test_an_expired_token_is_identified_as_dead(world):
    leaked = identify(world.call().connections, found(world.plane.add_token("grace", expires_at=0)))
    assert (leaked.life, leaked.login) == ("dead", "")
    assert "401" in leaked.note


def test_a_token_of_which_only_the_fingerprint_is_known_is_unknown(world):
    assert identify(world.call().connections, found(None)).life == "unknown"


def test_the_token_that_we_use_ourselves_is_pointed_out(world):
    leaked = identify(world.call().connections, found(world.oncall))
    assert leaked.life == "live"
    assert "GITHUB_TOKEN" in leaked.note


def test_without_an_operators_token_identification_goes_on_and_says_what_to_set(world):
    leaked = identify(Connections({"GITHUB_API_URL": world.url}), found(world.grace))
    assert leaked.life == "unknown"
    assert "Set GITHUB_TOKEN" in leaked.note


def test_whoami_is_the_operators_login(world):
    assert whoami(world.call().connections) == "oncall"
