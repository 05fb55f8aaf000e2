"""What becomes of a playbook's steps when an exposure is known."""

import pytest
from leaks import CANARY, exposure, setting

from responder.action import Actions
from responder.exposure import LeakedAccessKey, Workload
from responder.playbook import expand, load, read
from responder.playbook.expand import arguments
from responder.playbook.expression import ExpressionError, evaluate
from responder.secret import Secret

ACTIONS = Actions()
LEAK = load(*read("leak"), ACTIONS)


def instances(leak=None, **more):
    return {instance.id: instance for instance in expand(LEAK, setting(leak, **more))}


def test_there_is_a_step_for_each_item_named_after_it_and_none_where_there_is_no_item():
    found = instances()
    assert "deactivate_key[s3]" in found
    assert "update_modal_secret[prod/my-app-secrets/ID]" in found
    assert "put_github_secrets[rentagpu/executor/prod/ID]" in found
    assert not any(name.startswith(("disable_member_token", "revoke_github_token")) for name in found)


def two_keys():
    second = LeakedAccessKey(credential="other", known=True, identifier="AKIA2", user="someone")
    leak = exposure()
    return leak.model_copy(update={"access_keys": (*leak.access_keys, second)})


def test_over_the_same_list_a_step_needs_only_the_same_item():
    found = instances(two_keys())
    assert found["create_key[s3]"].needs == ("make_room[s3]",)
    assert found["create_key[other]"].needs == ("make_room[other]",)


def test_a_placement_needs_only_the_fresh_credential_that_it_holds():
    found = instances(two_keys())
    assert found["update_modal_secret[prod/my-app-secrets/ID]"].needs == ("create_key[s3]",)
    assert found["put_github_secrets[rentagpu/executor/prod/ID]"].needs == ("create_service_user[ci]",)


def test_a_workload_needs_all_that_it_runs_or_is_deployed_with_and_nobody_elses_credential_needs_it():
    leak = two_keys()
    elsewhere = leak.modal_secrets[0].model_copy(update={"credential": "other", "secret": "elsewhere"})
    found = instances(leak.model_copy(update={"modal_secrets": (*leak.modal_secrets, elsewhere)}))
    assert set(found["redeploy[executor-prod]"].needs) == {
        "update_modal_secret[prod/my-app-secrets/ID]",
        "put_github_secrets[rentagpu/executor/prod/ID]",
    }
    assert "verify_workload[executor-prod]" in found["delete_key[s3]"].needs
    assert found["delete_key[other]"].needs == (
        "prove_key[other]",
        "update_modal_secret[prod/elsewhere/ID]",
        "recheck_key[other]",
    )


def test_what_belongs_to_no_credential_needs_all():
    leak = two_keys()
    nobodys = leak.workloads[0].model_copy(update={"name": "idle", "runs_with": (), "deployed_with": ()})
    found = instances(leak.model_copy(update={"workloads": (*leak.workloads, nobodys)}))
    assert set(found["redeploy[idle]"].needs) == set(found["redeploy[executor-prod]"].needs)


def test_a_condition_that_says_no_leaves_the_step_there_and_inactive():
    found = instances()
    assert found["redeploy[executor-prod]"].active
    assert not found["redeploy_from_here[executor-prod]"].active
    found = instances(redeploy="direct")
    assert not found["redeploy[executor-prod]"].active
    assert found["redeploy_from_here[executor-prod]"].active


def test_what_the_inventory_does_not_know_is_contained_and_not_rotated():
    leak = exposure()
    unknown = leak.access_keys[0].model_copy(update={"known": False})
    found = instances(leak.model_copy(update={"access_keys": (unknown,)}))
    assert found["deactivate_key[s3]"].active
    assert not found["create_key[s3]"].active
    assert not found["delete_key[s3]"].active


def test_contain_first_contains_at_once_and_rotate_first_only_after_the_fresh_one_works():
    assert instances()["deactivate_key[s3]"].needs == ()
    found = instances(strategy="rotate-first")
    assert found["deactivate_key[s3]"].needs == (
        "verify_workload[executor-prod]",
        "prove_key[s3]",
        "update_modal_secret[prod/my-app-secrets/ID]",
    )
    assert found["make_room[s3]"].needs == ()


def test_the_same_leak_expands_to_the_same_steps_each_time():
    assert expand(LEAK, setting()) == expand(LEAK, setting())


def test_items_that_cannot_be_told_apart_are_refused():
    leak = exposure()
    with pytest.raises(ValueError, match="not unique"):
        expand(LEAK, setting(leak.model_copy(update={"access_keys": leak.access_keys * 2})))


def given(step_id: str, outputs: dict[str, dict] | None = None, leak=None) -> dict:
    found = expand(LEAK, setting(leak))
    made = {
        name: ACTIONS[next(i for i in found if i.id == name).step.uses].output_type(**fields)
        for name, fields in (outputs or {}).items()
    }
    return arguments(next(i for i in found if i.id == step_id), setting(leak), found, made)


