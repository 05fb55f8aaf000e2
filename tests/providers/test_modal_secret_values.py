"""Fresh values in a Modal Secret."""

import pytest
from modal_operator import VALUES, intended

from responder.action import Done, NotDone, Unknown
from responder.errors import NotFoundError
from responder.providers.modal.secret_values import UpdateInput, UpdateSecret
from responder.secret import Secret

pytest_plugins = ("modal_operator",)

UPDATE = UpdateSecret()
FRESH = {"AWS_ACCESS_KEY_ID": "AKIANEWNEWNEWNEWNEW0", "AWS_SECRET_ACCESS_KEY": Secret("new/secret/000000000")}
GIVEN = UpdateInput(environment="prod", secret="my-app-secrets", values=FRESH)


def test_only_the_named_keys_in_the_named_environment_change(modal_operator):
    call = intended(UPDATE, modal_operator.call(), GIVEN)
    UPDATE.apply(call, GIVEN)
    assert modal_operator.values("dev") == VALUES
    assert modal_operator.values("prod") == {
        **VALUES,
        "AWS_ACCESS_KEY_ID": "AKIANEWNEWNEWNEWNEW0",
        "AWS_SECRET_ACCESS_KEY": "new/secret/000000000",
    }


def test_the_plan_says_what_is_set_what_is_new_and_what_stays(modal_operator):
    given = UpdateInput(environment="prod", secret="my-app-secrets", values={**FRESH, "AWS_REGION": "eu-1"})
    change = UPDATE.plan(modal_operator.call(), given).change
    assert "AWS_REGION is new there" in change
    assert "HF_TOKEN, S3_BUCKET stay as they are" in change


def test_the_evidence_does_not_claim_more_than_that_the_write_was_accepted(modal_operator):
    call = intended(UPDATE, modal_operator.call(), GIVEN)
    proof = UPDATE.verify(call, GIVEN, UPDATE.apply(call, GIVEN))
    assert isinstance(proof, Done)
    assert "accepted" in proof.evidence
    assert "cannot be read back" in proof.evidence


def test_a_key_that_is_not_there_is_not_proven(modal_operator):
    given = UpdateInput(environment="prod", secret="my-app-secrets", values={"AWS_REGION": "eu-1"})
    found = UPDATE.verify(modal_operator.call(), given, None)
    assert isinstance(found, NotDone)
    assert "AWS_REGION" in found.why


def test_a_missing_secret_is_never_made_up(modal_operator):
    given = UpdateInput(environment="prod", secret="my-ap-secrets", values=FRESH)
    assert isinstance(UPDATE.before(modal_operator.call(), given), Unknown)
    with pytest.raises(NotFoundError):
        UPDATE.apply(modal_operator.call(), given)
    assert [s["name"] for s in modal_operator.plane.world()["secrets"]] == ["my-app-secrets"] * 2
