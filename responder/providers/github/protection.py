"""Make a deployment environment, with reviewers and the branches that may deploy to it; and its variables."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from responder.action import (
    Call,
    Connections,
    Done,
    Input,
    Irreversible,
    NotDone,
    Plan,
    Probe,
    Reversible,
)
from responder.errors import NotFoundError
from responder.providers.github.answers import known
from responder.providers.github.connection import GithubConnection
from responder.providers.github.environments import logins
from responder.providers.github.marks import Marked, environment_address

if TYPE_CHECKING:
    from github import Github


class EnvironmentRules(Input):
    repository: str
    environment: str
    reviewers: tuple[str, ...] = ()  # logins, any one of whom must approve
    branch: str = ""  # that may deploy; empty for any

    @property
    def address(self) -> str:
        return environment_address(self.repository, self.environment)

    @property
    def where(self) -> str:
        return f"GitHub environment {self.environment} of {self.repository}"


@dataclass(frozen=True)
class Rules:
    """What an environment has of the rules above."""

    reviewers: tuple[str, ...]
    narrowed: bool  # only some branches may deploy


def rules_of(connections: Connections, repository: str, environment: str) -> Rules | None:
    """None where there is no such environment.

    Raises:
        ProviderError: GitHub could not be asked.
    """
    given = EnvironmentRules(repository=repository, environment=environment)
    there = _read(connections, given)
    if there is None:
        return None
    match there.get("deployment_branch_policy"):
        case {
            "custom_branch_policies": True
        }:  # none may deploy, where a setup was cut off before it named one
            connection = connections.get(GithubConnection)
            named = connection.ask(f"GET {given.address}", lambda github: _branches(github, given))
            return Rules(_reviewers(there), bool(named))
        case policy:
            return Rules(_reviewers(there), policy is not None)


class ProtectEnvironment(Irreversible[EnvironmentRules, Marked]):
    """Adds what is lacking; reviewers, branches and timers that are there stay.

    GitHub replaces an environment's whole protection by what is sent, so what is there is sent along.
    """

    name = "github.protect_environment"
    permissions = ("Environments: write", "Administration: write")
    point_of_no_return = "Protection is taken away at the environment's page, by a person."

    def plan(self, call: Call, given: EnvironmentRules) -> Plan:
        there, lacking = _there(call, given), _lacking(call, given)
        if there is None:
            told = f" ({'; '.join(lacking)})" if lacking else ""
            return Plan(f"Create {given.where}{told}")
        return Plan(
            f"Have {given.where}: {'; '.join(lacking)}"
            if lacking
            else f"Nothing: {given.where} is protected so"
        )

    def probe(self, call: Call, given: EnvironmentRules) -> Probe[Marked]:
        def look() -> Probe[Marked]:
            there = _there(call, given)
            if there is None:
                return NotDone(f"There is no {given.where}.")
            if lacking := _lacking(call, given):
                return NotDone(f"{given.where} lacks: {'; '.join(lacking)}.")
            return Done(
                Marked.of(given.address, there),
                f"GET {given.address}: it is there, with all that was asked for",
            )

        return known(look)

    def apply(self, call: Call, given: EnvironmentRules) -> Marked:
        there = _there(call, given) or {}
        rules: dict[str, Mapping[str, Any]] = {one["type"]: one for one in there.get("protection_rules", ())}
        reviewing = rules.get("required_reviewers", {})
        policy = there.get("deployment_branch_policy")
        if given.branch and policy is None:
            policy = {"protected_branches": False, "custom_branch_policies": True}

        def put(github: "Github") -> None:
            kept = [
                {"type": one["type"], "id": one["reviewer"]["id"]} for one in reviewing.get("reviewers", ())
            ]
            asked = [{"type": "User", "id": github.get_user(login).id} for login in given.reviewers]
            sent = {
                "wait_timer": rules.get("wait_timer", {}).get("wait_timer", 0),
                "prevent_self_review": reviewing.get("prevent_self_review", False),
                "reviewers": kept + [one for one in asked if one not in kept],
                "deployment_branch_policy": policy,
            }
            github.requester.requestJsonAndCheck("PUT", given.address, input=sent)
            if not (given.branch and policy and policy["custom_branch_policies"]):
                return
            if given.branch not in _branches(github, given):
                github.requester.requestJsonAndCheck(
                    "POST", f"{given.address}/deployment-branch-policies", input={"name": given.branch}
                )

        call.connections.get(GithubConnection).ask(f"PUT {given.address}", put)
        return Marked()


class VariableInput(Input):
    repository: str
    environment: str
    variable: str
    value: str

    @property
    def address(self) -> str:
        return f"{environment_address(self.repository, self.environment)}/variables"

    @property
    def itself(self) -> str:
        return f"{self.address}/{self.variable}"


class PutVariable(Reversible[VariableInput, Marked]):
    """A variable of an environment; anybody who may read the repository's settings may read it."""

    name = "github.put_variable"
    permissions = ("Environments: write",)

    def plan(self, call: Call, given: VariableInput) -> Plan:
        found = _variable(call, given)
        there = found and found["value"]
        if there == given.value:
            return Plan(f"Nothing: variable {given.variable} of {given.environment} is {given.value}")
        was = f", which is {there}" if there is not None else ""
        return Plan(f"Set variable {given.variable} of {given.environment}{was} to {given.value}")

    def probe(self, call: Call, given: VariableInput) -> Probe[Marked]:
        def look() -> Probe[Marked]:
            found = _variable(call, given)
            there = found and str(found["value"])
            if found is None or there != given.value:
                return NotDone(
                    f"{given.variable} of {given.environment} is {there or 'not there'}.", {"was": there}
                )
            return Done(Marked.of(given.itself, found), f"GET {given.itself}: {there}")

        return known(look)

    def apply(self, call: Call, given: VariableInput) -> Marked:
        _set(call, given, given.value)
        return Marked()

    def undo(self, call: Call, given: VariableInput, output: Marked) -> None:  # noqa: ARG002  # seen has it
        was = call.seen.get("was")
        if isinstance(was, str):
            _set(call, given, was)
        elif _variable(call, given) is not None:
            call.connections.get(GithubConnection).ask(
                f"DELETE {given.address}",
                lambda github: github.requester.requestJsonAndCheck("DELETE", given.itself),
            )


