"""Take away what somebody else made, end a run that is under way, and close the alert about a leak.

By identifier alone. What a run of ours made is refused.
"""

from abc import abstractmethod
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Final

from pydantic import Field

from responder.action import (
    AnyAction,
    Call,
    Done,
    Input,
    Irreversible,
    Json,
    NotDone,
    Nothing,
    Plan,
    Probe,
    Reversible,
    answered,
)
from responder.errors import ConflictError, NotFoundError, RefusedError
from responder.providers.github.connection import GithubConnection
from responder.providers.github.review_doors import host_of
from responder.providers.github.review_read import pages
from responder.secret import Secret
from responder.trace import Foreign

if TYPE_CHECKING:
    from github import Github

REVOKED: Final = "revoked"


class Numbered(Foreign):
    repository: str  # or an organisation
    number: str = Field(pattern=r"^[0-9]+$")

    @property
    def owner(self) -> str:
        """Its address."""
        return f"/repos/{self.repository}" if "/" in self.repository else f"/orgs/{self.repository}"


class RemoveListed(Irreversible[Numbered, Nothing]):
    """What a list has, by its number there."""

    below: ClassVar[str]  # the list's address
    envelope: ClassVar[str] = ""
    noun: ClassVar[str]
    breaks: ClassVar[str]

    def plan(self, call: Call, given: Numbered) -> Plan:
        found = self._found(call, given)
        if found is None:
            return Plan(f"Nothing: {given.repository} has no {self.noun} {given.number}")
        given.refuse_known(given.number)
        what = f"{self.noun} {given.number} ({self.described(found)})"
        return Plan(f"Remove {what} from {given.repository}", breaks=self.breaks)

    @abstractmethod
    def described(self, found: Mapping[str, Any]) -> str:
        """GitHub's JSON in a few words."""

    @answered
    def probe(self, call: Call, given: Numbered) -> Probe[Nothing]:
        if found := self._found(call, given):
            return NotDone(f"The {self.noun} {given.number} ({self.described(found)}) is there.")
        return Done(Nothing(), f"GET {given.owner}/{self.below}: {given.number} is not there")

    def apply(self, call: Call, given: Numbered) -> Nothing:
        given.refuse_known(given.number)
        try:
            _ask(call, "DELETE", f"{given.owner}/{self.below}/{given.number}")
        except NotFoundError:
            if self._found(call, given):  # it is there, and this token may not take it away
                raise
        return Nothing()

    def _found(self, call: Call, given: Numbered) -> Any:  # noqa: ANN401  # GitHub's JSON
        """By the list: asked for by its number, one that may not be seen is as absent as one that is gone."""
        connection = call.connections.get(GithubConnection)
        listed = pages(connection, f"{given.owner}/{self.below}?per_page=100", self.envelope)
        return next((one for page in listed for one in page if str(one["id"]) == given.number), None)


class RemoveDeployKey(RemoveListed):
    name = "github.remove_deploy_key"
    permissions = ("Administration: write",)
    point_of_no_return = "A deploy key that was removed has to be added anew, by whoever has its public half."
    below, noun = "keys", "deploy key"
    breaks = "Whoever has its other half may neither fetch nor push with it."

    def described(self, found: Mapping[str, Any]) -> str:
        return f"{found['title'] or 'without a title'}, {'read only' if found['read_only'] else 'may push'}"


class RemoveWebhook(RemoveListed):
    name = "github.remove_webhook"
    permissions = ("Webhooks: write",)
    point_of_no_return = "A webhook that was removed has to be added anew, with a secret of its own."
    below, noun = "hooks", "webhook"
    breaks = "Whatever is behind its address is told nothing any more."

    def described(self, found: Mapping[str, Any]) -> str:
        return f"to {host_of(found)}, of {', '.join(found['events']) or 'nothing'}"


class WithdrawInvitation(RemoveListed):
    name = "github.withdraw_invitation"
    permissions = ("Administration: write",)
    point_of_no_return = "Whoever was invited has to be invited anew."
    below, noun = "invitations", "invitation"
    breaks = "Whoever was invited can accept it no more."

    def described(self, found: Mapping[str, Any]) -> str:
        invited = found.get("login") or (found.get("invitee") or {}).get("login")
        return f"of {invited or 'somebody without an account'}"


class RemoveRunner(RemoveListed):
    name = "github.remove_runner"
    permissions = ("Administration: write",)
    point_of_no_return = "A runner that was removed has to be registered anew, on its machine."
    below, envelope, noun = "actions/runners", "runners", "self-hosted runner"
    breaks = "Jobs that ask for its labels wait for another runner."

    def described(self, found: Mapping[str, Any]) -> str:
        return f"{found['name']}, {found['status']}"


