"""`doors.shut`: what containment is, in small. `doors.brick`: for good. `doors.cut_key`: as rotations do."""

from fakes.world import World
from responder.action import (
    Call,
    Done,
    Input,
    Irreversible,
    NotDone,
    Nothing,
    Output,
    Plan,
    Probe,
    Reversible,
    Unknown,
)
from responder.errors import NotFoundError, ProviderError
from responder.secret import Secret

OPEN, SHUT, BRICKED = "open", "shut", "bricked"


class DoorInput(Input):
    door: str
    secret: Secret | None = None  # to try the door with


class TokenInput(Input):
    door: str
    secret: Secret  # nothing can be done without


class Key(Output):
    identifier: str
    secret: Secret


def _world(call: Call) -> World:
    return call.connections.get(World)


def _state(world: World, door: str) -> str:
    return world.things[door]["state"] if door in world.things else ""


def _look(call: Call, given: DoorInput | TokenInput, wanted: tuple[str, ...]) -> Probe[Nothing]:
    world = _world(call)
    try:
        world.ask("probe", given.door)
    except ProviderError as error:
        return Unknown(error.what)
    state = _state(world, given.door)
    tried = "tried" if given.secret else "no secret to try it with"
    if state in wanted:
        return Done(Nothing(), f"{given.door} is {state}; {tried}")
    return NotDone(f"{given.door} is {state}", {"state": state})


def _set(call: Call, operation: str, door: str, state: str) -> None:
    world = _world(call)
    world.ask(operation, door)
    if door not in world.things:
        raise NotFoundError("doors", operation, f"there is no {door}")
    if world.things[door]["state"] != state:
        world.made[f"{operation} {door}"] += 1
    world.things[door]["state"] = state
    world.ask(f"{operation}-done", door)


class Shut(Reversible[DoorInput, Nothing]):
    """`undo` leaves the door as the intent saw it."""

    name = "doors.shut"
    permissions = ()
    deadline = 60.0
    settle = 0.0

    def plan(self, call: Call, given: DoorInput) -> Plan:  # noqa: ARG002
        return Plan(f"Shut {given.door}")

    def probe(self, call: Call, given: DoorInput) -> Probe[Nothing]:
        return _look(call, given, (SHUT, BRICKED, ""))

    def apply(self, call: Call, given: DoorInput) -> Nothing:
        _set(call, "shut", given.door, SHUT)
        return Nothing()

    def undo(self, call: Call, given: DoorInput, output: Nothing) -> None:  # noqa: ARG002
        _set(call, "undo", given.door, str(call.seen["state"]))

    def lost(self, call: Call, given: DoorInput) -> str:
        _world(call).ask("lost", given.door)
        return "" if _state(_world(call), given.door) not in ("", BRICKED) else f"{given.door} is walled up"


class Brick(Irreversible[DoorInput, Nothing]):
    name = "doors.brick"
    permissions = ()
    point_of_no_return = "A wall is a wall."
    deadline = 60.0
    settle = 0.0

    def plan(self, call: Call, given: DoorInput) -> Plan:  # noqa: ARG002
        return Plan(f"Brick {given.door}")

    def probe(self, call: Call, given: DoorInput) -> Probe[Nothing]:
        return _look(call, given, (BRICKED,))

    def apply(self, call: Call, given: DoorInput) -> Nothing:
        _set(call, "brick", given.door, BRICKED)
        return Nothing()


class Revoke(Irreversible[TokenInput, Nothing]):
    name = "doors.revoke"
    permissions = ()
    point_of_no_return = "Revoked is revoked."
    deadline = 60.0
    settle = 0.0

    def plan(self, call: Call, given: TokenInput) -> Plan:  # noqa: ARG002
        return Plan(f"Revoke {given.door}")

    def probe(self, call: Call, given: TokenInput) -> Probe[Nothing]:
        return _look(call, given, (SHUT,))

    def apply(self, call: Call, given: TokenInput) -> Nothing:
        _set(call, "revoke", given.door, SHUT)
        return Nothing()


class Cut(Reversible[DoorInput, Key]):
    """A key whose secret is shown once, as a cloud's are; `undo` takes away exactly that one."""

    name = "doors.cut_key"
    permissions = ()
    deadline = 60.0
    settle = 0.0

    def plan(self, call: Call, given: DoorInput) -> Plan:  # noqa: ARG002
        return Plan(f"Cut a key for {given.door}")

    def before(self, call: Call, given: DoorInput) -> Probe[Key]:  # noqa: ARG002
        return NotDone("a fresh key is never there")

    def probe(self, call: Call, given: DoorInput) -> Probe[Key]:
        there = f"key-{given.door}" in _world(call).things
        return Unknown("whose it is, nobody can tell") if there else NotDone("there is no key")

    def reconcile(self, call: Call, given: DoorInput) -> Probe[Key]:
        world = _world(call)
        if f"key-{given.door}" in world.things:
            world.remove(f"key-{given.door}")
        return NotDone("an orphan was removed")

    def apply(self, call: Call, given: DoorInput) -> Key:
        world = _world(call)
        world.make(f"key-{given.door}", call.run, "canary-key-abcdefgh", "")
        world.ask("cut", given.door)
        return Key(identifier=f"key-{given.door}", secret=Secret("canary-key-abcdefgh"))

    def verify(self, call: Call, given: DoorInput, output: Key) -> Probe[Key]:  # noqa: ARG002
        return Done(output, "it turns")

    def undo(self, call: Call, given: DoorInput, output: Key) -> None:  # noqa: ARG002
        world = _world(call)
        world.ask("melt", output.identifier)
        if output.identifier in world.things:
            world.remove(output.identifier)


ACTIONS = (Shut(), Brick(), Revoke(), Cut())
