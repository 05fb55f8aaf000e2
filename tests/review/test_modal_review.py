"""What a review of a Modal workspace tells: all that an intruder left there, and nothing that nobody left."""

import itertools
import random
import shlex
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import modal
import pytest
from modal_proto import api_pb2

from responder.action import Call, Connections, Done, Unknown
from responder.errors import RefusedError
from responder.providers.modal.evict import DeleteForeignToken, ForeignApp, ForeignToken, StopApp
from responder.providers.modal.review import ModalLookBack, ReviewModal
from responder.providers.modal.secret_values import CreateSecret, UpdateInput
from responder.sandbox.attack import modal as attack
from responder.sandbox.attack.loot import Loot
from responder.sandbox.faults import Faults, read_rule
from responder.sandbox.modal import ModalPlane, Token
from responder.trace import RANK

KEY = {"AWS_ACCESS_KEY_ID": "AKIAOLDOLDOLDOLDOLD0", "AWS_SECRET_ACCESS_KEY": "canary/of/the/secret"}
RUN = "3f9a2c7k"
NUMBERS = itertools.count()
KNOWN = ("ci-dev", "ci-prod", "rentagpu-executor", "rentagpu/executor")


@dataclass
class World:
    plane: ModalPlane
    faults: Faults
    url: str
    ada: Token
    sam: Token
    ci: Token
    call: Call

    def client(self, token):
        pair = (token.token_id, token.token_secret)
        return modal.Client(self.url, api_pb2.CLIENT_TYPE_CLIENT, pair)

    def workspace(self, token):
        client = self.client(token)
        client.__enter__()
        return modal.Workspace.from_context(client=client)

    def as_(self, token):
        """The same look by another operator."""
        return replace(self.call, connections=Connections(environ(self.url, token)))

    def review(self, call=None, **given):
        told = {"leaked": (self.ci.token_id,), "principals": ("ci-prod",), "known": KNOWN, **given}
        return ReviewModal().see(call or self.call, ModalLookBack(**told))

    def worth(self, call=None, **given):
        return {one.thing: one for one in self.review(call, **given).traces if one.to_look_at}

    def loot(self):
        credentials = {
            "MODAL_TOKEN_ID": self.ci.token_id,
            "MODAL_TOKEN_SECRET": self.ci.token_secret,
            "MODAL_ENVIRONMENT": "prod",
        }
        return Loot({"modal": self.url}, credentials, random.Random(1))  # noqa: S311  # names, not secrets

    def deploy(self, name, token, environment="prod"):
        """Gives the id of a version of its own."""
        app = modal.App(name, include_source=False)
        number = next(NUMBERS)

        def run():
            return number

        run.__qualname__ = "run"  # what the function is called by
        app.function(serialized=True)(run)
        with self.client(token) as client:
            app.deploy(environment_name=environment, client=client)
        return app.app_id

    def attack(self):
        return [left for deed in attack.DEEDS for left in deed(self.loot())]


def environ(url, token):
    return {
        "MODAL_SERVER_URL": url,
        "MODAL_TOKEN_ID": token.token_id,
        "MODAL_TOKEN_SECRET": token.token_secret,
    }


@pytest.fixture(scope="module")
def opened():
    faults = Faults()
    plane = ModalPlane(audit_log=True, faults=faults)
    url = plane.start()
    plane.add_member("ada", "ada@example.com", role="owner")
    plane.add_member("sam", "sam@example.com")
    for name in ("dev", "prod"):
        plane.add_environment(name)
        plane.add_secret("my-app-secrets", name, KEY, created_by="ada")
    ada, sam = plane.add_member_token("ada"), plane.add_member_token("sam")
    ci = plane.add_service_user("ci-prod", {"prod": "contributor"}, created_by="ada")
    call = Call(
        run=RUN,
        step="review",
        connections=Connections(environ(url, ada)),
        clock=lambda: datetime.now(UTC),
        progress=lambda _text: None,
    )
    world = World(plane, faults, url, ada, sam, ci, call)
    world.deploy("rentagpu-executor", ci)
    world.deploy("somebody-elses", sam)
    plane.backdate(timedelta(days=30))
    plane.forget_audit_log()
    yield world
    call.connections.close()
    plane.stop()


@pytest.fixture
def world(opened):
    was = opened.plane.snapshot()
    yield opened
    opened.plane.restore(was)