class CancelWorkflowRun(Irreversible[Numbered, Nothing]):
    name = "github.cancel_workflow_run"
    permissions = ("Actions: write",)
    settle = 120.0  # a step is given time to end by itself
    point_of_no_return = "A run that was cancelled does not go on; it would have to be asked for anew."

    def plan(self, call: Call, given: Numbered) -> Plan:
        run = _ask(call, "GET", _run(given))
        given.refuse_known(given.number, run["html_url"])
        if run["status"] == "completed":
            return Plan(f"Nothing: run {given.number} of {given.repository} is over ({run['conclusion']})")
        return Plan(
            f"Cancel run {given.number} of {run['path']} in {given.repository}, "
            f"asked for by {run['actor']['login']}",
            breaks="What it was doing stays half done.",
        )

    @answered
    def probe(self, call: Call, given: Numbered) -> Probe[Nothing]:
        run = _ask(call, "GET", _run(given))
        if run["status"] != "completed":
            return NotDone(f"Run {given.number} is {run['status']}.")
        return Done(Nothing(), f"GET {_run(given)}: it is over, {run['conclusion']}")

    def apply(self, call: Call, given: Numbered) -> Nothing:
        run = _ask(call, "GET", _run(given))
        given.refuse_known(given.number, run["html_url"])
        try:
            _ask(call, "POST", f"{_run(given)}/cancel")
        except ConflictError:  # it is over by now, or being cancelled
            call.progress("GitHub says that there is nothing to cancel.")
        return Nothing()


class LeakAlert(Input):
    """The alert, and the identifier and the secret of what was proven dead."""

    repository: str
    number: str = Field(pattern=r"^[0-9]+$")
    identifier: str
    secret: Secret | None = None


class ResolveAlert(Reversible[LeakAlert, Nothing]):
    """A secret-scanning alert, as revoked: only when the value that it shows is dead is that true."""

    name = "github.resolve_alert"
    permissions = ("Secret scanning alerts: write",)

    def plan(self, call: Call, given: LeakAlert) -> Plan:
        alert = _alert_about(call, given)
        kind = alert["secret_type_display_name"]
        return Plan(f"Resolve secret-scanning alert {given.number} of {given.repository} ({kind}) as revoked")

    @answered
    def probe(self, call: Call, given: LeakAlert) -> Probe[Nothing]:
        alert = _alert(call, given)
        if (alert["state"], alert["resolution"]) == ("resolved", REVOKED):
            return Done(Nothing(), f"GET {_alert_path(given)}: resolved as revoked")
        seen: dict[str, Json] = {"state": alert["state"], "resolution": alert["resolution"]}
        return NotDone(f"Alert {given.number} is {alert['resolution'] or alert['state']}.", seen)

    def apply(self, call: Call, given: LeakAlert) -> Nothing:
        """Raises: RefusedError: it shows something else than what is dead."""
        _alert_about(call, given)
        _ask(call, "PATCH", _alert_path(given), {"state": "resolved", "resolution": REVOKED})
        return Nothing()

    def undo(self, call: Call, given: LeakAlert, output: Nothing) -> None:  # noqa: ARG002
        was: dict[str, Json] = {"state": call.seen.get("state", "open")}
        if was["state"] == "resolved":
            was["resolution"] = call.seen.get("resolution")
        _ask(call, "PATCH", _alert_path(given), was)


def _run(given: Numbered) -> str:
    return f"/repos/{given.repository}/actions/runs/{given.number}"


def _alert_path(given: LeakAlert) -> str:
    return f"/repos/{given.repository}/secret-scanning/alerts/{given.number}"


def _alert(call: Call, given: LeakAlert) -> Any:  # noqa: ANN401  # GitHub's JSON
    return _ask(call, "GET", f"{_alert_path(given)}?hide_secret=true")


def _alert_about(call: Call, given: LeakAlert) -> Any:  # noqa: ANN401  # GitHub's JSON
    """The alert, whose value is looked at here and kept nowhere."""
    alert = _ask(call, "GET", _alert_path(given))
    shown = str(alert.get("secret") or "")
    if given.identifier in shown or (given.secret is not None and given.secret.reveal() in shown):
        return alert
    raise RefusedError(
        f"Alert {given.number} of {given.repository} shows another value than {given.identifier}'s, or none.",
        next_step="Look at it, and resolve it by hand when what it shows is dead: "
        f"https://github.com/{given.repository}/security/secret-scanning/{given.number}",
    )


def _ask(call: Call, verb: str, path: str, sent: dict[str, Json] | None = None) -> Any:  # noqa: ANN401
    def ask(github: "Github") -> Any:  # noqa: ANN401  # GitHub's JSON
        return github.requester.requestJsonAndCheck(verb, path, input=sent)[1]

    return call.connections.get(GithubConnection).ask(f"{verb} {path.partition('?')[0]}", ask)


ACTIONS: tuple[AnyAction, ...] = (
    RemoveDeployKey(),
    RemoveWebhook(),
    WithdrawInvitation(),
    RemoveRunner(),
    CancelWorkflowRun(),
    ResolveAlert(),
)
