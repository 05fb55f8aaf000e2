"""What of a run can be given back, newest first, and plainly what cannot, found out with read-only calls."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from responder.action import Call, Check, Input, Irreversible, Output, Reversible
from responder.engine.recall import Recall, leaked_credentials, same_thing
from responder.engine.state import CONTAINING, RunState
from responder.errors import InputError, ProviderError
from responder.secret import redact

if TYPE_CHECKING:
    from responder.engine.run import Engine


@dataclass(frozen=True)
class Reversal:
    """Something to give back: once, for all steps that took it.

    `call` has what was there before the first of them. `output` is None where no step came back from taking
    it: whether it did is then asked at the service.
    """

    steps: tuple[str, ...]  # the first one took it; the others took it again, or saw that it was so
    title: str
    action: Reversible[Any, Any]
    given: Input
    call: Call
    output: Output | None
    shown: Any  # the input as it was recorded
    enables: tuple[str, ...]  # identifiers of leaked credentials that live again by it


@dataclass(frozen=True)
class Stays:
    """Something that a run did and an undo leaves as it is."""

    title: str
    why: str
    unnamed: tuple[str, ...] = ()  # identifiers to name with --re-enable, where that is all that is missing


@dataclass(frozen=True)
class Undoing:
    """What an undo will do. `undone` are titles of what an earlier one did."""

    reversals: tuple[Reversal, ...]
    stays: tuple[Stays, ...]
    undone: tuple[str, ...]

    @property
    def unnamed(self) -> list[str]:
        return sorted({name for one in self.stays for name in one.unnamed})


def plan_undo(engine: "Engine", run: str, state: RunState, re_enable: Collection[str]) -> Undoing:
    """Look at what can be given back.

    Args:
        engine: to ask the services with.
        run: its name.
        state: as the journal has it.
        re_enable: identifiers of leaked credentials that may live again; all others stay contained.

    Raises:
        InputError: the run is not about one of these.
    """
    leaked = leaked_credentials(state)
    known = {one["identifier"] for one in leaked}
    if strange := set(re_enable) - known:
        raise InputError(
            f"Run {run} is not about {', '.join(sorted(strange))}.",
            next_step=f"It is about {', '.join(sorted(known))}.",
        )
    planner = _Planner(engine, run, state, leaked, set(re_enable))
    found = list(planner.sorted_out())
    return Undoing(
        reversals=tuple(one for one in found if isinstance(one, Reversal)),
        stays=tuple(one for one in found if isinstance(one, Stays)),
        undone=tuple(one for one in found if isinstance(one, str)),
    )


@dataclass
class _Planner:
    engine: "Engine"
    run: str
    state: RunState
    leaked: Sequence[Mapping[str, Any]]
    re_enable: Collection[str]

    def __post_init__(self) -> None:
        self._recall = Recall(self.engine, self.run, self.state)
        self._steps: list[dict[str, Any]] = [one for one in self.state.started["steps"] if one["active"]]

    def sorted_out(self) -> Iterator[Reversal | Stays | str]:
        """All that may have been changed, newest first; steps that did, or saw, the same count as one."""
        groups: dict[bytes, list[dict[str, Any]]] = {}
        for step in self._steps:
            is_so = self.state.step(step["id"])
            action = self.engine.actions[step["action"]]
            if is_so.given is not None and not isinstance(action, Check):
                groups.setdefault(same_thing(action, is_so.given), []).append(step)
        changed = [sorted(group, key=self._since) for group in groups.values()]
        for group in sorted(changed, key=lambda one: self._since(one[0]), reverse=True):
            if self.state.step(group[0]["id"]).original is not None:
                yield self._one(group)

    def _one(self, group: Sequence[dict[str, Any]]) -> Reversal | Stays | str:
        first = group[0]
        title = f"{first['title']} ({first['label']})" if first["label"] else str(first["title"])
        action = self.engine.actions[first["action"]]
        if all(self.state.step(step["id"]).status == "undone" for step in group):
            return title
        if isinstance(action, Irreversible):
            return Stays(title, action.point_of_no_return)
        if not isinstance(action, Reversible):
            raise TypeError(f"{action.name} is neither reversible nor irreversible.")
        if first["phase"] not in CONTAINING and (user := self._in_use(first["id"])):
            return Stays(title, f"What was rotated stays: it is in use since `{user}`.")
        return self._reversal(group, title, action)

    def _reversal(
        self, group: Sequence[dict[str, Any]], title: str, action: Reversible[Any, Any]
    ) -> Reversal | Stays:
        first = group[0]
        is_so = self.state.step(first["id"])
        took = is_so.original
        given = self._recall.given(action, is_so.given)
        if took is None or given is None:
            return Stays(title, "Its secret was shredded when the run ended, and it cannot be had without.")
        if is_so.took is not None:
            frozen, attempt = is_so.output, is_so.output_attempt
        else:
            frozen, attempt = took.output, took.attempt
        output = None
        if frozen is not None:
            output = self._recall.output(action, frozen, f"{first['id']}/{attempt}")
            if output is None:
                return Stays(
                    title, "Its secret was shredded when the run ended, and it cannot be had without."
                )
        enables = _identifiers(self.leaked, first) if first["phase"] in CONTAINING else ()
        call = Call(
            run=self.run,
            step=first["id"],
            connections=self.engine.connections,
            clock=self.engine.clock,
            progress=lambda text: self.engine.observer.progress(first["id"], redact(text)),
            stopping=self.engine.stopping,
            seen=took.seen,
            intended_at=took.at,
        )
        if lost := _lost(action, call, given):
            return Stays(title, lost)
        if unnamed := tuple(name for name in enables if name not in self.re_enable):
            return Stays(title, f"{' and '.join(unnamed)} is known to be leaked.", unnamed)
        ids = tuple(step["id"] for step in group)
        return Reversal(ids, title, action, given, call, output, is_so.given, enables)

    def _in_use(self, step_id: str) -> str:
        """A step that builds on this one and may have changed something with what it made."""
        building, found = {step_id}, {step_id}
        while found:
            found = {one["id"] for one in self._steps if not building.isdisjoint(one["needs"])} - building
            building |= found
        for step in self._steps:
            action = self.engine.actions[step["action"]]
            changed = self.state.step(step["id"]).original and not isinstance(action, Check)
            if step["id"] != step_id and step["id"] in building and changed:
                return str(step["id"])
        return ""

    def _since(self, step: Mapping[str, Any]) -> datetime:
        """When the step first took something; the end of time where it took nothing."""
        took = self.state.step(step["id"]).original
        return took.at if took else datetime.max.replace(tzinfo=UTC)


def _lost(action: Reversible[Any, Any], call: Call, given: Input) -> str:
    try:
        return redact(action.lost(call, given))
    except ProviderError:
        return ""  # the undo itself will tell


def _identifiers(leaked: Sequence[Mapping[str, Any]], step: Mapping[str, Any]) -> tuple[str, ...]:
    """Which leaked credentials a step contains: the one that it is labelled with, else all of its name."""
    ours = [one for one in leaked if one["credential"] == step["credential"]]
    exact = [
        one for one in ours if step["label"] == (one["identifier"] if one.get("spare") else one["credential"])
    ]
    return tuple(one["identifier"] for one in exact or ours)
