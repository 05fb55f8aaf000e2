"""Who must approve what is deployed to an environment: take one person out, and leave it protected."""

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from responder.action import Call, Done, Input, NotDone, Nothing, Plan, Probe, Reversible
from responder.errors import RefusedError
from responder.providers.github.answers import known
from responder.providers.github.connection import GithubConnection
from responder.providers.github.environments import logins

if TYPE_CHECKING:
    from github import Github


class ReviewerInput(Input):
    repository: str
    environment: str
    login: str
    instead: str = ""  # the login of who takes their place, where nobody else is left

    @property
    def address(self) -> str:
        return f"/repos/{self.repository}/environments/{quote(self.environment, safe='')}"

    @property
    def where(self) -> str:
        return f"environment {self.environment} of {self.repository}"


class RemoveReviewer(Reversible[ReviewerInput, Nothing]):
    """Never the last one: an environment without reviewers would let everything through."""

    name = "github.remove_reviewer"
    permissions = ("Environments: write", "Administration: write")

    def plan(self, call: Call, given: ReviewerInput) -> Plan:
        there = _environment(call, given)
        if not any(_is_theirs(one, given) for one in _approving(there)):
            return Plan(f"Nothing: {given.login} approves nothing in {given.where}")
        left = logins(o["reviewer"] for o in _approving(there) if not _is_theirs(o, given))
        left = left or _in_their_place(given)
        return Plan(
            f"Have {given.login} approve nothing any more in {given.where}; {' or '.join(left)} must",
            breaks=f"What waits for {given.login} waits for {' or '.join(left)}.",
        )

    def probe(self, call: Call, given: ReviewerInput) -> Probe[Nothing]:
        def look() -> Probe[Nothing]:
            there = _approving(_environment(call, given))
            who = logins(one["reviewer"] for one in there)
            if any(_is_theirs(one, given) for one in there):
                return NotDone(f"{given.login} approves deployments to {given.where}.", {"who": list(who)})
            return Done(Nothing(), f"GET {given.address}: {' or '.join(who) or 'nobody'} must approve")

        return known(look)

    def apply(self, call: Call, given: ReviewerInput) -> Nothing:
        """Send all of its protection again, without them.

        Raises:
            RefusedError: nobody would be left who must approve.
        """
        there = _environment(call, given)
        kept = [one for one in _approving(there) if not _is_theirs(one, given)]
        added = () if kept else _in_their_place(given)
        _put(call, given, there, [_sent(one) for one in kept], added)
        return Nothing()

    def undo(self, call: Call, given: ReviewerInput, output: Nothing) -> None:  # noqa: ARG002  # as it was
        there = _environment(call, given)
        before = call.seen.get("who")
        if any(_is_theirs(one, given) for one in _approving(there)) or not isinstance(before, list):
            return
        # Only who came by us goes again: whoever came by another's hand stays.
        ours = {given.instead.casefold()} - {str(login).casefold() for login in before}
        kept = [_sent(one) for one in _approving(there) if _login(one).casefold() not in ours]
        _put(call, given, there, kept, (given.login,))


def _in_their_place(given: ReviewerInput) -> tuple[str, ...]:
    if given.instead.casefold() in ("", given.login.casefold()):
        raise RefusedError(
            f"{given.login} alone approves what is deployed to {given.where}: without them everything would "
            "go through.",
            next_step="Say who takes their place: --reviewer LOGIN",
        )
    return (given.instead,)


def _environment(call: Call, given: ReviewerInput) -> dict[str, Any]:
    def ask(github: "Github") -> dict[str, Any]:
        found: dict[str, Any] = github.requester.requestJsonAndCheck("GET", given.address)[1]
        return found

    return call.connections.get(GithubConnection).ask(f"GET {given.address}", ask)


def _reviewing(environment: dict[str, Any]) -> dict[str, Any]:
    rules: list[dict[str, Any]] = environment.get("protection_rules", [])
    return next((one for one in rules if one["type"] == "required_reviewers"), {})


def _approving(environment: dict[str, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = _reviewing(environment).get("reviewers", [])
    return found


def _is_theirs(reviewer: dict[str, Any], given: ReviewerInput) -> bool:
    """A team of that name is somebody else, and GitHub tells no logins apart by case."""
    return reviewer["type"] == "User" and _login(reviewer).casefold() == given.login.casefold()


def _login(reviewer: dict[str, Any]) -> str:
    return logins([reviewer["reviewer"]])[0]


def _sent(reviewer: dict[str, Any]) -> dict[str, Any]:
    return {"type": reviewer["type"], "id": reviewer["reviewer"]["id"]}


def _put(
    call: Call,
    given: ReviewerInput,
    environment: dict[str, Any],
    reviewers: list[dict[str, Any]],
    added: tuple[str, ...],
) -> None:
    """GitHub replaces an environment's whole protection by what is sent: all that is there goes along."""
    rules = environment.get("protection_rules", ())
    timer = next((one["wait_timer"] for one in rules if one["type"] == "wait_timer"), 0)

    def put(github: "Github") -> None:
        new = [{"type": "User", "id": github.get_user(login).id} for login in added]
        sent = {
            "wait_timer": timer,
            "prevent_self_review": _reviewing(environment).get("prevent_self_review", False),
            "reviewers": [*reviewers, *new],
            "deployment_branch_policy": environment.get("deployment_branch_policy"),
        }
        github.requester.requestJsonAndCheck("PUT", given.address, input=sent)

    call.connections.get(GithubConnection).ask(f"PUT {given.address}", put)


ACTIONS = (RemoveReviewer(),)
