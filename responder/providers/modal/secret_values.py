"""Put fresh values into a Modal Secret, and leave its other keys alone."""

from typing import TYPE_CHECKING, Any

from responder.action import (
    Call,
    Done,
    Input,
    Irreversible,
    Json,
    NotDone,
    Nothing,
    Plan,
    Probe,
    Unknown,
    answered,
)
from responder.errors import NotFoundError
from responder.providers.modal.apps import CONTRIBUTOR
from responder.providers.modal.connection import ModalConnection
from responder.providers.modal.environments import Made
from responder.secret import Secret

if TYPE_CHECKING:
    import modal


class UpdateInput(Input):
    environment: str
    secret: str
    values: dict[str, Secret | str]  # by key; what is no secret may be plain


class UpdateSecret(Irreversible[UpdateInput, Nothing]):
    """By `Secret.update`, which merges: one made anew could lose its id, by which functions refer to it."""

    name = "modal.update_secret"
    permissions = (CONTRIBUTOR,)
    point_of_no_return = (
        "Modal gives no value of a Secret back, so the old ones cannot be restored from there."
    )

    def plan(self, call: Call, given: UpdateInput) -> Plan:
        there = _there(call, given)
        if there is None:
            names = ", ".join(given.values)
            return Plan(f"Set {names} in Secret {given.secret} of {given.environment}, once it is there")
        keys = sorted(there.metadata.keys)
        fresh = [key for key in given.values if key not in keys]
        untouched = [key for key in keys if key not in given.values]
        return Plan(
            f"Set {', '.join(given.values)} in Secret {given.secret} of {given.environment}"
            + (f", of which {', '.join(fresh)} is new there" if fresh else "")
            + (f"; {', '.join(untouched)} stay as they are" if untouched else "")
        )

    @answered
    def probe(self, call: Call, given: UpdateInput) -> Probe[Nothing]:
        """Never done by itself, as no value can be read; to write the same again is harmless."""
        try:
            keys: list[Json] = list(
                keys_of(call.connections.get(ModalConnection), given.environment, given.secret)
            )
        except NotFoundError:
            return Unknown(f"There is no Secret {given.secret} in {given.environment}.")
        return NotDone("Which values it holds, Modal does not tell.", {"keys": keys})

    def apply(self, call: Call, given: UpdateInput) -> Nothing:
        connection = call.connections.get(ModalConnection)
        secret = _secret(connection, given)

        async def update() -> None:
            # Revealed here, within the call that sends them.
            await secret.update.aio(
                {key: v.reveal() if isinstance(v, Secret) else v for key, v in given.values.items()}
            )

        connection.run("SecretUpdate", update)
        return Nothing()

    @answered
    def verify(self, call: Call, given: UpdateInput, output: Nothing) -> Probe[Nothing]:
        keys = keys_of(call.connections.get(ModalConnection), given.environment, given.secret)
        missing = [key for key in given.values if key not in keys]
        if missing:
            return NotDone(
                f"{', '.join(missing)} is not yet in Secret {given.secret} of {given.environment}."
            )
        # SecretMetadata of modal 1.6.4 has no time of the last update, and no RPC returns a value.
        return Done(
            output,
            f"SecretUpdate was accepted, and SecretGetOrCreate lists {', '.join(given.values)}; the values "
            "cannot be read back: that they arrived is for the workload to prove",
        )


class CreateSecret(Irreversible[UpdateInput, Made]):
    """A Secret that is not there yet; of one that is, only keys that it lacks are added."""

    name = "modal.create_secret"
    permissions = (CONTRIBUTOR,)
    point_of_no_return = "A Secret is deleted by hand: what is deployed may already refer to it."

    def plan(self, call: Call, given: UpdateInput) -> Plan:
        where = f"Secret {given.secret} of {given.environment}"
        there = _there(call, given)
        if there is None:
            return Plan(f"Create {where} with {', '.join(given.values)}")
        lacking = [key for key in given.values if key not in there.metadata.keys]
        return Plan(f"Add {', '.join(lacking)} to {where}" if lacking else f"Nothing: {where} has all keys")

    @answered
    def probe(self, call: Call, given: UpdateInput) -> Probe[Made]:
        there = _there(call, given)
        where = f"Secret {given.secret} of {given.environment}"
        if there is None:
            return NotDone(f"There is no {where}.")
        if lacking := [key for key in given.values if key not in there.metadata.keys]:
            return NotDone(f"{where} has no {', '.join(lacking)}.", {"was": str(there.secret_id)})
        ours = Made() if call.seen.get("was") == there.secret_id else Made(identifier=there.secret_id)
        return Done(ours, f"SecretGetOrCreate lists {', '.join(given.values)} in {where}")

    def apply(self, call: Call, given: UpdateInput) -> Made:
        import modal  # noqa: PLC0415

        connection = call.connections.get(ModalConnection)
        there = _there(call, given)
        keys = there.metadata.keys if there is not None else ()
        lacking = {key: value for key, value in given.values.items() if key not in keys}
        secret = _secret(connection, given)

        async def put() -> None:
            values = {key: v.reveal() if isinstance(v, Secret) else v for key, v in lacking.items()}
            if there is not None:
                await secret.update.aio(values)
                return
            await modal.Secret.objects.create.aio(
                given.secret, values, environment_name=given.environment, client=connection.client
            )

        if lacking:
            connection.run("SecretGetOrCreate", put)
        return Made()


def _there(call: Call, given: UpdateInput) -> Any:  # noqa: ANN401  # a SecretGetOrCreateResponse
    """None where there is no such Secret, or no such environment yet."""
    try:
        return _asked(call.connections.get(ModalConnection), given.environment, given.secret)
    except NotFoundError:
        return None


def _secret(connection: ModalConnection, given: UpdateInput) -> "modal.Secret":
    import modal  # noqa: PLC0415

    return modal.Secret.from_name(given.secret, environment_name=given.environment, client=connection.client)


def keys_of(connection: ModalConnection, environment: str, secret: str) -> list[str]:
    """Sorted names of the Secret's keys.

    Raises:
        NotFoundError: there is no such Secret.
    """
    return sorted(str(key) for key in _asked(connection, environment, secret).metadata.keys)


def _asked(connection: ModalConnection, environment: str, secret: str) -> Any:  # noqa: ANN401  # as above
    from modal_proto import api_pb2  # noqa: PLC0415

    request = api_pb2.SecretGetOrCreateRequest(deployment_name=secret, environment_name=environment)
    return connection.run("SecretGetOrCreate", lambda: connection.rpc("SecretGetOrCreate", request))


ACTIONS = (UpdateSecret(), CreateSecret())
