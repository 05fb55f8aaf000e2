"""Environments and people of its own for every stage, and an operator with exactly what an action needs."""

import itertools
import sys
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import modal
from case import Case, Cases, Stage

from responder.providers.modal.account import Account
from responder.providers.modal.apps import CONTRIBUTOR
from responder.providers.modal.connection import ModalConnection
from responder.providers.modal.deploy import DeployInput
from responder.providers.modal.environments import EnvironmentInput
from responder.providers.modal.evict import ForeignApp, ForeignToken
from responder.providers.modal.members import MemberInput
from responder.providers.modal.review import ModalLookBack
from responder.providers.modal.rollover import RolloverInput
from responder.providers.modal.secret_values import UpdateInput
from responder.providers.modal.service_users import CreateInput, DeleteInput, FreezeInput
from responder.providers.modal.tokens import MemberTokenInput, ProveInput, ProxyTokenInput
from responder.providers.modal.workload import WorkloadInput
from responder.providers.modal.workspace import MANAGER
from responder.sandbox.modal import ModalPlane
from responder.secret import Secret

NOWHERE = "http://127.0.0.1:1"  # tcpmux: nothing listens there
APP = Path(__file__).parents[2] / "gpu_app" / "app.py"
OLD = {
    "AWS_ACCESS_KEY_ID": "AKIAOLDOLDOLDOLDOLD0",
    "AWS_SECRET_ACCESS_KEY": "canary/old+secret/of/the/storage/key0000",
    "S3_BUCKET": "rentagpu-artifacts",
    "HF_TOKEN": "hf_canaryOfSomebodyElse",
}
NEW_ID = "AKIANEWNEWNEWNEWNEW0"
NEW_SECRET = "canary/new+secret/of/the/storage/key0000"


@dataclass(frozen=True)
class Space:
    """One workspace; every stage has people and environments of its own in it."""

    plane: ModalPlane
    url: str
    owner: ModalConnection
    numbers: itertools.count = field(default_factory=itertools.count)

    def name(self, base):
        return f"{base}-{next(self.numbers)}"

    def connection(self, token):
        return ModalConnection(Account(self.url, token.token_id, Secret(token.token_secret)), {})

    def environment(self):
        name = self.name("env")
        self.plane.add_environment(name, restricted=True, default_role="no-access")
        return name

    def service_user(self, *environments):
        name = self.name("ci")
        roles = dict.fromkeys(environments, "contributor")
        return name, self.plane.add_service_user(name, roles, created_by="ada")

    def member(self, role="user"):
        name = self.name("member")
        self.plane.add_member(name, f"{name}@example.com", role=role)
        return self.plane.add_member_token(name)

    def operator(self, permission, environment):
        if permission == MANAGER:
            return self.member("manager")
        return self.service_user(environment)[1] if permission == CONTRIBUTOR else self.member()

    def stage(self, given, world, permission=MANAGER, environment="", **options):
        token = self.operator(permission, environment)
        environ = {
            "PATH": "/usr/bin:/bin",
            "HOME": "/nonexistent",
            "MODAL_SERVER_URL": self.url,
            "MODAL_TOKEN_ID": token.token_id,
            "MODAL_TOKEN_SECRET": token.token_secret,
        }
        unreachable = {**environ, "MODAL_SERVER_URL": NOWHERE}
        return Stage(given, environ, unreachable, world, self.secrets, **options)

    def secrets(self):
        world = self.plane.world()
        for token in (*world["tokens"], *world["proxy_tokens"]):
            yield token["token_secret"]
        for secret in world["secrets"]:
            yield from (secret["values"]["AWS_SECRET_ACCESS_KEY"], secret["values"]["HF_TOKEN"])

    def values(self, environment):
        return next(s["values"] for s in self.plane.world()["secrets"] if s["environment"] == environment)

    def versions(self, environment):
        apps = [app for app in self.plane.world()["apps"] if app["environment"] == environment]
        return [version["kind"] for app in apps for version in app["versions"]]

    def roles(self, base):
        users = [user for user in self.plane.world()["service_users"] if user["name"].startswith(base)]
        return [list(user["roles"].values()) for user in users]

    def deploy(self, environment):
        """From a fresh import, as a deployed app object remembers what it was."""
        spec = spec_from_file_location("app", APP)
        sys.modules["app"] = module = module_from_spec(spec)
        spec.loader.exec_module(module)
        self.owner.hello()
        module.app.deploy(environment_name=environment, client=self.owner.client)

    def with_secret(self):
        environment = self.environment()
        self.plane.add_secret("my-app-secrets", environment, OLD, created_by="ada")
        return environment


