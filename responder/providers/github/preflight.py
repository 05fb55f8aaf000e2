"""Before an incident: who we are at GitHub, what we may do there, and what of the inventory exists."""

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from responder.action import Connections
from responder.errors import DeniedError, NotFoundError, RejectedError
from responder.exposure import Workflow
from responder.finding import Finding, clock, failed, ok, refused, warning
from responder.providers.github.connection import GithubConnection, operator_token_fingerprint
from responder.providers.github.environments import reviewers
from responder.providers.github.runs import Runs

if TYPE_CHECKING:
    from github import Github

# A token's permission -> what its owner must be allowed in the repository, by GitHub's word for it there.
ROLES: Final = {
    "Metadata: read": "pull",
    "Actions: read": "pull",
    "Contents: read": "pull",
    "Deployments: read": "pull",
    "Environments: read": "pull",
    "Secrets: read": "push",
    "Codespaces secrets: read": "push",
    "Dependabot secrets: read": "push",
    "Variables: read": "push",
    "Actions: write": "push",
    "Environments: write": "push",
    "Secrets: write": "push",
    "Administration: read": "admin",
    "Administration: write": "admin",
    "Webhooks: read": "admin",
    "Webhooks: write": "admin",
    "Secret scanning alerts: write": "admin",
}
MEMBERS: Final = "Members: write"  # of the organisation, which owners have
# For administrators; a leak is contained and replaced without, and what is left out is said.
SPARED: Final = frozenset(
    {
        "Administration: read",
        "Administration: write",
        "Codespaces secrets: read",
        "Dependabot secrets: read",
        "Secret scanning alerts: write",
        "Secrets: read",
        "Variables: read",
        "Webhooks: read",
        "Webhooks: write",
    }
)

_TOKENS: Final = "https://github.com/settings/tokens"
# What `run-name` must end in, so that a dispatched run is found again by its title.
_ENDS_IN_REQUEST: Final = re.compile(r"(?:^|\s)\$\{\{\s*(?:github\.event\.)?inputs\.request\s*\}\}$")


def identity(connections: Connections, now: Callable[[], datetime]) -> Iterator[Finding]:
    """Who we are, how long the token lives, and this machine's clock."""
    headers, user = _user(connections)
    expiry = headers.get("github-authentication-token-expiration", "")
    yield ok(f"You are {user['login']}." + (f" The token lives until {expiry}." if expiry else ""))
    if date := headers.get("date"):
        yield clock("GitHub", date, now())


def scopes(connections: Connections, wanted: Collection[str]) -> Iterator[Finding]:
    """Only classic tokens have them, and GitHub names them with every answer.

    https://docs.github.com/apps/oauth-apps/building-oauth-apps/scopes-for-oauth-apps
    """
    writes = ", ".join(sorted(one for one in wanted if one.endswith(": write")))
    header = _user(connections)[0].get("x-oauth-scopes")
    if not writes:
        return
    if header is None:
        yield warning(
            f"This is no classic token, and GitHub does not say whether it has {writes}.",
            "Look at its permissions: https://github.com/settings/personal-access-tokens",
        )
        return
    held = {scope.strip() for scope in header.split(",")} - {""}
    named = ", ".join(sorted(held)) or "none"
    if "repo" in held:
        yield ok(f"The token's scopes: {named}.")
    else:
        yield failed(
            f"The token's scopes: {named}; {writes} takes `repo`.", f"Give it the scope `repo`: {_TOKENS}"
        )


