"""Freeze, delete and create service users: each has exactly one token, and lives and dies with it."""

import asyncio
from collections.abc import Mapping
from typing import TYPE_CHECKING

from responder.action import (
    Call,
    Done,
    Input,
    Irreversible,
    Json,
    NotDone,
    Nothing,
    Output,
    Plan,
    Probe,
    Reversible,
    Unknown,
    answered,
)
from responder.errors import ConflictError, ProviderError, RefusedError
from responder.exposure import successor
from responder.providers.modal import workspace
from responder.providers.modal.apps import deployed_by
from responder.providers.modal.connection import ModalConnection
from responder.providers.modal.proof import proven_dead, tried
from responder.secret import Secret

if TYPE_CHECKING:
    from modal.types import ServiceUserInfo


class FreezeInput(Input):
    name: str
    token_id: str  # what leaked: a user of that name with another token is somebody else


class Frozen(Output):
    roles: dict[str, str]  # environment -> role, as before


class FreezeServiceUser(Reversible[FreezeInput, Frozen]):
    """Within one call the token may do nothing any more; what it was allowed can be given back."""

    name = "modal.freeze_service_user"
    permissions = (workspace.MANAGER,)

    def plan(self, call: Call, given: FreezeInput) -> Plan:
        connection = call.connections.get(ModalConnection)
        workspace.refuse_own(connection, given.token_id)
        user, gone = _meant(connection, given)
        if user is None:
            return Plan(f"Nothing: {gone}")
        roles = workspace.open_roles(user)
        where = ", ".join(f"{role} in {name}" for name, role in roles.items()) or "no role left to take"
        return Plan(
            f"Set every role of service user {given.name} to no-access ({where})",
            breaks=f"Whatever uses {user.token_id} may do nothing in these environments." if roles else "",
        )

    @answered
    def probe(self, call: Call, given: FreezeInput) -> Probe[Frozen]:
        user, gone = _meant(call.connections.get(ModalConnection), given)
        before = _roles_in(call.seen)
        if user is None:
            return Done(Frozen(roles=before), f"ServiceUserInfo: {gone}")
        if still := workspace.open_roles(user):
            seen: dict[str, Json] = {"roles": dict(still)}
            return NotDone(f"{given.name} still has roles in {', '.join(still)}.", seen)
        return Done(Frozen(roles=before), f"ServiceUserInfo: {given.name} has no-access in every environment")

    @answered
    def reconcile(self, call: Call, given: FreezeInput) -> Probe[Frozen]:
        """Of a freeze that was cut short, only the intent knows every role as it was: finish that one."""
        found = self.probe(call, given)
        if isinstance(found, NotDone) and _roles_in(call.seen).keys() - _roles_in(found.seen).keys():
            self.apply(call, given)
            return self.probe(call, given)
        return found

    def apply(self, call: Call, given: FreezeInput) -> Frozen:
        """Modal sets roles by name, as that is all that it offers: only while the name has that token.

        Raises:
            RefusedError: it is the operator's own token.
        """
        connection = call.connections.get(ModalConnection)
        workspace.refuse_own(connection, given.token_id)
        user, _ = _meant(connection, given)
        if user is not None:
            frozen = dict.fromkeys(workspace.open_roles(user), workspace.NO_ACCESS)
            _set_roles(connection, given.name, frozen)
        return Frozen(roles=_roles_in(call.seen))

    def undo(self, call: Call, given: FreezeInput, output: Frozen) -> None:  # noqa: ARG002  # seen has them
        """Raises `RefusedError` while that name has another token: it is not theirs to be given."""
        connection = call.connections.get(ModalConnection)
        user, gone = _meant(connection, given)
        if user is None:
            raise RefusedError(f"Nothing can be given back: {gone}.", state="It was left as it is.")
        _set_roles(connection, given.name, _roles_in(call.seen))

    def lost(self, call: Call, given: FreezeInput) -> str:
        user, gone = _meant(call.connections.get(ModalConnection), given)
        return "" if user else f"ServiceUserInfo: {gone}"


class DeleteInput(Input):
    name: str
    token_id: str
    token_secret: Secret | None = None


class DeleteServiceUser(Irreversible[DeleteInput, Nothing]):
    name = "modal.delete_service_user"
    permissions = (workspace.MANAGER,)
    point_of_no_return = (
        "A deleted service user's token never works again; only a new user can take its place."
    )

    def plan(self, call: Call, given: DeleteInput) -> Plan:
        connection = call.connections.get(ModalConnection)
        workspace.refuse_own(connection, given.token_id)
        user = workspace.service_user(connection, given.name)
        try:
            apps = [
                f"{app} in {where}"
                for where in sorted(user.environment_roles if user else ())
                for app in deployed_by(call.connections, where, given.name)
            ]
            left = f"Apps it deployed go on running: {', '.join(apps)}." if apps else ""
        except ProviderError as error:
            left = f"Which apps it deployed, that go on running, could not be read: {error.what}"
        return Plan(
            f"Delete service user {given.name} and with it token {given.token_id}",
            breaks=f"Whatever uses {given.token_id} is refused from then on. {left}".strip(),
        )

    @answered
    def probe(self, call: Call, given: DeleteInput) -> Probe[Nothing]:
        user = workspace.service_user_of(call.connections.get(ModalConnection), given.token_id)
        if user is not None:
            return NotDone(f"Token {given.token_id} belongs to service user {user.name}.")
        gone = f"ServiceUserList: no service user has {given.token_id}"
        return proven_dead(call.connections, given.token_id, given.token_secret, gone)

    def apply(self, call: Call, given: DeleteInput) -> Nothing:
        """Deletes by name, as that is all that Modal offers: only while the name has that token.

        Raises:
            RefusedError: the name has another token by now, or it is the operator's own.
        """
        connection = call.connections.get(ModalConnection)
        workspace.refuse_own(connection, given.token_id)
        _delete_if(connection, given.name, given.token_id)
        return Nothing()