def test_each_trace_of_an_intruder_is_found_with_its_reason_and_its_remedy_and_none_is_invented(world):
    left = world.attack()
    found = world.worth()
    assert {(one.kind, one.of, one.subject) for one in left} == set(found)
    assert len(left) == 3
    for trace in found.values():
        made = trace.kind == "modal.secret-created"
        assert trace.severity == ("high" if made else "critical")
        assert trace.by == "ci-prod"
        assert trace.undo.startswith("modal ")
        assert bool(trace.remove_with) is not made
    app = found["modal.app-deployed", "prod", left[0].subject]
    assert "audit log: app.deploy from 127.0.0.1" in app.evidence
    assert "was deployed in prod with my-app-secrets" in app.what
    assert app.because.endswith("replace it: AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY.")


def test_of_a_scoped_proxy_token_it_is_told_which_environments_it_opens(world):
    workspace = world.workspace(world.ada)
    made = workspace.proxy_tokens.create("edge")
    workspace.proxy_tokens.allow(made.token_id, "dev")
    told = world.worth()["modal.proxy-token-created", "", made.token_id]
    assert told.evidence.endswith("it opens the web endpoints of dev")


def test_nothing_is_told_of_a_world_where_nobody_was(world):
    reviewed = world.review()
    assert reviewed.traces == ()
    assert reviewed.unread == ()


def test_what_was_there_before_the_exposure_is_not_told(world):
    world.attack()
    world.plane.backdate(timedelta(days=30))
    world.plane.forget_audit_log()
    assert world.worth() == {}
    assert len(world.worth(since=datetime.now(UTC) - timedelta(days=31))) == 3


def test_what_was_made_is_told_when_the_leaked_user_is_gone(world):
    left = world.attack()
    world.workspace(world.ada).service_users.delete("ci-prod")
    assert {one.thing: one.severity for one in world.review().traces if one.to_look_at} == {
        (one.kind, one.of, one.subject): "high" if one.kind == "modal.secret-created" else "critical"
        for one in left
    }


def test_what_a_run_made_is_nobodys_trace_and_what_looks_like_it_is(world):
    users = world.workspace(world.ada).service_users
    mine = users.create(f"ci-prod--{RUN}", expires_in=None)
    other = users.create("ci-prod--zzzzzzzz", expires_in=None)
    (trace,) = world.worth().values()
    assert (trace.kind, trace.subject, trace.of) == (
        "modal.service-user-created",
        other.token_id,
        "ci-prod--zzzzzzzz",
    )
    assert trace.remove_with == ""
    assert world.worth(ours=(other.token_id, None)) == {}
    assert mine.token_id not in {one[2] for one in world.worth()}


def test_a_name_that_a_run_put_out_hides_no_service_user_and_nothing_that_it_makes(world):
    users = world.workspace(world.ada).service_users
    token = users.create("contributor", expires_in=None)
    users.set_role("contributor", "prod", role="contributor")
    app = world.deploy("miner", Token(token.token_id, token.token_secret))
    kinds = {"modal.service-user-created", "modal.app-deployed"}
    assert {one[0] for one in world.worth(ours=("contributor",))} == kinds
    assert world.worth(ours=("contributor", token.token_id)) == {}, app


def test_what_is_done_by_a_service_user_that_was_made_with_what_leaked_is_the_intruders_too(world):
    world.plane.add_service_user("ghost", {"prod": "contributor"}, created_by="ci-prod")
    second = world.plane.add_service_user("second", {"prod": "contributor"}, created_by="ghost")
    world.deploy("rentagpu-executor", second)
    world.deploy("miner", second)
    told = {(one.kind, one.severity) for one in world.worth().values()}
    assert told == {
        ("modal.service-user-created", "critical"),
        ("modal.app-redeployed", "high"),
        ("modal.app-deployed", "critical"),
    }
    assert not any(one.kind.startswith("modal.app") for one in world.worth(ours=(second.token_id,)).values())


def test_a_user_with_the_name_of_one_that_a_run_had_made_is_somebody_else(world):
    made = world.workspace(world.ada).service_users.create("ci-prod--zzzzzzzz", expires_in=None)
    (trace,) = world.worth(ours=("ci-prod--zzzzzzzz", "ak-of-the-run")).values()
    assert trace.subject == made.token_id


def test_a_secret_that_a_run_made_is_nobodys_trace(world):
    given = UpdateInput(environment="dev", secret="more", values={"A": "1"})
    intended = replace(world.call, seen=CreateSecret().before(world.call, given).seen)
    made = CreateSecret().verify(intended, given, CreateSecret().apply(intended, given)).output.identifier
    assert [one[2] for one in world.worth()] == ["more"]
    assert world.worth(ours=(made,)) == {}
    more = given.model_copy(update={"secret": "my-app-secrets", "values": {"B": "2"}})
    intended = replace(world.call, seen=CreateSecret().before(world.call, more).seen)
    added = CreateSecret().verify(intended, more, CreateSecret().apply(intended, more)).output
    assert added.identifier == "", "it was there, and may be anybody's"


