"""Make a deployment environment, with reviewers and the branches that may deploy to it; and its variables."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from responder.action import (
    Call,
    Connections,
    Done,
    Input,
    Irreversible,
    NotDone,
    Nothing,
    Plan,
    Probe,
    Reversible,
)
from responder.errors import NotFoundError
from responder.providers.github.answers import known
from responder.providers.github.connection import GithubConnection
from responder.providers.github.environments import logins

if TYPE_CHECKING:
    from github import Github


class EnvironmentRules(Input):
    repository: str
    environment: str
    reviewers: tuple[str, ...] = ()  # logins, any one of whom must approve
    branch: str = ""  # that may deploy; empty for any

    @property
    def address(self) -> str:
        return f"/repos/{self.repository}/environments/{quote(self.environment, safe='')}"

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


class ProtectEnvironment(Irreversible[EnvironmentRules, Nothing]):
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

    def probe(self, call: Call, given: EnvironmentRules) -> Probe[Nothing]:
        def look() -> Probe[Nothing]:
            if _there(call, given) is None:
                return NotDone(f"There is no {given.where}.")
            if lacking := _lacking(call, given):
                return NotDone(f"{given.where} lacks: {'; '.join(lacking)}.")
            return Done(Nothing(), f"GET {given.address}: it is there, with all that was asked for")

        return known(look)

    def apply(self, call: Call, given: EnvironmentRules) -> Nothing:
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
        return Nothing()


class VariableInput(Input):
    repository: str
    environment: str
    variable: str
    value: str

    @property
    def address(self) -> str:
        environment = quote(self.environment, safe="")
        return f"/repos/{self.repository}/environments/{environment}/variables"


class PutVariable(Reversible[VariableInput, Nothing]):
    """A variable of an environment; anybody who may read the repository's settings may read it."""

    name = "github.put_variable"
    permissions = ("Environments: write",)

    def plan(self, call: Call, given: VariableInput) -> Plan:
        there = _value(call, given)
        if there == given.value:
            return Plan(f"Nothing: variable {given.variable} of {given.environment} is {given.value}")
        was = f", which is {there}" if there is not None else ""
        return Plan(f"Set variable {given.variable} of {given.environment}{was} to {given.value}")

    def probe(self, call: Call, given: VariableInput) -> Probe[Nothing]:
        def look() -> Probe[Nothing]:
            there = _value(call, given)
            if there != given.value:
                return NotDone(
                    f"{given.variable} of {given.environment} is {there or 'not there'}.", {"was": there}
                )
            return Done(Nothing(), f"GET {given.address}/{given.variable}: {there}")

        return known(look)

    def apply(self, call: Call, given: VariableInput) -> Nothing:
        _set(call, given, given.value)
        return Nothing()

    def undo(self, call: Call, given: VariableInput, output: Nothing) -> None:  # noqa: ARG002  # seen has it
        was = call.seen.get("was")
        if isinstance(was, str):
            _set(call, given, was)
        elif _value(call, given) is not None:
            call.connections.get(GithubConnection).ask(
                f"DELETE {given.address}",
                lambda github: github.requester.requestJsonAndCheck(
                    "DELETE", f"{given.address}/{given.variable}"
                ),
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


def _value(call: Call, given: VariableInput) -> str | None:
    def ask(github: "Github") -> str:
        return str(
            github.requester.requestJsonAndCheck("GET", f"{given.address}/{given.variable}")[1]["value"]
        )

    try:
        return call.connections.get(GithubConnection).ask(f"GET {given.address}/{given.variable}", ask)
    except NotFoundError:
        return None


def _set(call: Call, given: VariableInput, value: str) -> None:
    there = _value(call, given)
    if there == value:
        return
    verb = "POST" if there is None else "PATCH"
    address = given.address if verb == "POST" else f"{given.address}/{given.variable}"

    def put(github: "Github") -> None:
        github.requester.requestJsonAndCheck(verb, address, input={"name": given.variable, "value": value})

    call.connections.get(GithubConnection).ask(f"{verb} {address}", put)


ACTIONS = (ProtectEnvironment(), PutVariable())
