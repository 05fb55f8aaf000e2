"""How each GitHub action is tried by the contract suite."""

import socket
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial

from case import Case, Cases, Stage
from github import Auth, Github

from responder.providers.github.environment_secrets import EnvironmentValues
from responder.providers.github.evict import LeakAlert, Numbered
from responder.providers.github.protection import EnvironmentRules, VariableInput
from responder.providers.github.review import GithubLookBack
from responder.providers.github.reviewers import ReviewerInput
from responder.providers.github.take_access import AccessInput
from responder.providers.github.tokens import LeakedToken
from responder.providers.github.workflow import Dispatch
from responder.sandbox.github import GithubPlane
from responder.secret import Secret

REPOSITORY = "rentagpu/executor"
NO_PACE = {
    "seconds_between_requests": 0,
    "seconds_between_writes": 0,
}  # the client itself would wait a second
CANARY = "as-canary-that-must-show-nowhere"
WORKFLOW = b"""\
name: deploy
run-name: Deploy ${{ inputs.request }}
on: {workflow_dispatch: {inputs: {request: {type: string}}}}
jobs:
  deploy:
    runs-on: ubuntu-24.04
    environment: prod
    steps:
      - env: {TOKEN: "${{ secrets.MODAL_TOKEN_SECRET }}"}
        run: test -n "$TOKEN"
"""
LONG = b"on: {workflow_dispatch: {}}\njobs: {a: {runs-on: x, steps: [{run: sleep 600}]}}\n"


@contextmanager
def plane():
    served = GithubPlane(auto_approve=0.2, audit_log=True)
    roles = {"oncall": "write", "grace": "write", "owner": "admin"}
    tokens = {login: served.add_user(login) for login in (*roles, "stranger")}
    files = {".github/workflows/deploy.yml": WORKFLOW, ".github/workflows/long.yml": LONG}
    served.add_repository(REPOSITORY, files, permissions=roles)
    served.add_member("rentagpu", "owner", "admin")
    served.add_team("rentagpu", "release", ["grace"], repositories={REPOSITORY: "write"})
    served.add_environment(REPOSITORY, "prod", reviewers=["grace"], branches=["main"], teams=["release"])
    for name in ("MODAL_TOKEN_ID", "MODAL_TOKEN_SECRET", "UNRELATED"):
        served.put_environment_secret(REPOSITORY, "prod", name, f"old-value-of-{name}")
    url = served.start()
    yield served, url, tokens
    served.stop()


def case(given, *, makes_new=False, by="oncall"):
    @contextmanager
    def prepare(opened):
        served, url, tokens = opened
        operator, leaked = tokens[by], tokens["grace"]
        was = served.snapshot()
        try:
            yield Stage(
                given=given(leaked),
                environ={"GITHUB_TOKEN": operator, "GITHUB_API_URL": url},
                unreachable={"GITHUB_TOKEN": operator, "GITHUB_API_URL": nowhere()},
                world=lambda: seen_of(served.world()),
                secrets=lambda: secrets_of(served.world()),
            )
        finally:
            served.restore(was)

    return Case(prepare, makes_new=makes_new)


def case_of_left(left, given, *, by="owner", then=None):
    """Of something that is there: `left(plane, owner's repository)` makes it, and gives its number."""

    @contextmanager
    def prepare(opened):
        served, url, tokens = opened
        with (
            case(lambda _: None, by=by).prepare(opened) as stage,
            Github(auth=Auth.Token(tokens["owner"]), base_url=url, **NO_PACE) as github,
        ):
            repository = github.get_repo(REPOSITORY)
            found = given(str(left(served, repository)))
            make_so = partial(then, repository) if then else stage.make_so
            yield replace(stage, given=found, make_so=make_so)

    return Case(prepare)


def a_key(_plane, repository):
    return repository.create_key("left", "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGxlZnQ").id


def a_hook(_plane, repository):
    return repository.create_hook("web", {"url": f"https://left.invalid/?t={CANARY}"}, ["push"]).id


def an_invitation(_plane, repository):
    return repository.add_to_collaborators("stranger", "push").id


def a_runner(_plane, repository):
    sent = {"name": "left", "runner_group_id": 1, "labels": ["gpu"]}
    at = f"{repository.url}/actions/runners/generate-jitconfig"
    return repository.requester.requestJsonAndCheck("POST", at, input=sent)[1]["runner"]["id"]