def repository(connections: Connections, name: str, wanted: Collection[str]) -> Iterator[Finding]:
    """Whether the token's owner may do there what the actions declare."""

    def ask(github: "Github") -> tuple[str, Mapping[str, bool], bool]:
        found = github.get_repo(name).raw_data
        of_organization = found["owner"]["type"] == "Organization"
        return github.get_user().login, found.get("permissions", {}), of_organization

    try:
        login, may, of_organization = connections.get(GithubConnection).ask(f"GET /repos/{name}", ask)
    except NotFoundError:
        yield failed(
            f"There is no repository {name} that this token may see.",
            "Name the right one in respond.toml, or give the token access to it: gh repo view " + name,
        )
        return
    lacking = [one for one in sorted(wanted) if one in ROLES and not may.get(ROLES[one])]
    if spared := [one for one in lacking if one in SPARED]:
        lacking = [one for one in lacking if one not in SPARED]
        yield warning(
            f"{login} is no administrator of {name}: a review is shown no deploy keys, webhooks, runners or "
            "invitations, and could remove none; no alert of secret scanning could be resolved.",
            f"An administrator types: gh api -X PUT repos/{name}/collaborators/{login} -f permission=admin",
        )
    if lacking:
        role = max((ROLES[one] for one in lacking), key=("pull", "push", "admin").index)
        yield failed(
            f"{login} may not {role} to {name}, which {', '.join(lacking)} takes.",
            f"An administrator types: gh api -X PUT repos/{name}/collaborators/{login} -f permission={role}",
        )
    if MEMBERS in wanted and of_organization and not spared:
        yield from _owner(connections, login, name.partition("/")[0])
    if unknown := sorted(set(wanted) - ROLES.keys() - {MEMBERS}):
        yield warning(
            f"Whether the token has {', '.join(unknown)} could not be found out.",
            f"Look at the token's permissions: {_TOKENS}",
        )
    if not lacking and not unknown:
        held = ", ".join(one for one in sorted(wanted) if one not in spared and one in ROLES)
        yield ok(f"{login} may do in {name} what takes {held}.")


def _owner(connections: Connections, login: str, organization: str) -> Iterator[Finding]:
    address = f"/user/memberships/orgs/{organization}"

    def ask(github: "Github") -> str:
        return str(github.requester.requestJsonAndCheck("GET", address)[1]["role"])

    try:
        role = connections.get(GithubConnection).ask(f"GET {address}", ask)
    except (NotFoundError, DeniedError):
        role = "of those whom this token may not tell of"
    if role != "admin":
        yield warning(
            f"{login} is no owner of the organisation {organization} ({role}): who leaves could not be taken "
            "out of it, nor out of its teams.",
            f"An owner types: gh api -X PUT orgs/{organization}/memberships/{login} -f role=admin. "
            "A classic token takes the scope `admin:org`.",
        )


def environment(
    connections: Connections, repository: str, name: str, secrets: Collection[str]
) -> Iterator[Finding]:
    """That it exists and has secrets of these names; and who must approve what runs in it."""
    where = f"environment {name} of {repository}"

    def ask(github: "Github") -> set[str]:
        return {each.name for each in github.get_repo(repository).get_environment(name).get_secrets()}

    try:
        who = reviewers(connections, repository, name)
    except NotFoundError:
        yield failed(
            f"There is no {where}.",
            f"gh api -X PUT repos/{repository}/environments/{name}, or name the right one in respond.toml.",
        )
        return
    approval = f"{' or '.join(who)} must approve" if who else "nobody has to approve"
    yield ok(f"There is an {where}; {approval} what is deployed to it.")
    if not secrets:
        return
    there = connections.get(GithubConnection).ask(f"GET /repos/{repository}/environments/{name}/secrets", ask)
    if missing := [one for one in sorted(secrets) if one.upper() not in there]:
        yield failed(
            f"There is no secret {' nor '.join(missing)} in {where}.",
            f"gh secret set {missing[0]} --env {name} --repo {repository}, or name the right ones in "
            "respond.toml.",
        )
    else:
        yield ok(f"{', '.join(sorted(secrets))} {'are' if len(secrets) > 1 else 'is'} in {where}.")


