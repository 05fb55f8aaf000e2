"""`things.make`: its secret is shown once, as a cloud's keys are. `things.note`: twice is as good as once."""

from fakes.world import World
from responder.action import (
    Call,
    Check,
    Done,
    Input,
    Irreversible,
    NotDone,
    Nothing,
    Output,
    Plan,
    Probe,
    Unknown,
)
from responder.errors import ProviderError
from responder.secret import Secret


class ThingInput(Input):
    name: str
    using: Secret | None = None
    of: str | None = None


class Thing(Output):
    name: str
    secret: Secret


def _world(call: Call) -> World:
    return call.connections.get(World)


class Make(Irreversible[ThingInput, Thing]):
    """A second one of the same name would be an orphan; one that nobody holds the secret of is removed."""

    name = "things.make"
    permissions = ()
    point_of_no_return = "A thing stays."
    deadline = 60.0
    settle = 0.0

    def plan(self, call: Call, given: ThingInput) -> Plan:
        _world(call).ask("plan", given.name)
        return Plan(f"Make {given.name}", breaks="nothing")

    def probe(self, call: Call, given: ThingInput) -> Probe[Thing]:
        raise NotImplementedError

    def before(self, call: Call, given: ThingInput) -> Probe[Thing]:
        return self._look("before", call, given)

    def reconcile(self, call: Call, given: ThingInput) -> Probe[Thing]:
        found = self._look("reconcile", call, given)
        world = _world(call)
        if isinstance(found, NotDone) and given.name in world.things:
            world.remove(given.name)
        return found

    def _look(self, operation: str, call: Call, given: ThingInput) -> Probe[Thing]:
        world = _world(call)
        try:
            world.ask(operation, given.name)
        except ProviderError as error:
            return Unknown(error.what)
        return NotDone(f"Nobody holds {given.name}.", {"existed": given.name in world.things})

    def apply(self, call: Call, given: ThingInput) -> Thing:
        world = _world(call)
        world.ask("apply", given.name)
        secret = f"canary-{given.name}-{world.made[given.name] + 1}-abcdefgh"
        world.make(given.name, call.run, secret, given.using.reveal() if given.using else "")
        world.ask("applied", given.name)
        return Thing(name=given.name, secret=Secret(secret))

    def verify(self, call: Call, given: ThingInput, output: Thing) -> Probe[Thing]:
        world = _world(call)
        try:
            world.ask("verify", given.name)
        except ProviderError as error:
            return Unknown(error.what)
        there = world.things.get(given.name)
        if there is None or there["secret"] != output.secret.reveal():
            return NotDone(f"{given.name} is not there.")
        return Done(output, f"{given.name} answers")


class Note(Irreversible[ThingInput, Nothing]):
    """Made once or twice, it is the same; whether it is there can be asked."""

    name = "things.note"
    permissions = ()
    point_of_no_return = "A note stays."
    deadline = 60.0
    settle = 0.0

    def plan(self, call: Call, given: ThingInput) -> Plan:
        _world(call).ask("plan", given.name)
        return Plan(f"Note {given.name}")

    def probe(self, call: Call, given: ThingInput) -> Probe[Nothing]:
        world = _world(call)
        try:
            world.ask("probe", given.name)
        except ProviderError as error:
            return Unknown(error.what)
        if given.name in world.things:
            return Done(Nothing(), f"{given.name} is there")
        return NotDone(f"{given.name} is not there.")

    def apply(self, call: Call, given: ThingInput) -> Nothing:
        world = _world(call)
        world.ask("apply", given.name)
        world.make(given.name, call.run, "", given.using.reveal() if given.using else "")
        world.ask("applied", given.name)
        return Nothing()


class Await(Check[ThingInput, Nothing]):
    name = "things.await"
    permissions = ()
    patience = 0.0
    settle = 0.0

    def plan(self, call: Call, given: ThingInput) -> Plan:  # noqa: ARG002
        return Plan(f"Wait for {given.name}")

    def probe(self, call: Call, given: ThingInput) -> Probe[Nothing]:
        world = _world(call)
        world.ask("await", given.name)
        there = given.name in world.things
        return Done(Nothing(), f"{given.name} is there") if there else NotDone(f"{given.name} is not there.")


ACTIONS = (Make(), Note(), Await())
