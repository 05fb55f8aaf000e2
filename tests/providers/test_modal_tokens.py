"""Member and proxy tokens, and the proof that a token lives."""

import pytest

from responder.action import Done, NotDone, Unknown
from responder.errors import RefusedError
from responder.providers.modal.members import MemberInput, TakeMemberRole
from responder.providers.modal.tokens import (
    DeleteProxyToken,
    DisableMemberToken,
    MemberTokenInput,
    ProveInput,
    ProveToken,
    ProxyTokenInput,
)
from responder.secret import Secret

pytest_plugins = ("modal_operator",)

DISABLE, DELETE, PROVE = DisableMemberToken(), DeleteProxyToken(), ProveToken()


def member(token, *, secret=True):
    return MemberTokenInput(
        token_id=token.token_id, token_secret=Secret(token.token_secret) if secret else None
    )


def disabled(operator):
    return {token["token_id"] for token in operator.plane.world()["tokens"] if token["disabled"]}


def test_the_operators_own_role_is_refused_before_anything_is_done(modal_operator):
    own = MemberInput(environment="prod", member="ada")
    with pytest.raises(RefusedError, match="who this session works as"):
        TakeMemberRole().plan(modal_operator.call(), own)


def test_only_the_named_token_of_a_member_is_disabled(modal_operator):
    other = modal_operator.plane.add_member_token("sam")
    given = member(modal_operator.sam)
    DISABLE.apply(modal_operator.call(), given)
    assert disabled(modal_operator) == {modal_operator.sam.token_id}
    assert isinstance(DISABLE.probe(modal_operator.call(), given), Done)
    assert isinstance(DISABLE.probe(modal_operator.call(), member(other)), NotDone)


def test_a_token_that_was_deleted_meanwhile_counts_as_contained(modal_operator):
    modal_operator.workspace.member_tokens.delete(modal_operator.sam.token_id)
    given = member(modal_operator.sam)
    DISABLE.apply(modal_operator.call(), given)
    assert isinstance(DISABLE.probe(modal_operator.call(), given), Done)


def test_a_token_that_was_deleted_cannot_be_given_back_and_one_out_of_sight_may_be(modal_operator):
    call, given = modal_operator.call(), member(modal_operator.sam)
    assert DISABLE.lost(call, given) == ""
    assert DISABLE.lost(modal_operator.call(modal_operator.sam), member(modal_operator.ada)) == ""
    modal_operator.workspace.member_tokens.delete(modal_operator.sam.token_id)
    assert given.token_id in DISABLE.lost(call, given)


def test_a_token_that_is_only_out_of_sight_is_not_taken_for_gone(modal_operator):
    hidden = member(modal_operator.ada, secret=False)
    assert isinstance(DISABLE.probe(modal_operator.call(modal_operator.sam), hidden), Unknown)
    never = MemberTokenInput(token_id="ak-neverThere")
    assert isinstance(DISABLE.probe(modal_operator.call(), never), Done)


@pytest.mark.parametrize("act", [DISABLE.plan, DISABLE.apply])
def test_an_operator_never_disables_its_own_token(modal_operator, act):
    with pytest.raises(RefusedError, match=modal_operator.ada.token_id):
        act(modal_operator.call(), member(modal_operator.ada))
    assert disabled(modal_operator) == set()


def test_only_the_named_proxy_token_is_deleted(modal_operator):
    proxies = modal_operator.workspace.proxy_tokens
    leaked, kept = proxies.create("edge"), proxies.create("edge")
    given = ProxyTokenInput(token_id=leaked.token_id)
    assert "edge" in DELETE.plan(modal_operator.call(), given).change
    DELETE.apply(modal_operator.call(), given)
    assert [t["token_id"] for t in modal_operator.plane.world()["proxy_tokens"]] == [kept.token_id]


def test_a_token_with_a_wrong_secret_is_not_proven(modal_operator):
    token = modal_operator.ci_prod
    good = ProveInput(token_id=token.token_id, token_secret=Secret(token.token_secret))
    bad = ProveInput(token_id=token.token_id, token_secret=Secret("as-notItsSecretAtAll"))
    assert isinstance(PROVE.probe(modal_operator.call(), good), Done)
    assert isinstance(PROVE.probe(modal_operator.call(), bad), NotDone)
