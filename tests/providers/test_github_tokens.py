from dataclasses import replace

import pytest
from github_account import Weather, opened

from responder.action import Connections, Done, NotDone, Unknown
from responder.errors import RefusedError, RejectedError
from responder.found import Found, Kind
from responder.providers.github.connection import GithubConnection, whoami
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
        REVOKE.apply(world.call(), LeakedToken(token=Secret("v1.of-long-ago")))


def test_an_installations_token_is_told_from_a_dead_one_and_revoked_as_itself(world):
    token = world.plane.add_installation_token("grace")
    leaked = identify(world.call().connections, found(token))
    assert (leaked.life, leaked.login) == ("live", "")
    call, given = world.call(), LeakedToken(token=Secret(token))
    assert isinstance(REVOKE.before(call, given), NotDone)
    output = REVOKE.apply(call, given)
    assert isinstance(REVOKE.verify(call, given, output), Done)
    assert tokens(world) == {world.oncall: True, world.grace: True, token: False}


def test_a_refusal_proves_nothing_while_the_control_identity_is_refused_too(world):
    dead = world.plane.add_token("oncall", expires_at=0)
    call = world.call(token=dead)
    assert isinstance(REVOKE.probe(call, LeakedToken(token=Secret("ghp_whatever-it-is"))), Unknown)
    assert identify(call.connections, found("ghp_whatever-it-is")).life == "unknown"


@pytest.mark.parametrize("control", ["none", "dead"])
def test_without_a_control_identity_it_is_revoked_all_the_same_and_not_called_proven(world, control):
    dead = world.plane.add_token("oncall", expires_at=0)
    environ = {"GITHUB_API_URL": world.url} | ({"GITHUB_TOKEN": dead} if control == "dead" else {})
    call, given = world.call(connections=Connections(environ)), LeakedToken(token=Secret(world.grace))
    REVOKE.plan(call, given)
    assert isinstance(REVOKE.before(call, given), NotDone)
    output = REVOKE.apply(call, given)
    assert not tokens(world)[world.grace]
    proof = REVOKE.verify(call, given, output)
    assert isinstance(proof, Unknown)
    assert "202" in proof.why
    assert "control identity" in proof.why
    assert isinstance(REVOKE.reconcile(call, given), NotDone)


def test_a_refresh_token_is_sent_to_be_revoked_though_nobody_can_tell_whether_it_lives(world):
    refresh = "ghr_" + "a" * 72
    leaked = identify(world.call().connections, found(refresh))
    assert leaked.life == "unknown"
    assert "refresh token" in leaked.note
    weather = Weather(world, lambda *_: None)
    call, given = weather.world.call(), LeakedToken(token=Secret(refresh))
    assert isinstance(REVOKE.before(call, given), NotDone)
    proof = REVOKE.verify(call, given, REVOKE.apply(call, given))
    assert isinstance(proof, Unknown)
    weather.close()
    assert weather.asked == [("POST", "/credentials/revoke")]


@pytest.fixture
def of_another_host(monkeypatch):
    """As the server of a company sees it, which is not this machine."""
    monkeypatch.setattr(GithubConnection, "is_github_com", property(lambda _: False))


@pytest.mark.usefixtures("of_another_host")
def test_a_refusal_by_a_server_that_may_not_have_issued_it_is_no_death(world):
    stranger = "ghp_" + "b" * 36
    leaked = identify(world.call().connections, found(stranger))
    assert leaked.life == "unknown"
    assert "may not be the GitHub that issued it" in leaked.note
    call, given = world.call(), LeakedToken(token=Secret(stranger))
    before = REVOKE.before(call, given)
    assert isinstance(before, NotDone)
    assert isinstance(REVOKE.verify(replace(call, seen=before.seen), given, None), Unknown)


@pytest.mark.usefixtures("of_another_host")
def test_a_token_that_lived_there_before_is_proven_dead_by_a_refusal(world):
    call, given = world.call(), LeakedToken(token=Secret(world.grace))
    before = REVOKE.before(call, given)
    assert isinstance(before, NotDone)
    intended = replace(call, seen=before.seen)
    output = REVOKE.apply(intended, given)
    assert isinstance(REVOKE.verify(intended, given, output), Done)
    assert isinstance(REVOKE.reconcile(intended, given), Done)


def test_github_out_of_reach_leaves_it_unknown_and_worth_asking_again(world):
    call, given = world.call(), LeakedToken(token=Secret(world.grace))
    world.plane.stop()
    for look in (REVOKE.probe, REVOKE.before, REVOKE.reconcile):
        found = look(call, given)
        assert isinstance(found, Unknown)
        assert found.transient


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


def test_without_an_operators_token_identification_goes_on_and_says_what_to_set(world):
    leaked = identify(Connections({"GITHUB_API_URL": world.url}), found(world.grace))
    assert leaked.life == "unknown"
    assert "Set GITHUB_TOKEN" in leaked.note


def test_whoami_is_the_operators_login(world):
    assert whoami(world.call().connections) == "oncall"
