"""What a member of the workspace may do in its restricted environments."""

from responder.action import Call, Done, Input, NotDone, Nothing, Plan, Probe, Reversible, answered
from responder.errors import RefusedError
from responder.providers.modal import workspace
from responder.providers.modal.connection import ModalConnection


class MemberInput(Input):
    environment: str
    member: str


class TakeMemberRole(Reversible[MemberInput, Nothing]):
    """Modal gives members roles in restricted environments alone: elsewhere the workspace decides."""

    name = "modal.take_member_role"
    permissions = (workspace.MANAGER,)

    def plan(self, call: Call, given: MemberInput) -> Plan:
        role = _role(call, given)
        if role in (None, workspace.NO_ACCESS):
            return Plan(f"Nothing: {given.member} may do nothing in {given.environment}")
        _refuse_self(call, given.member)
        return Plan(
            f"Take from {given.member} the role {role} in {given.environment}",
            breaks=f"{given.member} may not even look at {given.environment}.",
        )

    @answered
    def probe(self, call: Call, given: MemberInput) -> Probe[Nothing]:
        role = _role(call, given)
        if role is None:
            return Done(Nothing(), f"EnvironmentGetRoles: {given.member} is no member")
        if role != workspace.NO_ACCESS:
            return NotDone(f"{given.member} is {role} in {given.environment}.", {"role": role})
        return Done(Nothing(), f"EnvironmentGetRoles: {given.member} has {role} in {given.environment}")

    @answered
    def reconcile(self, call: Call, given: MemberInput) -> Probe[Nothing]:
        return self.probe(call, given)

    def apply(self, call: Call, given: MemberInput) -> Nothing:
        """Take it.

        Raises:
            RefusedError: it is the operator's own.
        """
        _refuse_self(call, given.member)
        _set(call, given, workspace.NO_ACCESS)
        return Nothing()

    def undo(self, call: Call, given: MemberInput, output: Nothing) -> None:  # noqa: ARG002  # seen has it
        role = call.seen.get("role")
        if isinstance(role, str):
            _set(call, given, role)


def _refuse_self(call: Call, member: str) -> None:
    connection = call.connections.get(ModalConnection)
    info = connection.run("TokenInfoGet", lambda: workspace.token_info(connection))
    if workspace.principal(info) == member:
        raise RefusedError(
            f"{member} is who this session works as: without the role nothing more could be done.",
            next_step="Have another manager of the workspace type the same command.",
        )


def _role(call: Call, given: MemberInput) -> str | None:
    import modal  # noqa: PLC0415

    connection = call.connections.get(ModalConnection)

    async def ask() -> str | None:
        environment = modal.Environment.from_name(given.environment, client=connection.client)
        roles = await environment.roles.list.aio()
        return roles["users"].get(given.member)

    return connection.run("EnvironmentGetRoles", ask)


def _set(call: Call, given: MemberInput, role: str) -> None:
    import modal  # noqa: PLC0415

    connection = call.connections.get(ModalConnection)

    async def put() -> None:
        environment = modal.Environment.from_name(given.environment, client=connection.client)
        await environment.roles.update.aio(users={given.member: role})

    connection.run("EnvironmentRoleSet", put)


ACTIONS = (TakeMemberRole(),)
