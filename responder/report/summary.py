"""A run in a few lines: what was exposed, how long it lived, what was proven and what was not."""

import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from responder.engine.ending import NOT_CONTAINED, SUCCEEDED, at_large
from responder.engine.state import OVER, RunState, StepState, is_rotation
from responder.engine.undo import PARTLY, UNDONE

_TYPED = ("AKIA", "ASIA", "ak-", "wk-")  # how identifiers begin that `respond leak` takes as arguments

KINDS = {
    "access_keys": "AWS access key",
    "sessions": "AWS session",
    "service_users": "Modal service user's token",
    "member_tokens": "personal Modal token",
    "proxy_tokens": "Modal proxy token",
    "github_tokens": "GitHub token",
}


@dataclass(frozen=True)
class CredentialReading:
    """`contained_after` is seconds from the confirmation to the last proof of its containment.

    In a rotation that is when the old one was out of use for good.
    """

    name: str
    kind: str
    identifier: str
    known: bool
    contained_after: float | None
    note: str = ""
    given_back: bool = False  # an undo let it live again
    fresh: str = ""  # what replaces it
    tried: bool = False  # whether its secret was at hand

    @property
    def proof(self) -> str:
        """By what it is known that it is dead, where it is."""
        if self.tried:
            return "proven by trying it"
        return "proven by its provider's list, not by trying it, as its secret is not known here"


@dataclass(frozen=True)
class Open:
    """Something that is not done or not proven."""

    what: str
    why: str
    next_step: str = ""
    alive: bool = False  # a credential that may still open something
    identifier: str = ""  # of the credential, where it is about one and not about a step
    waits: bool = False  # a step that had no turn: nothing went wrong with it
    option: str = ""  # of the playbook, where it waits for a person's choice


@dataclass(frozen=True)
class Reopening:
    """Containment that somebody undid: how often it was found so, and when last."""

    what: str  # title of the step that had contained it
    times: int
    at: datetime
    why: str  # what was found
    again: bool  # it is contained again


@dataclass(frozen=True)
class Summary:
    run: str
    source: str
    began_at: datetime
    confirmed_after: float  # seconds from the start of the command, a person's reading included
    seconds: float  # from the start of the command to the last event
    outcome: str  # succeeded, not contained, undone, partly undone, or incomplete
    credentials: tuple[CredentialReading, ...]
    proven: tuple[str, ...]  # titles of the steps whose end state was proven
    still_open: tuple[Open, ...]
    reopened: tuple[Reopening, ...] = ()
    rotation: bool = False  # nothing leaked: it was due
    by_hand: tuple[str, ...] = ()  # what no program may do, one sentence or two each
    by_name: bool = False  # what is exposed was named by the inventory: there is nothing to type

    @property
    def contained(self) -> bool:
        """Nothing of what leaked may still open something, as far as this run can tell."""
        return not any(one.alive for one in self.still_open)

    @property
    def next_command(self) -> str:
        if self.outcome == "incomplete":
            chosen = dict.fromkeys(
                f" --{one.option.replace('_', '-')} …" for one in self.still_open if one.option
            )
            return f"respond resume {self.run}{''.join(chosen)}"
        if self.outcome in (UNDONE, PARTLY):
            return f"respond show {self.run}"
        if self.reopened:
            return f"respond watch {self.run} --for 36h"
        return f"respond show {self.run}" if self.contained else self._once_more()

    def _once_more(self) -> str:
        if Path(self.source).is_file():
            return f"respond leak --file {shlex.quote(self.source)}"
        if self.source.startswith(("https://", "http://")):
            return f"respond leak {shlex.quote(self.source)}"
        alive = dict.fromkeys(one.identifier for one in self.still_open if one.alive)
        typed = [one for one in alive if one.startswith(_TYPED)]
        if not typed and self.by_name:
            return f"respond show {self.run}"
        return " ".join(("respond leak", *typed))


def described_steps(state: RunState) -> list[dict[str, Any]]:
    """The steps as they were confirmed, in the playbook's order."""
    return list(state.started["steps"])


def summarise(state: RunState) -> Summary:
    began = datetime.fromisoformat(state.started["began_at"])
    confirmed = datetime.fromisoformat(state.started["confirmed_at"])
    last = state.finished_at or state.last_at or began  # a watch goes on after the end
    steps = [(step, state.step(step["id"])) for step in described_steps(state)]
    still_open = tuple(_still_open(state, steps))
    outcome = state.outcome or "incomplete"
    if outcome == SUCCEEDED and any(one.alive for one in still_open):
        outcome = NOT_CONTAINED  # as earlier versions ended such a run; or it was lost since
    return Summary(
        run=state.run,
        source=str(state.started["exposure"]["source"]),
        began_at=began,
        confirmed_after=(confirmed - began).total_seconds(),
        seconds=(last - began).total_seconds(),
        outcome=outcome,
        credentials=tuple(_credentials(state, steps, confirmed)),
        proven=tuple(titled(step) for step, is_so in steps if is_so.status == "succeeded"),
        still_open=still_open,
        reopened=tuple(_reopened(steps)),
        rotation=is_rotation(state.started),
        by_hand=_by_hand(state),
        by_name=str(state.started.get("playbook", {}).get("name", "")).startswith("breach"),
    )