def a_run(served, repository):
    run = repository.get_workflow("long.yml").create_dispatch("main", throw=True, return_run_details=True)
    served.wait_until(
        lambda world: world["repositories"][REPOSITORY]["runs"][-1]["status"] == "in_progress", seconds=20
    )
    return run.id


def an_alert(served, _repository):
    return served.leaks.alert(REPOSITORY, CANARY, "modal_token", "Modal Token", ())


def a_while_ago(served, _repository):
    served.backdate(timedelta(days=30))
    return 0


def numbered(number):
    return Numbered(repository=REPOSITORY, number=number, known=("rentagpu-executor",))


def about_what_is_dead(number):
    return LeakAlert(repository=REPOSITORY, number=number, identifier="ak-dead", secret=Secret(CANARY))


def look_back(_number):
    return GithubLookBack(repositories=(REPOSITORY,), since=datetime.now(UTC), logins=("grace",))


def seen_of(world):
    """Without times and ids, but for how many runs there are and how they ended."""
    repository = world["repositories"][REPOSITORY]
    environments = repository["environments"]
    return {
        "people": world["people"],
        "permissions": repository["permissions"],
        "tokens": {token["token"]: token["live"] for token in world["tokens"]},
        "environments": {
            name: {**found, **{kind: _values(found[kind]) for kind in ("secrets", "variables")}, "id": 0}
            for name, found in environments.items()
        },
        "keys": [key["title"] for key in repository["keys"].values()],
        "hooks": [hook["url"] for hook in repository["hooks"].values()],
        "invitations": [one["login"] for one in repository["invitations"].values()],
        "runners": [runner["name"] for runner in repository["runners"].values()],
        "alerts": repository["alerts"],
        "runs": [(run["title"], run["status"], run["conclusion"]) for run in repository["runs"]],
    }


def _values(entries):
    return {name: entry["value"] for name, entry in entries.items()}


def secrets_of(world):
    yield CANARY
    yield from (token["token"] for token in world["tokens"])
    for environment in world["repositories"][REPOSITORY]["environments"].values():
        kept = environment["secrets"].items()
        yield from (
            entry["value"] for name, entry in kept if name != "MODAL_TOKEN_ID"
        )  # an identifier is public


def nowhere():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{taken.getsockname()[1]}"


def fresh_values(_leaked):
    values = {"MODAL_TOKEN_ID": "ak-fresh-identifier", "MODAL_TOKEN_SECRET": Secret(CANARY)}
    return EnvironmentValues(repository=REPOSITORY, environment="prod", values=values)


def deployment(_leaked):
    return Dispatch(repository=REPOSITORY, workflow="deploy.yml", ref="main", environment="prod")


def stricter(_leaked):
    return EnvironmentRules(repository=REPOSITORY, environment="staging", reviewers=("grace",), branch="main")


def leaver(_leaked):
    return ReviewerInput(repository=REPOSITORY, environment="prod", login="grace", instead="oncall")


def gone(_leaked):
    return AccessInput(repository=REPOSITORY, login="grace")


def variable(_leaked):
    return VariableInput(
        repository=REPOSITORY, environment="prod", variable="MODAL_APP_NAME", value="rentagpu-executor"
    )


CASES = Cases(
    open=plane,
    by_action={
        "github.put_environment_secrets": case(fresh_values, makes_new=True),
        "github.protect_environment": case(stricter, by="owner"),
        "github.remove_reviewer": case(leaver, by="owner"),
        "github.take_access": case(gone, by="owner"),
        "github.put_variable": case(variable),
        "github.run_workflow": case(deployment),
        "github.review": case_of_left(a_while_ago, look_back, then=partial(a_key, None)),
        "github.remove_deploy_key": case_of_left(a_key, numbered),
        "github.remove_webhook": case_of_left(a_hook, numbered),
        "github.withdraw_invitation": case_of_left(an_invitation, numbered),
        "github.remove_runner": case_of_left(a_runner, numbered),
        "github.cancel_workflow_run": case_of_left(a_run, numbered, by="oncall"),
        "github.resolve_alert": case_of_left(an_alert, about_what_is_dead),
        "github.revoke_token": case(lambda leaked: LeakedToken(token=Secret(leaked))),
    },
)