@contextmanager
def space():
    plane = ModalPlane(audit_log=True)
    url = plane.start()
    plane.add_environment("main")
    plane.add_member("ada", "ada@example.com", role="owner")
    ada = plane.add_member_token("ada")
    owner = ModalConnection(Account(url, ada.token_id, Secret(ada.token_secret)), {})
    try:
        yield Space(plane, url, owner)
    finally:
        owner.close()
        plane.stop()


@contextmanager
def freeze_service_user(at):
    name, token = at.service_user(at.environment(), at.environment())
    yield at.stage(FreezeInput(name=name, token_id=token.token_id), lambda: at.roles(name))


@contextmanager
def delete_service_user(at):
    name, token = at.service_user(at.environment())
    given = DeleteInput(name=name, token_id=token.token_id, token_secret=Secret(token.token_secret))
    yield at.stage(given, lambda: at.roles(name))


@contextmanager
def create_service_user(at):
    base = at.name("base")
    given = CreateInput(base=base, roles={at.environment(): "contributor", at.environment(): "viewer"})
    yield at.stage(given, lambda: at.roles(f"{base}--"))


@contextmanager
def disable_member_token(at):
    token = at.member()
    given = MemberTokenInput(token_id=token.token_id, token_secret=Secret(token.token_secret))

    def world():
        return [t["disabled"] for t in at.plane.world()["tokens"] if t["token_id"] == token.token_id]

    yield at.stage(given, world)


@contextmanager
def delete_member_token(at):
    token = at.member()
    given = MemberTokenInput(token_id=token.token_id, token_secret=Secret(token.token_secret))

    def world():
        return [t["disabled"] for t in at.plane.world()["tokens"] if t["token_id"] == token.token_id]

    yield at.stage(given, world)


@contextmanager
def take_member_role(at):
    environment, member = at.environment(), at.name("leaver")
    at.plane.add_member(member, f"{member}@example.com")

    async def give():
        where = modal.Environment.from_name(environment, client=at.owner.client)
        await where.roles.update.aio(users={member: "contributor"})

    at.owner.run("EnvironmentRoleSet", give)

    def world():
        found = next(e for e in at.plane.world()["environments"] if e["name"] == environment)
        return found["roles"].get(member)

    yield at.stage(MemberInput(environment=environment, member=member), world)


@contextmanager
def delete_proxy_token(at):
    token = at.owner.run("WebhookTokenCreate", lambda: at.owner.workspace.proxy_tokens.create.aio("edge"))

    def world():
        return [t["name"] for t in at.plane.world()["proxy_tokens"] if t["token_id"] == token.token_id]

    yield at.stage(ProxyTokenInput(token_id=token.token_id), world)


@contextmanager
def prove_token(at):
    token, tokens = at.member(), at.owner.workspace.member_tokens
    at.owner.run("TokenDisable", lambda: tokens.disable.aio(token.token_id))

    def enable():
        at.owner.run("TokenEnable", lambda: tokens.enable.aio(token.token_id))

    given = ProveInput(token_id=token.token_id, token_secret=Secret(token.token_secret))
    yield at.stage(given, lambda: None, "any", make_so=enable)


@contextmanager
def update_secret(at):
    environment = at.with_secret()
    values = {"AWS_ACCESS_KEY_ID": NEW_ID, "AWS_SECRET_ACCESS_KEY": Secret(NEW_SECRET)}
    given = UpdateInput(environment=environment, secret="my-app-secrets", values=values)
    yield at.stage(given, lambda: at.values(environment), CONTRIBUTOR, environment)


