"""Leaked GitHub tokens, revoked by showing them to GitHub."""

from dataclasses import replace
from typing import TYPE_CHECKING

from responder.action import (
    AnyAction,
    Call,
    Connections,
    Done,
    Input,
    Irreversible,
    NotDone,
    Nothing,
    Plan,
    Probe,
    Unknown,
)
from responder.errors import RefusedError, RejectedError
from responder.providers.github.answers import known
from responder.providers.github.connection import GithubServer
from responder.providers.github.identify import INSTALLATION, Standing, is_ours, standing_of
from responder.secret import Secret

if TYPE_CHECKING:
    from github import Github

# https://docs.github.com/rest/credentials/revoke
REVOCABLE = ("ghp_", "github_pat_", "gho_", "ghu_", "ghr_")


class LeakedToken(Input):
    token: Secret


class RevokeToken(Irreversible[LeakedToken, Nothing]):
    """Sent without authentication: GitHub takes a leaked token from anybody, and tells its owner by mail.

    An installation's token is revoked as itself; it has an hour to live at most.

    So it is sent also where nobody can tell whether it lives: for want of a control identity, say.
    """

    settle = 60.0  # GitHub answers 202 and does it afterwards

    name = "github.revoke_token"
    permissions = ("Metadata: read",)  # every token has it: the control identity needs no more
    point_of_no_return = "GitHub has no way to make a revoked token live again; its owner makes another."

    def plan(self, call: Call, given: LeakedToken) -> Plan:
        _refuse(call.connections, given.token)
        standing = standing_of(call.connections, given.token)
        whose = f" of {standing.login}" if standing.login else ""
        return Plan(
            f"Revoke the GitHub token {given.token.fingerprint}{whose} for good.",
            breaks=f"Whatever uses that token{whose} is refused by GitHub.",
        )

    def probe(self, call: Call, given: LeakedToken) -> Probe[Nothing]:
        def look() -> Probe[Nothing]:
            standing = _standing(call, given)
            if standing.life == "dead":
                return Done(Nothing(), standing.why)
            return NotDone(standing.why) if standing.life == "live" else Unknown(standing.why)

        return known(look)

    def before(self, call: Call, given: LeakedToken) -> Probe[Nothing]:
        """Not done unless it is known to be dead, or GitHub is out of reach."""

        def look() -> Probe[Nothing]:
            standing = _standing(call, given)
            if standing.life == "dead":
                return Done(Nothing(), standing.why)
            lived = standing.life == "live" or call.seen.get("lived") is True
            return NotDone(standing.why, {"lived": lived})

        return known(look)

    def reconcile(self, call: Call, given: LeakedToken) -> Probe[Nothing]:
        """To show GitHub the same token twice does no harm."""
        return self.before(call, given)

    def apply(self, call: Call, given: LeakedToken) -> Nothing:
        _refuse(call.connections, given.token)
        server = call.connections.get(GithubServer)
        if given.token.reveal().startswith(INSTALLATION):
            server.ask_as(given.token, "DELETE /installation/token", _revoke_itself)
            return Nothing()
        server.ask_as(None, "POST /credentials/revoke", lambda github: _revoke(github, given.token))
        return Nothing()

    def verify(self, call: Call, given: LeakedToken, output: Nothing) -> Probe[Nothing]:  # noqa: ARG002
        found = self.probe(call, given)
        if isinstance(found, Unknown):
            why = f"GitHub accepted it to be revoked (202); that it is dead could not be tried. {found.why}"
            return replace(found, why=why)
        return found


def _standing(call: Call, given: LeakedToken) -> Standing:
    """Raises `ProviderError` where GitHub did not say, and may when it is asked again."""
    standing = standing_of(call.connections, given.token, lived_here=call.seen.get("lived") is True)
    if standing.error:
        raise standing.error
    return standing


def _revoke(github: "Github", token: Secret) -> None:
    github.requester.requestJsonAndCheck(
        "POST", "/credentials/revoke", input={"credentials": [token.reveal()]}
    )


def _revoke_itself(github: "Github") -> None:
    # https://docs.github.com/rest/apps/installations#revoke-an-installation-access-token
    github.requester.requestJsonAndCheck("DELETE", "/installation/token")


def _refuse(connections: Connections, token: Secret) -> None:
    """Before anything is sent: what would lock us out, and what GitHub would not take."""
    if is_ours(connections, token):
        raise RefusedError(
            "This is the token in GITHUB_TOKEN: revoking it would lock this command out.",
            next_step="Set GITHUB_TOKEN to another token, then `respond resume`.",
        )
    if not token.reveal().startswith((*REVOCABLE, INSTALLATION)):
        raise RejectedError(
            "github",
            "POST /credentials/revoke",
            f"GitHub revokes tokens that begin with {', '.join(REVOCABLE)}; this one does not.",
            next_step="Revoke it by hand, where it was made.",
        )


ACTIONS: tuple[AnyAction, ...] = (RevokeToken(),)
