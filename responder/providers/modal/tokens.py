"""Disable, delete and prove tokens that are not a service user's."""

from contextlib import suppress

from responder.action import (
    Call,
    Check,
    Done,
    Input,
    Irreversible,
    NotDone,
    Nothing,
    Plan,
    Probe,
    Reversible,
    Unknown,
    answered,
)
from responder.errors import NotFoundError
from responder.providers.modal import workspace
from responder.providers.modal.connection import ModalConnection
from responder.providers.modal.proof import proven_dead, tried
from responder.secret import Secret


class MemberTokenInput(Input):
    token_id: str
    token_secret: Secret | None = None


class DisableMemberToken(Reversible[MemberTokenInput, Nothing]):
    name = "modal.disable_member_token"
    permissions = (workspace.MANAGER,)

    def plan(self, call: Call, given: MemberTokenInput) -> Plan:
        connection = call.connections.get(ModalConnection)
        workspace.refuse_own(connection, given.token_id)
        token = workspace.member_token(connection, given.token_id)
        if token is None:
            return Plan(f"Nothing: no member token {given.token_id} is to be seen")
        return Plan(
            f"Disable member token {given.token_id} of {token.username}",
            breaks=f"Whatever {token.username} runs with it is refused until it is enabled again.",
        )

    @answered
    def probe(self, call: Call, given: MemberTokenInput) -> Probe[Nothing]:
        connection = call.connections.get(ModalConnection)
        token = workspace.member_token(connection, given.token_id)
        if token is not None and not token.disabled:
            return NotDone(f"Member token {given.token_id} is enabled.")
        listed = f"TokensList: {given.token_id} is {'disabled' if token else 'not there'}"
        if token is None and given.token_secret is None and not workspace.sees_every_token(connection):
            return Unknown(f"{listed}, and others' tokens are shown only to owners and managers.")
        return proven_dead(call.connections, given.token_id, given.token_secret, listed)

    def apply(self, call: Call, given: MemberTokenInput) -> Nothing:
        """Disable that one token.

        Raises:
            RefusedError: it is the operator's own token.
        """
        connection = call.connections.get(ModalConnection)
        workspace.refuse_own(connection, given.token_id)
        disable = connection.workspace.member_tokens.disable.aio
        with suppress(NotFoundError):  # gone since it was looked for, which is as good
            connection.run("TokenDisable", lambda: disable(given.token_id))
        return Nothing()

    def undo(self, call: Call, given: MemberTokenInput, output: Nothing) -> None:  # noqa: ARG002
        connection = call.connections.get(ModalConnection)
        enable = connection.workspace.member_tokens.enable.aio
        connection.run("TokenEnable", lambda: enable(given.token_id))

    def lost(self, call: Call, given: MemberTokenInput) -> str:
        connection = call.connections.get(ModalConnection)
        there = workspace.member_token(connection, given.token_id)
        # One that is only out of sight may be there.
        gone = there is None and workspace.sees_every_token(connection)
        return f"TokensList: {given.token_id} is not there any more" if gone else ""


class DeleteMemberToken(Irreversible[MemberTokenInput, Nothing]):
    """After it was disabled: what is deleted cannot be enabled again by mistake."""

    name = "modal.delete_member_token"
    permissions = (workspace.MANAGER,)
    point_of_no_return = "A deleted token never works again; its owner gets a new one with `modal token new`."

    def plan(self, call: Call, given: MemberTokenInput) -> Plan:
        connection = call.connections.get(ModalConnection)
        workspace.refuse_own(connection, given.token_id)
        token = workspace.member_token(connection, given.token_id)
        if token is None:
            return Plan(f"Nothing: no member token {given.token_id} is to be seen")
        return Plan(f"Delete member token {given.token_id} of {token.username}")

    @answered
    def probe(self, call: Call, given: MemberTokenInput) -> Probe[Nothing]:
        connection = call.connections.get(ModalConnection)
        if workspace.member_token(connection, given.token_id) is not None:
            return NotDone(f"Member token {given.token_id} is there.")
        listed = f"TokensList: {given.token_id} is not there"
        if given.token_secret is None and not workspace.sees_every_token(connection):
            return Unknown(f"{listed}, and others' tokens are shown only to owners and managers.")
        return proven_dead(call.connections, given.token_id, given.token_secret, listed)

    def apply(self, call: Call, given: MemberTokenInput) -> Nothing:
        """Delete that one token.

        Raises:
            RefusedError: it is the operator's own token.
        """
        connection = call.connections.get(ModalConnection)
        workspace.refuse_own(connection, given.token_id)
        delete = connection.workspace.member_tokens.delete.aio
        connection.run("TokenDelete", lambda: delete(given.token_id, allow_missing=True))
        return Nothing()


class ProxyTokenInput(Input):
    token_id: str


class DeleteProxyToken(Irreversible[ProxyTokenInput, Nothing]):
    """A proxy token opens web endpoints only, so its death is shown by its absence."""

    name = "modal.delete_proxy_token"
    permissions = (workspace.MANAGER,)
    point_of_no_return = "A deleted proxy token cannot be restored; callers need a new one."

    def plan(self, call: Call, given: ProxyTokenInput) -> Plan:
        token = workspace.proxy_token(call.connections.get(ModalConnection), given.token_id)
        if token is None:
            return Plan(f"Nothing: there is no proxy token {given.token_id}")
        named = f" ({token.name})" if token.name else ""
        return Plan(
            f"Delete proxy token {given.token_id}{named}",
            breaks="Callers of web endpoints that send it are refused from then on.",
        )

    @answered
    def probe(self, call: Call, given: ProxyTokenInput) -> Probe[Nothing]:
        if workspace.proxy_token(call.connections.get(ModalConnection), given.token_id):
            return NotDone(f"Proxy token {given.token_id} is there.")
        return Done(Nothing(), f"WebhookTokenList: {given.token_id} is not there")

    def apply(self, call: Call, given: ProxyTokenInput) -> Nothing:
        connection = call.connections.get(ModalConnection)
        delete = connection.workspace.proxy_tokens.delete.aio
        with suppress(NotFoundError):  # gone since it was looked for
            connection.run("WebhookTokenDelete", lambda: delete(given.token_id))
        return Nothing()


class ProveInput(Input):
    token_id: str
    token_secret: Secret


class ProveToken(Check[ProveInput, Nothing]):
    name = "modal.prove_token"
    permissions = ("any live token of the workspace",)

    def plan(self, call: Call, given: ProveInput) -> Plan:  # noqa: ARG002
        return Plan(f"Say hello to Modal as {given.token_id}, and see it answered")

    @answered
    def probe(self, call: Call, given: ProveInput) -> Probe[Nothing]:
        trial = tried(call.connections, given.token_id, given.token_secret)
        match trial.life:
            case "live":
                return Done(Nothing(), trial.evidence)
            case "dead":
                return NotDone(trial.evidence)
            case "unknown":
                return Unknown(trial.evidence)


ACTIONS = (DisableMemberToken(), DeleteMemberToken(), DeleteProxyToken(), ProveToken())