class CreateInput(Input):
    base: str
    roles: dict[str, str]


class Created(Output):
    identifier: str  # of its token
    secret: Secret
    name: str


class CreateServiceUser(Reversible[CreateInput, Created]):
    """A successor of `base`, with a token whose secret is shown this once."""

    name = "modal.create_service_user"
    permissions = (workspace.MANAGER,)

    def plan(self, call: Call, given: CreateInput) -> Plan:
        name = successor(given.base, call.run)
        roles = ", ".join(f"{role} in {where}" for where, role in given.roles.items()) or "no role"
        return Plan(f"Create service user {name} with {roles}")

    @answered
    def probe(self, call: Call, given: CreateInput) -> Probe[Created]:
        name = successor(given.base, call.run)
        if workspace.service_user(call.connections.get(ModalConnection), name) is None:
            return NotDone(f"There is no service user {name}.")
        return Unknown(f"Service user {name} is there; whether its secret is kept, Modal cannot say.")

    @answered
    def before(self, call: Call, given: CreateInput) -> Probe[Created]:
        """Never done: the secret of one that is there already cannot be had; `apply` makes it anew."""
        name = successor(given.base, call.run)
        there = workspace.service_user(call.connections.get(ModalConnection), name)
        return NotDone(f"There is {'a' if there else 'no'} service user {name}.")

    @answered
    def reconcile(self, call: Call, given: CreateInput) -> Probe[Created]:
        """The name has the run's own suffix: a user of that name is ours, and nobody holds its secret."""
        name = successor(given.base, call.run)
        connection = call.connections.get(ModalConnection)
        if workspace.service_user(connection, name) is None:
            return NotDone(f"There is no service user {name}.")
        _delete(connection, name)
        return NotDone(f"Service user {name} was there, its secret lost with the reply: deleted.")

    def apply(self, call: Call, given: CreateInput) -> Created:
        name = successor(given.base, call.run)
        connection = call.connections.get(ModalConnection)
        create = connection.workspace.service_users.create.aio
        try:
            token = connection.run("ServiceUserCreate", lambda: create(name, expires_in=None))
        except ConflictError:
            # A reply that was lost inside modal's own retries, and the secret with it.
            _delete(connection, name)
            token = connection.run("ServiceUserCreate", lambda: create(name, expires_in=None))
        created = Created(identifier=token.token_id, secret=Secret(token.token_secret), name=name)
        _set_roles(connection, name, given.roles)
        return created

    @answered
    def verify(self, call: Call, given: CreateInput, output: Created) -> Probe[Created]:
        user = workspace.service_user(call.connections.get(ModalConnection), output.name)
        if user is None or user.token_id != output.identifier:
            return NotDone(f"Service user {output.name} does not have {output.identifier} (yet).")
        asked = {name: role for name, role in given.roles.items() if role != workspace.NO_ACCESS}
        roles = workspace.open_roles(user)
        if roles != asked:
            return NotDone(f"{output.name} has the roles {roles}, not yet {asked}.")
        trial = tried(call.connections, output.identifier, output.secret)
        match trial.life:
            case "live":
                return Done(output, f"{trial.evidence}; ServiceUserInfo: roles {roles}")
            case "dead":
                return NotDone(trial.evidence)
            case "unknown":
                return Unknown(trial.evidence)

    def undo(self, call: Call, given: CreateInput, output: Created) -> None:  # noqa: ARG002
        connection = call.connections.get(ModalConnection)
        workspace.refuse_own(connection, output.identifier)
        _delete_if(connection, output.name, output.identifier)


def _meant(connection: ModalConnection, given: FreezeInput) -> "tuple[ServiceUserInfo | None, str]":
    """The service user while it has that token; otherwise None, and what is there in its place."""
    user = workspace.service_user(connection, given.name)
    if user is None:
        return None, f"there is no service user {given.name}"
    if user.token_id != given.token_id:
        return None, f"service user {given.name} now has token {user.token_id}, not {given.token_id}"
    return user, ""


def _delete_if(connection: ModalConnection, name: str, token_id: str) -> None:
    user = workspace.service_user(connection, name)
    if user is None:
        return
    if user.token_id != token_id:
        raise RefusedError(
            f"Service user {name} now has token {user.token_id}, not {token_id}.",
            state="It was left as it is.",
            next_step="`modal workspace service-users list` shows which user has which token.",
        )
    _delete(connection, name)


def _delete(connection: ModalConnection, name: str) -> None:
    delete = connection.workspace.service_users.delete.aio
    connection.run("ServiceUserDelete", lambda: delete(name, allow_missing=True))


def _set_roles(connection: ModalConnection, name: str, roles: Mapping[str, str]) -> None:
    set_role = connection.workspace.service_users.set_role.aio

    async def everywhere() -> None:
        await asyncio.gather(*(set_role(name, where, role=role) for where, role in roles.items()))

    connection.run("EnvironmentRoleSet", everywhere)


def _roles_in(seen: Mapping[str, Json]) -> dict[str, str]:
    roles = seen.get("roles")
    return {name: str(role) for name, role in roles.items()} if isinstance(roles, dict) else {}


ACTIONS = (FreezeServiceUser(), DeleteServiceUser(), CreateServiceUser())
