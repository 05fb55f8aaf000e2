"""A repository that is reviewed, by itself and with a company around it, and an intruder who may come in."""

import random
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from github import Auth, Github

from responder.action import Call, Connections
from responder.exposure import GithubEnvironmentPlacement
from responder.providers.github.review import GithubLookBack, ReviewGithub
from responder.sandbox.attack import github as attack
from responder.sandbox.attack.loot import Loot
from responder.sandbox.faults import Faults
from responder.sandbox.github import GithubPlane

REPOSITORY = "rentagpu/executor"
KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGxlZnQ"
DEPLOY = b"""\
name: modal_deploy
on: {workflow_dispatch: {inputs: {environment: {type: string, default: dev}}}}
jobs:
  deploy:
    runs-on: ubuntu-24.04
    environment: ${{ inputs.environment }}
    steps: [{run: "true"}]
"""
LONG = b"on: {workflow_dispatch: {}}\njobs: {a: {runs-on: x, steps: [{run: sleep 600}]}}\n"
PLACE = GithubEnvironmentPlacement(
    credential="ci-prod",
    repository=REPOSITORY,
    environment="prod",
    identifier_key="MODAL_TOKEN_ID",
    secret_key="MODAL_TOKEN_SECRET",
)


@dataclass
class World:
    plane: GithubPlane
    faults: Faults
    url: str
    tokens: dict[str, str]
    call: Call

    def as_(self, login):
        """The same look by another operator."""
        connections = Connections({"GITHUB_TOKEN": self.tokens[login], "GITHUB_API_URL": self.url})
        return replace(self.call, connections=connections)

    def repository(self, login="oncall"):
        auth = Auth.Token(self.tokens[login])
        github = Github(base_url=self.url, auth=auth, seconds_between_requests=0, seconds_between_writes=0)
        return github.get_repo(REPOSITORY)

    def ask(self, verb, path, login="oncall", **sent):
        with Github(
            base_url=self.url,
            auth=Auth.Token(self.tokens[login]),
            seconds_between_requests=0,
            seconds_between_writes=0,
        ) as github:
            return github.requester.requestJsonAndCheck(verb, path, input=sent or None)[1]

    def review(self, call=None, **given):
        told = {"repositories": (REPOSITORY,), "logins": ("sam",), **given}
        return ReviewGithub().see(call or self.call, GithubLookBack(**told))

    def worth(self, call=None, **given):
        return {one.thing: one for one in self.review(call, **given).traces if one.to_look_at}

    def attack(self):
        loot = Loot({"github": self.url}, {"GITHUB_TOKEN": self.tokens["sam"]}, random.Random(1))  # noqa: S311
        return [left for deed in attack.DEEDS for left in deed(loot)]

    def run(self, workflow="modal_deploy.yml", login="grace", ref="main", status="completed", **inputs):
        asked = self.repository(login).get_workflow(workflow)
        number = asked.create_dispatch(ref, inputs, throw=True, return_run_details=True).id
        self.plane.wait_until(
            lambda world: (
                world["repositories"][REPOSITORY]["runs"][-1]["id"] == number
                and world["repositories"][REPOSITORY]["runs"][-1]["status"] == status
            ),
            seconds=20,
        )
        return number

    def put_secret(self, name="MODAL_TOKEN_SECRET"):
        """Gives the moment at which it was written."""
        self.plane.put_environment_secret(REPOSITORY, "prod", name, "canary-of-a-secret")
        kept = self.repository().get_environment("prod").get_secrets()
        return next(one.updated_at for one in kept if one.name == name)


@contextmanager
def reviewed():
    faults = Faults()
    plane = GithubPlane(audit_log=True, auto_approve=0.1, faults=faults)
    roles = {"oncall": "admin", "grace": "write", "sam": "admin", "reader": "read"}
    tokens = {login: plane.add_user(login) for login in (*roles, "outsider")}
    files = {".github/workflows/modal_deploy.yml": DEPLOY, ".github/workflows/long.yml": LONG}
    plane.add_repository(REPOSITORY, files, permissions=roles)
    plane.add_ruleset(REPOSITORY, "main", ["pull_request"])
    plane.add_environment(REPOSITORY, "dev")
    plane.add_environment(REPOSITORY, "prod", reviewers=["grace"], branches=["main"])
    for name in ("MODAL_TOKEN_ID", "MODAL_TOKEN_SECRET", "OTHER"):
        plane.put_environment_secret(REPOSITORY, "prod", name, "canary-of-a-secret")
    plane.put_organization_secret("rentagpu", "SHARED", "canary-of-a-secret")
    plane.add_member("rentagpu", "oncall", "admin")
    plane.add_team("rentagpu", "release", ["grace"], repositories={REPOSITORY: "write"})
    plane.backdate(timedelta(days=30))
    url = plane.start()
    call = Call(
        run="3f9a2c7k",
        step="review",
        connections=Connections({"GITHUB_TOKEN": tokens["oncall"], "GITHUB_API_URL": url}),
        clock=lambda: datetime.now(UTC),
        progress=lambda _text: None,
    )
    yield World(plane, faults, url, tokens, call)
    call.connections.close()
    plane.stop()
