"""What a playbook consists of."""

import re
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

Phase: TypeAlias = Literal["identify", "contain", "rotate", "recover", "retire", "review"]

_DURATION = re.compile(r"(\d+)(s|m|h)")
_SECONDS = {"s": 1, "m": 60, "h": 3600}


def _duration(value: object) -> object:
    if isinstance(value, str) and (match := _DURATION.fullmatch(value)):
        return int(match[1]) * _SECONDS[match[2]]
    if isinstance(value, int) and not isinstance(value, bool):
        return value  # already in seconds
    raise ValueError("a time is a number and its unit: 10s, 5m or 1h")


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Option(_Model):
    """Something that a person may choose when the playbook is played."""

    help: str
    choices: tuple[str, ...] = ()  # empty: any text
    default: str | None = None


Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
Needs: TypeAlias = tuple[str, ...] | dict[str, tuple[str, ...]]


class Step(_Model):
    id: Name
    title: str
    phase: Phase
    uses: str
    arguments: dict[str, Any] = Field(default_factory=dict, alias="with")
    needs: Needs = ()  # a list, or a list for each strategy that needs something
    condition: str | bool = Field(default=True, alias="if")
    for_each: str | None = None
    wait: Annotated[int, BeforeValidator(_duration)] = 0  # seconds after what it needs is done

    def needs_under(self, strategy: str) -> tuple[str, ...]:
        return self.needs.get(strategy, ()) if isinstance(self.needs, dict) else self.needs


class Playbook(_Model):
    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]*$")]
    title: str
    summary: str
    strategies: dict[str, str] = Field(min_length=1)  # name -> what it means; the first is the default
    options: dict[Name, Option] = Field(default_factory=dict)
    steps: tuple[Step, ...] = Field(min_length=1)

    @property
    def default_strategy(self) -> str:
        return next(iter(self.strategies))

    def step(self, step_id: str) -> Step:
        return next(step for step in self.steps if step.id == step_id)
