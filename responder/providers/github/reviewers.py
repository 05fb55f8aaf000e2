"""Who must approve what is deployed to an environment: take one person out, and leave it protected."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from responder.action import Call, Done, Input, Json, NotDone, Plan, Probe, Reversible
from responder.errors import RefusedError
from responder.providers.github.answers import known
from responder.providers.github.connection import GithubConnection
from responder.providers.github.environments import logins
from responder.providers.github.marks import Marked, environment_address
from responder.providers.github.people import permission
from responder.providers.github.teams import Team, everyone, join, leave, memberships

if TYPE_CHECKING:
    from github import Github


class ReviewerInput(Input):
    repository: str
    environment: str
    login: str
    instead: str = ""  # the login of who takes their place, where nobody else is left

    @property
    def address(self) -> str:
        return environment_address(self.repository, self.environment)

    @property
    def where(self) -> str:
        return f"environment {self.environment} of {self.repository}"

    def is_theirs(self, login: str) -> bool:
        """GitHub tells no logins apart by case."""
        return login.casefold() == self.login.casefold()

    def team(self, slug: str) -> Team:
        """A team that reviews is of the organisation that has the repository."""
        return Team(self.repository.partition("/")[0], slug)


class RemoveReviewer(Reversible[ReviewerInput, Marked]):
    """They approve nothing there: neither themselves, nor by a team, which they are taken out of.

    Never the last one: an environment without reviewers would let everything through, and one that a team of
    nobody approves would let nothing through.
    """

    name = "github.remove_reviewer"
    permissions = ("Environments: write", "Administration: write", "Members: write")

    def plan(self, call: Call, given: ReviewerInput) -> Plan:
        there = _there(call, given)
        if not there.is_theirs:
            return Plan(f"Nothing: {given.login} approves nothing in {given.where}")
        must = " or ".join(there.left or _in_their_place(call, given))
        out = "".join(f"; take them out of the team {slug}" for slug in there.memberships)
        also = f" With {' and '.join(there.memberships)} goes what else it opens to them." if out else ""
        return Plan(
            f"Have {given.login} approve nothing any more in {given.where}{out}; {must} must",
            breaks=f"What waits for {given.login} waits for {must}.{also}",
        )

    def probe(self, call: Call, given: ReviewerInput) -> Probe[Marked]:
        def look() -> Probe[Marked]:
            there = _there(call, given)
            who = list(logins(one["reviewer"] for one in there.approving))
            if there.is_theirs:
                by = "".join(f", by the team {slug}" for slug in there.memberships)
                seen: dict[str, Json] = {"who": [*who], "teams": {**there.memberships}}
                return NotDone(f"{given.login} approves deployments to {given.where}{by}.", seen)
            marked = Marked.of(given.address, there.environment)
            return Done(marked, f"GET {given.address}: {' or '.join(who) or 'nobody'} must approve")

        return known(look)

    def apply(self, call: Call, given: ReviewerInput) -> Marked:
        """Send all of its protection again, without them; then out of its teams, until none has them.

        Raises:
            RefusedError: nobody would be left who must approve.
        """
        there = _there(call, given)
        if not there.is_theirs:
            return Marked()
        added = () if there.left else _in_their_place(call, given)
        if there.direct or added:
            kept = [_sent(one) for one in there.approving if one not in there.direct]
            _put(call, given, there.environment, kept, added)
        connection = call.connections.get(GithubConnection)
        while there.memberships:
            for slug in there.memberships:
                leave(connection, given.team(slug), given.login)
            before, there = there.memberships, _there(call, given)
            if there.memberships == before:  # it is not ours to change, as by an identity provider's groups
                break
        return Marked()

    def undo(self, call: Call, given: ReviewerInput, output: Marked) -> None:  # noqa: ARG002  # as it was
        there = _there(call, given)
        before, teams = call.seen.get("who"), call.seen.get("teams")
        if not isinstance(before, list):
            return
        connection = call.connections.get(GithubConnection)
        for slug, role in (teams if isinstance(teams, dict) else {}).items():
            if slug not in there.memberships:
                join(connection, given.team(slug), given.login, str(role))
        were = {str(login).casefold() for login in before}
        # Only who came by us goes again: whoever came by another's hand stays.
        ours = {given.instead.casefold()} - were
        kept = [one for one in there.approving if _login(one).casefold() not in ours]
        back = (given.login,) if given.login.casefold() in were and not there.direct else ()
        if back or kept != there.approving:
            _put(call, given, there.environment, [_sent(one) for one in kept], back)


@dataclass(frozen=True)
class _There:
    environment: Mapping[str, Any]  # GitHub's JSON
    approving: list[dict[str, Any]]  # its reviewers, as GitHub has them
    direct: Sequence[dict[str, Any]]  # those of them who are the person
    memberships: Mapping[str, str]  # slug -> role, of the teams by which the person is one
    left: tuple[str, ...]  # who would approve without them: people by login, teams by slug

    @property
    def is_theirs(self) -> bool:
        return bool(self.direct or self.memberships)


def _there(call: Call, given: ReviewerInput) -> _There:
    connection = call.connections.get(GithubConnection)

    def ask(github: "Github") -> dict[str, Any]:
        found: dict[str, Any] = github.requester.requestJsonAndCheck("GET", given.address)[1]
        return found

    environment = connection.ask(f"GET {given.address}", ask)
    approving = _approving(environment)
    direct = [one for one in approving if one["type"] == "User" and given.is_theirs(_login(one))]
    others = [one for one in approving if one["type"] == "User" and one not in direct]
    left = [_login(one) for one in others]
    held: dict[str, str] = {}
    for slug in (_login(one) for one in approving if one["type"] == "Team"):
        held |= memberships(connection, given.team(slug), given.login)
        if _others(everyone(connection, given.team(slug)), given):
            left.append(slug)
    return _There(environment, approving, direct, held, tuple(left))


def _others(people: Iterable[str], given: ReviewerInput) -> list[str]:
    return [login for login in people if not given.is_theirs(login)]


def _in_their_place(call: Call, given: ReviewerInput) -> tuple[str, ...]:
    """Raises: RefusedError."""
    if given.instead.casefold() in ("", given.login.casefold()):
        raise RefusedError(
            f"{given.login} alone approves what is deployed to {given.where}: without them everything would "
            "go through, or nothing.",
            next_step="Say who takes their place: --reviewer LOGIN",
        )
    if not permission(call.connections.get(GithubConnection), given.repository, given.instead):
        raise RefusedError(
            f"{given.instead} may not approve what is deployed to {given.where}: they may do nothing there.",
            next_step="Name somebody who may read the repository, or add them first: "
            f"gh api -X PUT repos/{given.repository}/collaborators/{given.instead} -f permission=push",
        )
    return (given.instead,)


def _reviewing(environment: Mapping[str, Any]) -> dict[str, Any]:
    rules: list[dict[str, Any]] = environment.get("protection_rules", [])
    return next((one for one in rules if one["type"] == "required_reviewers"), {})


def _approving(environment: Mapping[str, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = _reviewing(environment).get("reviewers", [])
    return found


def _login(reviewer: dict[str, Any]) -> str:
    return logins([reviewer["reviewer"]])[0]


def _sent(reviewer: dict[str, Any]) -> dict[str, Any]:
    return {"type": reviewer["type"], "id": reviewer["reviewer"]["id"]}


def _put(
    call: Call,
    given: ReviewerInput,
    environment: Mapping[str, Any],
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