def test_code_of_somebody_else_under_a_known_name_is_told_with_the_way_back(world):
    app = world.deploy("rentagpu-executor", world.ci)
    (trace,) = world.worth().values()
    assert (trace.kind, trace.subject, trace.severity) == ("modal.app-redeployed", app, "high")
    assert trace.undo == f"modal app rollback {app} v1 -e prod"
    assert "by ci-prod" in trace.evidence
    world.deploy("rentagpu-executor", world.ada)
    (later,) = world.worth().values()
    assert (later.severity, later.undo) == ("medium", "")
    assert later.thing == trace.thing
    assert later.key != trace.key


def test_a_name_that_no_shell_should_see_bare_is_quoted_in_what_is_pasted(world):
    name = "x; reboot #"
    world.plane.add_environment(name)
    world.plane.add_secret(name, name, KEY, created_by="ci-prod")
    world.plane.add_service_user(name, {}, created_by="ci-prod")
    told = {one.kind: shlex.split(one.undo) for one in world.worth().values()}
    assert len(told) == 3
    assert {kind for kind, words in told.items() if name not in words} == set()


def test_who_is_not_known_to_have_leaked_is_told_as_less(world):
    app = world.deploy("experiment", world.sam, "dev")
    proxy = world.workspace(world.sam).proxy_tokens.create("mine")
    found = world.worth()
    assert found["modal.app-deployed", "dev", app].severity == "low"
    assert found["modal.proxy-token-created", "", proxy.token_id].severity == "medium"
    assert all("sam" in one.because for one in found.values())


def test_containers_of_a_foreign_app_are_counted_and_an_app_that_was_stopped_is_still_told(world):
    app = world.deploy("miner", world.ci)
    with world.client(world.ci) as client:
        modal.Function.from_name("miner", "run", environment_name="prod", client=client).remote()
        trace = world.worth()["modal.app-deployed", "prod", app]
        assert "and 1 container runs" in trace.what
    as_itself = world.as_(world.ci)
    StopApp().apply(as_itself, ForeignApp(app_id=app, environment="prod"))
    stopped = world.worth()["modal.app-deployed", "prod", app]
    assert (stopped.severity, stopped.undo, stopped.remove_with) == ("medium", "", "")
    assert stopped.key != trace.key


def test_member_tokens_and_secrets_are_told_with_who_and_since_when(world):
    token = world.plane.add_member_token("sam")
    with world.client(world.ada) as client:
        modal.Secret.objects.create("new", {"A": "1"}, environment_name="dev", client=client)
    found = world.worth()
    assert found["modal.member-token-created", "sam", token.token_id].severity == "low"
    made = found["modal.secret-created", "dev", "new"]
    assert (made.by, made.undo) == ("ada", "modal secret delete new -e dev --yes")
    assert (
        world.worth(leaked=(world.sam.token_id,))[
            "modal.member-token-created", "sam", token.token_id
        ].severity
        == "high"
    )


def test_the_audit_log_tells_what_left_nothing_behind(world):
    with world.client(world.ci) as client:
        with pytest.raises(modal.exception.PermissionDeniedError):
            modal.Secret.objects.create("theirs", {"A": "1"}, environment_name="dev", client=client)
        secret = modal.Secret.from_name("my-app-secrets", environment_name="prod", client=client)
        secret.update({"S3_BUCKET": "theirs"})
    found = world.worth()
    refused = found["modal.activity", "dev ci-prod failed", "secret.create"]
    assert refused.severity == "low"
    assert found["modal.activity", "prod ci-prod", "secret.create"].severity == "high"
    assert len(found) == 2


def test_an_environment_is_told_and_what_ran_in_it_before_is_only_told(world):
    with world.client(world.ada) as client:
        modal.Environment.objects.create("attic", client=client)
        modal.Function.from_name("somebody-elses", "run", environment_name="prod", client=client).remote()
    (made,) = world.worth().values()
    assert (made.thing, made.undo) == (
        ("modal.environment-created", "", "attic"),
        "modal environment delete attic --yes",
    )
    (ran,) = [one for one in world.review().traces if one.kind == "modal.apps-running"]
    assert ran.what == "Unknown to the inventory, containers run in prod of somebody-elses by sam"
    assert made.by == "ada", "by the audit log alone"
    identifier = made.evidence.removeprefix("EnvironmentList: ").partition(";")[0]
    assert world.worth(ours=(identifier,)) == {}