def _there(call: Call, given: EnvironmentRules) -> dict[str, Any] | None:
    return _read(call.connections, given)


def _read(connections: Connections, given: EnvironmentRules) -> dict[str, Any] | None:
    def ask(github: "Github") -> dict[str, Any]:
        found: dict[str, Any] = github.requester.requestJsonAndCheck("GET", given.address)[1]
        return found

    try:
        return connections.get(GithubConnection).ask(f"GET {given.address}", ask)
    except NotFoundError:
        return None


def _reviewers(there: Mapping[str, Any]) -> tuple[str, ...]:
    rules = there.get("protection_rules", ())
    return logins(each["reviewer"] for rule in rules for each in rule.get("reviewers", ()))


def _lacking(call: Call, given: EnvironmentRules) -> list[str]:
    """What it is without, in words."""
    there = _there(call, given) or {}
    known = {login.casefold() for login in _reviewers(there)}
    lacking = [f"{login} must approve" for login in given.reviewers if login.casefold() not in known]
    if not given.branch:
        return lacking
    match there.get("deployment_branch_policy"):
        case None:
            return [*lacking, f"only {given.branch} may deploy"]
        case {"custom_branch_policies": True}:
            connection = call.connections.get(GithubConnection)
            named = connection.ask(f"GET {given.address}", lambda github: _branches(github, given))
            return lacking if given.branch in named else [*lacking, f"{given.branch} may deploy"]
    return lacking


def _branches(github: "Github", given: EnvironmentRules) -> list[str]:
    at = f"{given.address}/deployment-branch-policies"
    _, found = github.requester.requestJsonAndCheck("GET", at, parameters={"per_page": "100"})
    return [str(one["name"]) for one in found["branch_policies"]]


def _variable(call: Call, given: VariableInput) -> dict[str, Any] | None:
    def ask(github: "Github") -> dict[str, Any]:
        found: dict[str, Any] = github.requester.requestJsonAndCheck("GET", given.itself)[1]
        return found

    try:
        return call.connections.get(GithubConnection).ask(f"GET {given.itself}", ask)
    except NotFoundError:
        return None


def _set(call: Call, given: VariableInput, value: str) -> None:
    there = _variable(call, given)
    if there and there["value"] == value:
        return
    verb = "POST" if there is None else "PATCH"
    address = given.address if verb == "POST" else given.itself

    def put(github: "Github") -> None:
        github.requester.requestJsonAndCheck(verb, address, input={"name": given.variable, "value": value})

    call.connections.get(GithubConnection).ask(f"{verb} {address}", put)


ACTIONS = (ProtectEnvironment(), PutVariable())
