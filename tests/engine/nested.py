"""Actions with secrets inside mappings and lists, as services that take many values at once have them."""

# ruff: noqa: ARG002

from fakes.doors.actions import DoorInput, Shut

from responder.action import Call, Done, Input, Irreversible, NotDone, Nothing, Output, Plan, Reversible
from responder.secret import Secret


class Bunch(Input):
    """As an action that puts many values in one place has it."""

    door: str
    keys: dict[str, Secret | str]
    others: tuple[Secret | str, ...] = ()


class ShutWithAll(Reversible[Bunch, Nothing]):
    """Knows, whenever it is asked, which secrets it was given."""

    name = "doors.shut"
    permissions = ()
    settle = 0.0
    deadline = 60.0

    def __init__(self) -> None:
        self.heard: list[list[str]] = []

    def plan(self, call: Call, given: Bunch) -> Plan:
        return Plan(f"Shut {given.door}")

    def probe(self, call: Call, given: Bunch):
        self.heard.append([_clear(one) for one in (*given.keys.values(), *given.others)])
        return Shut().probe(call, DoorInput(door=given.door))

    def apply(self, call: Call, given: Bunch) -> Nothing:
        return Shut().apply(call, DoorInput(door=given.door))

    def undo(self, call: Call, given: Bunch, output: Nothing) -> None:
        Shut().undo(call, DoorInput(door=given.door), output)

    def lost(self, call: Call, given: Bunch) -> str:
        return ""


def _clear(value: Secret | str) -> str:
    return value.reveal() if isinstance(value, Secret) else value


class Listed(Output):
    identifiers: tuple[str, ...]
    by_name: dict[str, str]
    secrets: tuple[str | Secret, ...]


class Listing:
    permissions = ()

    def plan(self, call: Call, given: Input) -> Plan:
        return Plan("List")

    def probe(self, call: Call, given: Input):
        return NotDone("never")

    def apply(self, call: Call, given: Input) -> Listed:
        secrets = ("in clear", Secret("canary-list-abcdefgh"))
        return Listed(identifiers=("in-a-list",), by_name={"x": "in-a-mapping"}, secrets=secrets)

    def verify(self, call: Call, given: Input, output: Listed):
        return Done(output, "listed")


class ListForGood(Listing, Irreversible[Input, Listed]):
    name = "doors.list"
    point_of_no_return = "A list stays."


class FindListed(ListForGood):
    """It was so already: somebody else has made what it names."""

    def probe(self, call: Call, given: Input):
        return Done(self.apply(call, given), "listed")


class ListForNow(Listing, Reversible[Input, Listed]):
    name = "doors.list"

    def undo(self, call: Call, given: Input, output: Listed) -> None:
        raise AssertionError

    def lost(self, call: Call, given: Input) -> str:
        return ""
