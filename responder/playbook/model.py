"""What a playbook consists of. The descriptions of fields are what an editor shows."""

import re
from typing import Annotated, Any, Literal, Self, TypeAlias

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema, model_validator

from responder.playbook.expression import alone

Phase: TypeAlias = Literal["prepare", "identify", "contain", "rotate", "recover", "retire", "review"]

LONGEST_WAIT = 7 * 24 * 3600  # seconds
EXPRESSION_SCHEMA: dict[str, Any] = {"type": "string", "pattern": r"^\$\{\{.*\}\}$"}

_DURATION = re.compile(r"([0-9]{1,9})(s|m|h)")
_SECONDS = {"s": 1, "m": 60, "h": 3600}
_DURATION_SCHEMA: dict[str, Any] = {
    "anyOf": [
        {"type": "integer", "minimum": 0, "maximum": LONGEST_WAIT},
        {"type": "string", "pattern": f"^{_DURATION.pattern}$"},
        EXPRESSION_SCHEMA,
    ]
}


def _duration(value: object) -> object:
    if isinstance(value, str) and alone(value) is not None:
        return value
    if isinstance(value, str) and (match := _DURATION.fullmatch(value)):
        value = int(match[1]) * _SECONDS[match[2]]
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= LONGEST_WAIT:
        return value  # in seconds
    raise ValueError("a time is a number and its unit, a week at most: 10s, 5m or 1h")


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Option(_Model):
    """Something that a person may choose when the playbook is played."""

    help: str = Field(description="What it decides, one sentence.")
    choices: tuple[str, ...] = Field((), description="What may be chosen; without it, any text.")
    default: str | None = Field(None, description="What it is when nobody chooses.")

    @model_validator(mode="after")
    def _default_is_a_choice(self) -> Self:
        if self.choices and self.default is not None and self.default not in self.choices:
            raise ValueError(f"the default `{self.default}` is not among its choices")
        return self


Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
Needs: TypeAlias = tuple[str, ...] | dict[str, tuple[str, ...]]
Expression = Annotated[str, WithJsonSchema(EXPRESSION_SCHEMA)]
Duration = Annotated[int | str, BeforeValidator(_duration), WithJsonSchema(_DURATION_SCHEMA)]


class Step(_Model):
    """One entry of a playbook."""

    id: Name = Field(description="How other steps, the journal and the runbook call it.")
    title: str = Field(description="What it does, in words for a person, in the imperative.")
    phase: Phase = Field(description="After NIST SP 800-61.")
    uses: str = Field(description="The action.")
    arguments: dict[str, Any] = Field(
        default_factory=dict, alias="with", description="The action's input; values may be expressions."
    )
    needs: Needs = Field(
        (), description="Steps that must be over before: a list, or a list for each strategy that has any."
    )
    condition: Expression | bool = Field(
        default=True, alias="if", description="Only where this gives something."
    )
    for_each: Expression | None = Field(
        None, description="Once for each item of one of the exposure's lists; `each` is the item."
    )
    wait: Duration = Field(
        0, description="A pause after what it needs is over: 10s, 5m, 1h, or an expression for seconds."
    )

    @property
    def pause(self) -> str:
        """The wait for a person: 10 s, or where its length will come from; empty where there is none."""
        if isinstance(self.wait, str):
            return alone(self.wait) or self.wait
        return f"{self.wait} s" if self.wait else ""

    def needs_under(self, strategy: str) -> tuple[str, ...]:
        return self.needs.get(strategy, ()) if isinstance(self.needs, dict) else self.needs


class Playbook(_Model):
    """What is done, in which order, when a credential has leaked or must be replaced."""

    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]*$")]
    title: str
    summary: str
    strategies: dict[str, str] = Field(
        min_length=1,
        description="Name and meaning; they differ in what steps need. The first is the default.",
    )
    options: dict[Name, Option] = Field(default_factory=dict, description="What a person may choose.")
    steps: tuple[Step, ...] = Field(min_length=1)

    @property
    def default_strategy(self) -> str:
        return next(iter(self.strategies))

    def step(self, step_id: str) -> Step:
        return next(step for step in self.steps if step.id == step_id)