FRESH = {"identifier": "AKIAFRESH", "secret": Secret("canary-fresh-0123456789")}


def test_a_secret_is_handed_on_as_the_object_that_it_is():
    assert given("deactivate_key[s3]") == {
        "user": "rentagpu-s3",
        "access_key_id": "AKIA1",
        "secret": Secret(CANARY),
    }


def test_a_placement_is_given_the_output_for_its_credential_under_the_keys_that_it_names():
    values = given("update_modal_secret[prod/my-app-secrets/ID]", {"create_key[s3]": FRESH})["values"]
    assert values == {"ID": "AKIAFRESH", "SECRET": FRESH["secret"]}


def test_of_finds_the_output_by_the_credentials_name_and_gives_nothing_where_there_is_none():
    rollover = {"rollover[executor-prod]": {"version": 2, "replaced": ["ta-1"]}}
    found = given("verify_workload[executor-prod]", {"create_key[s3]": FRESH, **rollover})
    assert found["access_key_id"] == "AKIAFRESH"
    assert found["replaced"] == ["ta-1"]
    assert given("verify_workload[executor-prod]", rollover)["access_key_id"] is None
    leak = exposure()
    idle = leak.workloads[0].model_copy(update={"runs_with": ()})
    idle_leak = leak.model_copy(update={"workloads": (idle,)})
    assert (
        given("verify_workload[executor-prod]", {"create_key[s3]": FRESH}, idle_leak)["access_key_id"] is None
    )


def test_a_step_that_had_nothing_to_iterate_over_gives_nothing():
    only_ci = exposure().model_copy(update={"access_keys": ()})
    rollover = {"rollover[executor-prod]": {"version": 2, "replaced": ["ta-1"]}}
    assert given("verify_workload[executor-prod]", rollover, only_ci)["access_key_id"] is None


def test_a_wait_may_be_that_of_the_item():
    rotation = load(*read("rotate"), ACTIONS)
    patient = exposure().access_keys[0].model_copy(update={"overlap": 90})
    leak = exposure().model_copy(update={"access_keys": (patient,)})
    waits = {one.id: one.wait for one in expand(rotation, setting(leak))}
    assert waits["deactivate_key[s3]"] == 90
    assert waits["delete_service_user[ci]"] == waits["delete_key[s3]"] == 0


def test_an_output_that_is_not_there_gives_nothing():
    assert given("prove_key[s3]")["access_key_id"] is None


def test_a_workload_without_a_workflow_is_deployed_from_here():
    leak = exposure()
    plain = Workload(name="w", app="w", environment="prod", function="identity", source="app.py")
    found = instances(leak.model_copy(update={"workloads": (plain,)}))
    assert not found["redeploy[w]"].active
    assert found["redeploy_from_here[w]"].active


SCOPE = {"secret": Secret(CANARY), "holder": exposure().access_keys[0], "text": "words", "nothing": None}


def test_within_text_an_expression_gives_text_and_nothing_gives_none():
    assert evaluate("a ${{ text }} b ${{ nothing }}", SCOPE) == "a words b "
    assert evaluate("${{ text }} and ${{ text }}", SCOPE) == "words and words"
    assert evaluate("${{ nothing.field.of }}", SCOPE) is None


def test_a_secret_within_text_is_refused():
    with pytest.raises(ExpressionError, match="cannot stand within other text"):
        evaluate("token: ${{ secret }}", SCOPE)


@pytest.mark.parametrize("text", ["${{ text( }}", "${{ secret < 'a' }}", "${{ nothing + 1 }}"])
def test_what_cannot_be_evaluated_is_an_error_that_names_the_expression(text: str):
    with pytest.raises(ExpressionError, match="cannot be evaluated"):
        evaluate(text, SCOPE)


@pytest.mark.parametrize(
    "expression",
    [
        "secret.reveal()",
        "secret.reveal",
        "secret._Secret__value",
        "secret['_Secret__value']",
        "secret.__class__",
        "holder.secret.reveal()",
        "holder.model_dump().secret.reveal()",
        "holder.__dict__",
        "holder.model_dump_json()",
        "secret | string",
        "secret ~ ''",
        "'%s' % secret",
        "[secret] | join",
        "{secret: 1} | list | first | string",
        "holder | tojson",
        "''.join([secret])",
        "secret.__reduce__()",
        "self",
        "cycler",
    ],
)
@pytest.mark.parametrize("form", ["${{{{ {} }}}}", "in text: ${{{{ {} }}}}"])
def test_no_expression_brings_a_secrets_value_out(expression: str, form: str):
    try:
        found = evaluate(form.format(expression), SCOPE)
    except ExpressionError as error:
        found = error.what
    assert CANARY not in repr(found)
    assert CANARY not in str(found)
