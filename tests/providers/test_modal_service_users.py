"""Service users: frozen, deleted and replaced without ever touching one that was not named."""

from dataclasses import replace

import pytest
from grpclib.const import Status
from grpclib.exceptions import GRPCError
from modal_operator import intended

from responder.action import Done, NotDone
from responder.errors import DeniedError, RefusedError
from responder.providers.modal.proof import tried
from responder.providers.modal.service_users import (
    CreateInput,
    CreateServiceUser,
    DeleteInput,
    DeleteServiceUser,
    FreezeInput,
    FreezeServiceUser,
)
from responder.sandbox.modal.workspace import WorkspaceRpcs
from responder.secret import Secret

pytest_plugins = ("modal_operator",)

FREEZE, DELETE, CREATE = FreezeServiceUser(), DeleteServiceUser(), CreateServiceUser()


def ci_prod(operator, **changed):
    token = operator.ci_prod
    given = {"name": "ci-prod", "token_id": token.token_id, "token_secret": Secret(token.token_secret)}
    return DeleteInput(**{**given, **changed})


def frozen(operator, **changed):
    return FreezeInput(**{"name": "ci-prod", "token_id": operator.ci_prod.token_id, **changed})


def test_a_freeze_takes_every_role_and_tells_which(modal_operator):
    modal_operator.workspace.service_users.set_role("ci-prod", "dev", role="viewer")
    given = frozen(modal_operator)
    call = intended(FREEZE, modal_operator.call(), given)
    assert FREEZE.apply(call, given).roles == {"dev": "viewer", "prod": "contributor"}
    assert modal_operator.service_users()["ci-prod"] == {"dev": "no-access", "prod": "no-access"}
    assert modal_operator.service_users()["ci-dev"] == {"dev": "contributor"}


def test_a_freeze_that_was_killed_half_way_is_finished_and_gives_back_every_role(modal_operator):
    users = modal_operator.workspace.service_users
    users.set_role("ci-prod", "dev", role="viewer")
    given = frozen(modal_operator)
    call = intended(FREEZE, modal_operator.call(), given)
    users.set_role("ci-prod", "dev", role="no-access")  # as far as the killed one came
    found = FREEZE.reconcile(call, given)
    assert isinstance(found, Done)
    FREEZE.undo(call, given, found.output)
    assert modal_operator.service_users()["ci-prod"] == {"dev": "viewer", "prod": "contributor"}


def test_the_roles_of_a_service_user_that_was_deleted_cannot_be_given_back(modal_operator):
    given = frozen(modal_operator)
    assert FREEZE.lost(modal_operator.call(), given) == ""
    DELETE.apply(modal_operator.call(), ci_prod(modal_operator))
    assert "no service user ci-prod" in FREEZE.lost(modal_operator.call(), given)
    with pytest.raises(RefusedError, match="no service user ci-prod"):
        FREEZE.undo(modal_operator.call(), given, None)


def test_a_user_of_that_name_with_another_token_is_not_the_one_to_freeze(modal_operator):
    given = frozen(modal_operator, token_id="ak-ofTheOneBefore")
    call = replace(modal_operator.call(), seen={"roles": {"dev": "contributor", "prod": "viewer"}})
    for look in (FREEZE.probe, FREEZE.before, FREEZE.reconcile):
        found = look(call, given)
        assert isinstance(found, Done)
        assert modal_operator.ci_prod.token_id in found.evidence
    assert FREEZE.plan(call, given).change.startswith("Nothing")
    assert modal_operator.ci_prod.token_id in FREEZE.lost(call, given)
    FREEZE.apply(call, given)
    with pytest.raises(RefusedError, match=modal_operator.ci_prod.token_id):
        FREEZE.undo(call, given, None)
    assert modal_operator.service_users()["ci-prod"] == {"prod": "contributor"}


def test_a_service_user_that_is_gone_needs_no_freeze(modal_operator):
    found = FREEZE.before(modal_operator.call(), frozen(modal_operator, name="ci-nobody"))
    assert isinstance(found, Done)
    assert "no service user" in found.evidence


def test_a_deletion_is_proven_by_a_refusal_next_to_a_control_that_passes(modal_operator):
    given = ci_prod(modal_operator)
    call = intended(DELETE, modal_operator.call(), given)
    DELETE.apply(call, given)
    proof = DELETE.verify(call, given, None)
    assert isinstance(proof, Done)
    assert "refused as unauthenticated" in proof.evidence
    assert modal_operator.ada.token_id in proof.evidence
    assert list(modal_operator.service_users()) == ["ci-dev"]


def test_a_refusal_proves_nothing_while_the_operator_is_refused_too(modal_operator):
    given = ci_prod(modal_operator)
    DELETE.apply(modal_operator.call(), given)
    blind = modal_operator.connections(MODAL_TOKEN_SECRET="as-notTheOperatorsSecret")
    trial = tried(blind, given.token_id, given.token_secret)
    assert trial.life == "unknown"
    assert "control" in trial.evidence
    assert tried(modal_operator.connections(), given.token_id, given.token_secret).life == "dead"


def test_without_the_secret_absence_is_all_that_is_claimed(modal_operator):
    given = ci_prod(modal_operator, token_secret=None)
    call = modal_operator.call()
    DELETE.apply(call, given)
    found = DELETE.probe(call, given)
    assert isinstance(found, Done)
    assert "not tried" in found.evidence