def _by_hand(state: RunState) -> tuple[str, ...]:
    return tuple(state.started["exposure"].get("access", {}).get("by_hand", ()))  # older runs know none


def titled(step: Mapping[str, Any]) -> str:
    return f"{step['title']} ({step['label']})" if step["label"] else str(step["title"])


def _credentials(
    state: RunState, steps: list[tuple[dict[str, Any], StepState]], confirmed: datetime
) -> Iterator[CredentialReading]:
    rotation = is_rotation(state.started)
    ending = "retire" if rotation else "contain"
    for kind, words in KINDS.items():
        for leaked in state.started["exposure"].get(kind, ()):  # older runs know fewer kinds
            name = leaked["credential"]
            containing = [
                is_so
                for step, is_so in steps
                if (step["phase"], step["credential"]) == (ending, name)
                and step["active"]
                and (rotation or not step["wait_seconds"])
            ]
            ended = [
                is_so.finished_at for is_so in containing if is_so.status == "succeeded" and not is_so.lost
            ]
            all_over = bool(containing) and len(ended) == len(containing)
            after = max((at - confirmed).total_seconds() for at in ended if at) if all_over else None
            back = any(is_so.status == "undone" for is_so in containing)
            yield CredentialReading(
                name,
                words,
                leaked["identifier"],
                leaked["known"],
                after,
                leaked["note"],
                back,
                _fresh(name, steps),
                tried=leaked.get("secret") is not None,
            )


def _fresh(name: str, steps: list[tuple[dict[str, Any], StepState]]) -> str:
    for step, is_so in steps:
        match is_so.output:
            case {"identifier": str(identifier)} if step["credential"] == name and step["phase"] == "rotate":
                return identifier
    return ""


def _still_open(state: RunState, steps: list[tuple[dict[str, Any], StepState]]) -> Iterator[Open]:
    alive = [one["identifier"] for one in at_large(state)]
    for found in state.started["exposure"]["unidentified"]:
        if found["identifier"] not in alive:
            continue
        yield Open(
            f"{found['identifier']} ({found['kind']}) was not contained",
            found["note"],
            "Ask its provider whose it is, and revoke it there by hand.",
            alive=True,
            identifier=found["identifier"],
        )
    for cut in state.started["exposure"].get("fragments", ()):
        yield Open(
            f"{cut['where']}: {cut['what']}",
            "It is not whole, so nothing could be done about it.",
            "Find the whole of it, and type `respond leak` with that.",
        )
    contained = {step["label"] for step, _ in steps if step["phase"] == "contain" and step["active"]}
    of_a_person = bool(_by_hand(state))  # who has left, or will
    for kind in KINDS:
        for leaked in state.started["exposure"].get(kind, ()):
            label = leaked["identifier"] if leaked.get("spare") else leaked["credential"]
            if leaked["identifier"] in alive:
                yield Open(
                    f"{leaked['identifier']} was not contained",
                    leaked["note"] or "There is no step that could.",
                    "Type the same `respond leak` once more, or revoke it by hand at its provider.",
                    alive=True,
                    identifier=leaked["identifier"],
                )
            elif kind == "sessions" or of_a_person:
                continue  # nobody replaces those
            elif label in contained and not leaked["known"]:
                yield Open(
                    f"{leaked['identifier']} was contained and not replaced",
                    "The inventory does not know it.",
                    "Find out who uses it, and add it to respond.toml.",
                    identifier=leaked["identifier"],
                )
    yield from _open_steps(state, steps)


def _reopened(steps: list[tuple[dict[str, Any], StepState]]) -> Iterator[Reopening]:
    found: dict[str, list[tuple[datetime, str, bool]]] = {}
    for step, is_so in steps:
        for one in is_so.reopened:
            found.setdefault(one.step, []).append((one.at, one.why, is_so.status == "succeeded"))
        for look in is_so.looks:
            if look.result in ("re-applied", "lost"):
                why = look.detail.partition(" Now: ")[0].removeprefix("It did not hold: ")
                found.setdefault(step["id"], []).append((look.at, why, not is_so.lost))
    for step, _ in steps:
        if ours := sorted(found.get(step["id"], ())):
            at, why, again = ours[-1]
            yield Reopening(titled(step), len(ours), at, why, again)


def _open_steps(state: RunState, steps: list[tuple[dict[str, Any], StepState]]) -> Iterator[Open]:
    back = {step["credential"] for step, is_so in steps if is_so.status == "undone"}
    for step, is_so in steps:
        if is_so.lost and is_so.status != "undone":
            mend = f"`respond watch {state.run}` tries again; until then, do it by hand as its runbook says."
            yield Open(titled(step), is_so.looks[-1].detail, mend, alive=True)
            continue
        if is_so.undo_failed:
            yield Open(titled(step), is_so.why, is_so.next_step)
        if not step["active"] or is_so.status in (*OVER, "undone") or is_so.undo_failed:
            continue
        if state.outcome == UNDONE or (state.outcome == PARTLY and step["credential"] in back):
            continue  # a run that was undone has nothing to go on with
        if is_so.status in ("failed", "parked"):
            yield Open(titled(step), is_so.why, is_so.next_step, option=is_so.option)
        else:
            waits = [need for need in step["needs"] if state.step(need).status not in OVER]
            why = f"Waits for {', '.join(waits)}." if waits else "Not reached yet."
            yield Open(titled(step), why, waits=True)
