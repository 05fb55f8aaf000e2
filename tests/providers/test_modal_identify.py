"""Whose a leaked token is, and whether it lives."""

import pytest

from responder.cli.playing import fresh_run
from responder.exposure import base_of, successor
from responder.found import Found, Kind
from responder.providers.modal.identify import identify
from responder.secret import Secret

pytest_plugins = ("modal_operator",)


def found(token, *, secret=True, kind=Kind.MODAL_TOKEN):
    return Found(kind=kind, identifier=token.token_id, secret=Secret(token.token_secret) if secret else None)


def test_a_service_users_token_is_found_with_its_name_and_roles(modal_operator):
    leaked = identify(modal_operator.connections(), found(modal_operator.ci_prod))
    assert (leaked.name, leaked.base, leaked.roles) == ("ci-prod", "ci-prod", {"prod": "contributor"})
    assert leaked.life == "live"
    assert leaked.identifier == modal_operator.ci_prod.token_id
    assert leaked.secret == Secret(modal_operator.ci_prod.token_secret)


def test_a_successor_has_the_base_name_of_the_first(modal_operator):
    name = successor("ci-prod", "3f9a2c7k")
    token = modal_operator.plane.add_service_user(name, {"prod": "contributor"}, created_by="ada")
    leaked = identify(modal_operator.connections(), found(token, secret=False))
    assert (leaked.name, leaked.base) == ("ci-prod--3f9a2c7k", "ci-prod")
    assert base_of(successor(leaked.base, "abcdefgh")) == "ci-prod"


@pytest.mark.parametrize(
    "name", ["ci--staging", "ci--eu", "ci--production", "ci--EUROPEAN", "ci--a1b2c3d4", "ci"]
)
def test_a_name_with_dashes_of_its_own_is_its_own_base(modal_operator, name):
    token = modal_operator.plane.add_service_user(name, {"prod": "contributor"}, created_by="ada")
    assert identify(modal_operator.connections(), found(token)).base == name
    assert base_of(successor(name, "3f9a2c7k")) == name


def test_the_name_of_every_run_makes_a_successor_that_is_known_as_one():
    for _ in range(50):
        assert base_of(successor("ci-prod", fresh_run())) == "ci-prod"


def test_a_frozen_service_user_is_said_to_be_frozen(modal_operator):
    users = modal_operator.workspace.service_users
    users.set_role("ci-prod", "prod", role="no-access")
    leaked = identify(modal_operator.connections(), found(modal_operator.ci_prod))
    assert leaked.roles == {}
    assert "no-access" in leaked.note


def test_a_listed_token_with_an_outdated_secret_is_dead(modal_operator):
    stale = Found(
        kind=Kind.MODAL_TOKEN,
        identifier=modal_operator.ci_prod.token_id,
        secret=Secret("as-secretOfLastYear0000"),
    )
    assert identify(modal_operator.connections(), stale).life == "dead"


@pytest.mark.parametrize("secret", [True, False])
def test_a_disabled_member_token_is_dead_whether_or_not_its_secret_is_known(modal_operator, secret):
    connections = modal_operator.connections()
    assert identify(connections, found(modal_operator.sam, secret=secret)).life == "live"
    modal_operator.workspace.member_tokens.disable(modal_operator.sam.token_id)
    leaked = identify(connections, found(modal_operator.sam, secret=secret))
    assert (leaked.owner, leaked.life) == ("sam", "dead")


def test_an_operator_who_is_no_manager_learns_the_owner_from_the_token_itself(modal_operator):
    leaked = identify(modal_operator.connections(modal_operator.sam), found(modal_operator.ada))
    assert (leaked.owner, leaked.life) == ("ada", "live")


def test_a_proxy_token_is_found_by_its_id(modal_operator):
    token = modal_operator.workspace.proxy_tokens.create("edge")
    leaked = identify(modal_operator.connections(), found(token, kind=Kind.MODAL_PROXY_TOKEN))
    assert (leaked.identifier, leaked.life) == (token.token_id, "live")
    assert "edge" in leaked.note


@pytest.mark.parametrize("kind", [Kind.MODAL_TOKEN, Kind.MODAL_PROXY_TOKEN, Kind.AWS_ACCESS_KEY])
def test_a_credential_that_the_workspace_does_not_know_is_nobodys(modal_operator, kind):
    stranger = Found(kind=kind, identifier="ak-nobodyKnowsThisToken", secret=Secret("as-norThisSecret0000"))
    assert identify(modal_operator.connections(), stranger) is None