def test_a_user_of_that_name_with_another_token_is_never_deleted(modal_operator):
    given = ci_prod(modal_operator, token_id="ak-ofTheOneBefore")
    with pytest.raises(RefusedError, match=modal_operator.ci_prod.token_id):
        DELETE.apply(modal_operator.call(), given)
    assert "ci-prod" in modal_operator.service_users()


@pytest.mark.parametrize("act", [DELETE.plan, DELETE.apply])
def test_an_operator_never_deletes_its_own_token(modal_operator, act):
    with pytest.raises(RefusedError, match=modal_operator.ci_prod.token_id):
        act(modal_operator.call(modal_operator.ci_prod), ci_prod(modal_operator))


@pytest.mark.parametrize("act", [FREEZE.plan, FREEZE.apply])
def test_an_operator_never_freezes_itself(modal_operator, act):
    with pytest.raises(RefusedError, match=modal_operator.ci_prod.token_id):
        act(modal_operator.call(modal_operator.ci_prod), frozen(modal_operator))


def test_the_plan_of_a_deletion_names_the_apps_that_go_on_running(modal_operator):
    modal_operator.deploy("prod", modal_operator.ci_prod)
    plan = DELETE.plan(modal_operator.call(), ci_prod(modal_operator))
    assert "rentagpu-executor in prod" in plan.breaks


def test_an_app_that_somebody_else_deployed_since_is_not_laid_at_its_door(modal_operator):
    modal_operator.deploy("prod", modal_operator.ci_prod)
    modal_operator.workspace.service_users.set_role("ci-dev", "prod", role="contributor")
    plan = DELETE.plan(modal_operator.call(), ci_prod(modal_operator, name="ci-dev"))
    assert "rentagpu-executor" not in plan.breaks


def test_a_successor_has_the_runs_own_name_its_roles_and_a_token_that_works(modal_operator):
    given = CreateInput(base="ci-prod", roles={"prod": "contributor", "dev": "viewer"})
    call = intended(CREATE, modal_operator.call(), given)
    made = CREATE.apply(call, given)
    assert made.name == "ci-prod--3f9a2c7k"
    assert modal_operator.service_users()[made.name] == given.roles
    assert modal_operator.token_of(made.name)["token_secret"] == made.secret.reveal()
    assert isinstance(CREATE.verify(call, given, made), Done)
    assert modal_operator.service_users()["ci-prod"] == {"prod": "contributor"}


def test_a_successor_that_lost_a_role_is_not_proven(modal_operator):
    given = CreateInput(base="ci-prod", roles={"prod": "contributor"})
    call = intended(CREATE, modal_operator.call(), given)
    made = CREATE.apply(call, given)
    modal_operator.workspace.service_users.set_role(made.name, "prod", role="viewer")
    found = CREATE.verify(call, given, made)
    assert isinstance(found, NotDone)
    assert "viewer" in found.why


def test_a_successor_whose_secret_was_lost_is_deleted_and_leaves_nothing_else_touched(modal_operator):
    given = CreateInput(base="ci-prod", roles={"prod": "contributor"})
    call = intended(CREATE, modal_operator.call(), given)
    CREATE.apply(call, given)  # and killed before its output was kept
    assert isinstance(CREATE.reconcile(call, given), NotDone)
    assert list(modal_operator.service_users()) == ["ci-dev", "ci-prod"]


@pytest.fixture
def reply_lost_once(monkeypatch):
    """The first creation takes effect and its reply is lost. To be asked for before the plane starts."""
    create, lost = WorkspaceRpcs.ServiceUserCreate, []

    def lossy(self, request, caller):
        reply = create(self, request, caller)
        if not lost:
            lost.append(reply)
            raise GRPCError(Status.UNAVAILABLE, "connection reset")
        return reply

    monkeypatch.setattr(WorkspaceRpcs, "ServiceUserCreate", lossy)
    return lost


def test_a_reply_lost_in_the_clients_own_retries_leaves_one_user_whose_secret_we_hold(
    reply_lost_once, modal_operator
):
    given = CreateInput(base="ci-prod", roles={"prod": "contributor"})
    call = intended(CREATE, modal_operator.call(), given)
    made = CREATE.apply(call, given)
    assert reply_lost_once[0].token_id != made.identifier
    assert isinstance(CREATE.verify(call, given, made), Done)
    assert list(modal_operator.service_users()) == ["ci-dev", "ci-prod", "ci-prod--3f9a2c7k"]


def test_a_creation_is_undone_only_while_the_user_has_the_token_that_was_made(modal_operator):
    given = CreateInput(base="ci-prod", roles={"prod": "contributor"})
    call = intended(CREATE, modal_operator.call(), given)
    made = CREATE.apply(call, given)
    remade = CREATE.apply(call, given)
    with pytest.raises(RefusedError):
        CREATE.undo(call, given, made)
    CREATE.undo(call, given, remade)
    assert list(modal_operator.service_users()) == ["ci-dev", "ci-prod"]


def test_one_who_may_not_manage_learns_so_and_changes_nothing(modal_operator):
    call = modal_operator.call(modal_operator.sam)
    with pytest.raises(DeniedError) as denied:
        DELETE.apply(call, ci_prod(modal_operator))
    assert "owner or manager" in denied.value.next_step
    assert "ci-prod" in modal_operator.service_users()