@pytest.mark.parametrize(
    ("rpc", "said"),
    [
        ("AppList", "the apps of prod"),
        ("TaskList", "the containers of prod"),
        ("SecretList", "the Secrets of prod"),
        ("EnvironmentList", "the Modal environments"),
        ("ServiceUserList", "the service users"),
        ("TokensList", "the member tokens"),
        ("WebhookTokenList", "the proxy tokens"),
        ("AppDeploymentHistory", "who deployed rentagpu-executor in prod"),
        ("TokenInfoGet", "who we are at Modal"),
    ],
)
def test_a_list_that_is_denied_is_said_and_nothing_is_made_of_its_silence(world, rpc, said):
    with world.client(world.sam) as client:
        modal.Function.from_name("somebody-elses", "run", environment_name="prod", client=client).remote()
    world.faults.add([read_rule(f"modal:{rpc}:403")])
    reviewed = world.review()
    world.faults.clear()
    assert any(said in one for one in reviewed.unread)
    assert [one for one in reviewed.traces if one.to_look_at] == []


def test_what_could_not_be_read_is_said(world):
    member = world.as_(world.sam)
    (said,) = world.review(member).unread
    assert "owners and managers" in said
    world.plane.forget_audit_log(keep=False)
    (said,) = world.review().unread
    assert "Modal's audit log: not on this plan" in said
    assert "Enterprise" in said
    nowhere = replace(world.call, connections=Connections(environ("http://127.0.0.1:1", world.ada)))
    reviewed = world.review(nowhere)
    assert reviewed.traces == ()
    assert reviewed.unread


def test_a_review_changes_nothing_and_shows_no_secret(world):
    world.attack()
    was = world.plane.world()
    reviewed = world.review()
    now = world.plane.world()
    assert {**now, "tokens": None} == {**was, "tokens": None}
    text = reviewed.model_dump_json()
    assert not [one for one in was["tokens"] + was["proxy_tokens"] if one["token_secret"] in text]
    assert KEY["AWS_SECRET_ACCESS_KEY"] not in text
    assert all(one.severity in RANK for one in reviewed.traces)


def removed(world, action, given):
    """Planned, done, and proven; what was left is told no more."""
    plan = action.plan(world.call, given)
    action.apply(world.call, given)
    assert isinstance(action.verify(world.call, given, None), Done)
    return plan.change


def test_each_trace_is_removed_by_what_it_names_and_then_is_told_no_more(world):
    app, proxy, secret = (left.subject for left in world.attack())
    with world.client(world.ada) as client:
        modal.Secret.objects.delete(secret, environment_name="prod", client=client)
    user = world.workspace(world.ada).service_users.create("helper", expires_in=None)
    member = world.plane.add_member_token("sam")
    assert len([one for one in world.worth().values() if one.remove_with]) == 4
    foreign = ForeignApp(app_id=app, environment="prod", known=KNOWN)
    assert f"({app}) in prod" in removed(world, StopApp(), foreign)
    for token, said in ((proxy, "proxy token"), (user.token_id, "helper"), (member.token_id, "of sam")):
        change = removed(world, DeleteForeignToken(), ForeignToken(token_id=token, known=KNOWN))
        assert token in change
        assert said in change
    world.plane.forget_audit_log()  # which tells of it all for good
    assert world.worth() == {}
    (told,) = [one for one in world.review().traces if one.kind == "modal.app-deployed"]
    assert "ada has stopped it" in told.because


def test_what_is_ours_is_refused_by_name_and_by_identifier(world):
    ours = next(one["app_id"] for one in world.plane.world()["apps"] if one["name"] == "rentagpu-executor")
    successor = world.plane.add_service_user("ci-prod--zzzzzzzz", {}, created_by="ada")
    made = world.plane.add_member_token("sam")
    was = world.plane.world()["service_users"], world.plane.world()["apps"]
    for action, given in (
        (StopApp(), ForeignApp(app_id=ours, environment="prod", known=KNOWN)),
        (DeleteForeignToken(), ForeignToken(token_id=world.ci.token_id, known=KNOWN)),
        (DeleteForeignToken(), ForeignToken(token_id=successor.token_id, known=KNOWN)),
        (DeleteForeignToken(), ForeignToken(token_id=made.token_id, known=(made.token_id,))),
        (DeleteForeignToken(), ForeignToken(token_id=world.ada.token_id)),
    ):
        for attempt in (action.plan, action.apply):
            with pytest.raises(RefusedError):
                attempt(world.call, given)
    assert (world.plane.world()["service_users"], world.plane.world()["apps"]) == was


def test_a_member_token_that_the_operator_may_not_see_is_not_taken_for_gone(world):
    given = ForeignToken(token_id=world.plane.add_member_token("ada").token_id)
    assert isinstance(DeleteForeignToken().probe(world.as_(world.sam), given), Unknown)
