"""Actions of which only the types matter: nothing here is ever played."""

from typing import Literal

from pydantic import AwareDatetime, Field

from responder.action import Call, Input, Irreversible, Nothing, Output, Plan, Probe
from responder.secret import Secret


class MakeInput(Input):
    user: str


class Made(Output):
    identifier: str
    secret: Secret
    parts: list[str]


class PutInput(Input):
    place: str
    text: str | None = None
    secret: Secret | None = None
    values: dict[str, Secret | str] = Field(default_factory=dict)
    labels: dict[str, str] = Field(default_factory=dict)
    parts: list[str] = Field(default_factory=list)
    count: int = 0
    since: AwareDatetime | None = None
    level: Literal["low", "high"] = "low"


class Make(Irreversible[MakeInput, Made]):
    """Make a thing."""

    name = "demo.make"
    permissions = ()
    point_of_no_return = "A thing stays."

    def plan(self, call: Call, given: MakeInput) -> Plan:
        raise NotImplementedError

    def probe(self, call: Call, given: MakeInput) -> Probe[Made]:
        raise NotImplementedError

    def apply(self, call: Call, given: MakeInput) -> Made:
        raise NotImplementedError


class Put(Irreversible[PutInput, Nothing]):
    """Put something somewhere.

    More is not shown.
    """

    name = "demo.put"
    permissions = ()
    point_of_no_return = "What was there is gone."

    def plan(self, call: Call, given: PutInput) -> Plan:
        raise NotImplementedError

    def probe(self, call: Call, given: PutInput) -> Probe[Nothing]:
        raise NotImplementedError

    def apply(self, call: Call, given: PutInput) -> Nothing:
        raise NotImplementedError


ACTIONS = (Make(), Put())