def workflow(connections: Connections, given: Workflow) -> Iterator[Finding]:
    """That it can be dispatched with the inventory's inputs, and its run found again by its title."""
    runs = Runs(connections.get(GithubConnection), given.repository)
    path = f".github/workflows/{given.file}"
    try:
        runs.page_of(given.file)
        branch, texts = _texts(runs.connection, given, path)
    except NotFoundError:
        yield failed(
            f"There is no {path} of {given.repository} on its default branch and on {given.ref}.",
            "Put it there, or name the right one in respond.toml: "
            f"gh workflow list --repo {given.repository}",
        )
        return
    except RejectedError as error:
        yield refused(error)
        return
    where = f"{path} of {given.repository}"
    wrong = {flaw: ref for ref, text in texts.items() for flaw in _flaws(text, given)}
    for flaw, ref in wrong.items():
        yield failed(f"{where} on {ref} {flaw.what}.", flaw.mend)
    if not wrong:
        yield ok(f"{where} on {branch} can be dispatched, and its run found again.")


def own_token(connections: Connections, fingerprints: Collection[str]) -> Iterator[Finding]:
    """GitHub tells of no token but by its value: that these are others than ours is all there is to see."""
    if operator_token_fingerprint(connections) in fingerprints:
        yield failed(
            "The token in GITHUB_TOKEN is one that the inventory has replaced: that would lock you out half "
            "way.",
            f"Set GITHUB_TOKEN to another token: {_TOKENS}",
        )
    else:
        yield ok("The token in GITHUB_TOKEN is none of the inventory's.")


def _user(connections: Connections) -> tuple[Mapping[str, str], Mapping[str, Any]]:
    def ask(github: "Github") -> tuple[Mapping[str, str], Mapping[str, Any]]:
        return github.requester.requestJsonAndCheck("GET", "/user")

    return connections.get(GithubConnection).ask("GET /user", ask)


def _texts(connection: GithubConnection, given: Workflow, path: str) -> tuple[str, dict[str, bytes]]:
    """The file on the default branch, where GitHub looks for workflows, and at the ref that is run."""

    def ask(github: "Github") -> tuple[str, dict[str, bytes]]:
        found = github.get_repo(given.repository)
        branch, texts = found.default_branch, {}
        for ref in dict.fromkeys((branch, given.ref)):
            content = found.get_contents(path, ref=ref)
            texts[ref] = b"" if isinstance(content, list) else content.decoded_content
        return branch, texts

    return connection.ask(f"GET /repos/{given.repository}/contents/{path}", ask)


def _flaws(text: bytes, given: Workflow) -> Iterator[Finding]:
    """What keeps us from dispatching it, each to be put after the file's name."""
    import yaml  # noqa: PLC0415

    again = f"Edit {given.file} on that branch: "
    try:
        # Every scalar as its text: `on` stays a key.
        document = yaml.load(text, Loader=yaml.BaseLoader)  # noqa: S506 - builds strings, lists and dicts only
    except yaml.YAMLError:
        yield failed("is not YAML", again + "GitHub shows where it breaks.")
        return
    triggers = _mapping(document).get("on")
    if triggers != "workflow_dispatch" and "workflow_dispatch" not in (triggers or ()):
        yield failed("cannot be dispatched", again + "`on: {workflow_dispatch: {inputs: …}}`.")
        return
    inputs = _mapping(_mapping(_mapping(triggers).get("workflow_dispatch")).get("inputs"))
    if "request" not in inputs:
        yield failed(
            "has no input `request`",
            again + 'below `on: workflow_dispatch: inputs:` put `request: {type: string, default: ""}`.',
        )
    if unknown := sorted(set(given.inputs) - inputs.keys()):
        yield failed(
            f"has no input {', '.join(f'`{name}`' for name in unknown)}, which the inventory gives it",
            f"Take it out of the workload's `inputs` in respond.toml. Or: {again}add the input.",
        )
    title = _mapping(document).get("run-name")
    if not isinstance(title, str) or not _ENDS_IN_REQUEST.search(title.strip()):
        yield failed(
            "has no `run-name` that ends in the input `request`",
            again + "`run-name: Deploy ${{ inputs.request }}`, with a space before it.",
        )


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}