@contextmanager
def create_secret(at):
    environment = at.with_secret()
    values = {"NEW_TOKEN": Secret(NEW_SECRET), "S3_BUCKET": "another"}
    given = UpdateInput(environment=environment, secret="my-app-secrets", values=values)
    yield at.stage(given, lambda: at.values(environment), CONTRIBUTOR, environment)


@contextmanager
def create_environment(at):
    name = at.name("made")
    given = EnvironmentInput(name=name, restricted=True)
    yield at.stage(
        given, lambda: [e["restricted"] for e in at.plane.world()["environments"] if e["name"] == name]
    )


@contextmanager
def rollover_app(at):
    environment = at.with_secret()
    at.deploy(environment)
    given = RolloverInput(app="rentagpu-executor", environment=environment)
    yield at.stage(given, lambda: at.versions(environment), CONTRIBUTOR, environment)


@contextmanager
def deploy_app(at):
    environment = at.with_secret()
    given = DeployInput(app="rentagpu-executor", environment=environment, source=str(APP))
    yield at.stage(given, lambda: at.versions(environment), CONTRIBUTOR, environment)


@contextmanager
def verify_workload(at):
    environment = at.with_secret()
    at.deploy(environment)
    given = WorkloadInput(
        app="rentagpu-executor", environment=environment, function="identity", access_key_id=NEW_ID
    )

    def make_so():
        at.plane.set_secret_values("my-app-secrets", environment, {"AWS_ACCESS_KEY_ID": NEW_ID})

    yield at.stage(given, lambda: at.versions(environment), CONTRIBUTOR, environment, make_so=make_so)


@contextmanager
def review(at):
    name = at.name("left")

    def make_so():
        at.owner.run("WebhookTokenCreate", lambda: at.owner.workspace.proxy_tokens.create.aio(name))

    def world():
        world = at.plane.world()
        return [world[what] for what in ("proxy_tokens", "service_users", "apps", "secrets")]

    given = ModalLookBack(leaked=("ak-leaked",), known=("rentagpu-executor",))
    stage = at.stage(given, world, make_so=make_so)
    yield replace(stage, given=given.model_copy(update={"since": datetime.now(UTC)}))


@contextmanager
def stop_app(at):
    environment = at.with_secret()
    at.deploy(environment)
    found = [app for app in at.plane.world()["apps"] if app["environment"] == environment]

    def world():
        return [app["state"] for app in at.plane.world()["apps"] if app["environment"] == environment]

    given = ForeignApp(app_id=found[0]["app_id"], environment=environment, known=("another-app",))
    yield at.stage(given, world, CONTRIBUTOR, environment)


@contextmanager
def delete_foreign_token(at):
    name, token = at.service_user(at.environment())
    given = ForeignToken(token_id=token.token_id, known=("ci-prod",))
    yield at.stage(given, lambda: at.roles(name))


CASES = Cases(
    open=space,
    by_action={
        "modal.freeze_service_user": Case(freeze_service_user),
        "modal.delete_service_user": Case(delete_service_user),
        "modal.create_service_user": Case(create_service_user, makes_new=True),
        "modal.disable_member_token": Case(disable_member_token),
        "modal.delete_member_token": Case(delete_member_token),
        "modal.take_member_role": Case(take_member_role),
        "modal.delete_proxy_token": Case(delete_proxy_token),
        "modal.prove_token": Case(prove_token),
        "modal.update_secret": Case(update_secret, makes_new=True),
        "modal.create_secret": Case(create_secret),
        "modal.create_environment": Case(create_environment),
        "modal.rollover_app": Case(rollover_app, makes_new=True),
        "modal.deploy_app": Case(deploy_app, makes_new=True),
        "modal.verify_workload": Case(verify_workload),
        "modal.review": Case(review),
        "modal.stop_app": Case(stop_app),
        "modal.delete_foreign_token": Case(delete_foreign_token),
    },
)
