"""What leaked is being replaced on schedule just now: the leak comes first, and takes in what was made."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeVar

from responder.engine import RunState, fold, subjects, supersede, unfinished
from responder.engine.state import OVER, is_rotation
from responder.errors import RefusedError
from responder.exposure import Exposure, Leaked
from responder.found import Found, Kind

if TYPE_CHECKING:
    from responder.engine import Engine
    from responder.journal import Journal

L = TypeVar("L", bound=Leaked)

_KINDS: Final = {"access_keys": Kind.AWS_ACCESS_KEY, "service_users": Kind.MODAL_TOKEN}


@dataclass(frozen=True)
class Rotation:
    """A rotation of one credential that is not over. `fresh` is empty where it has made none yet."""

    run: str
    credential: str
    kind: Kind
    old: str  # identifier
    fresh: str
    complete: bool  # the fresh one is everywhere, and proven: only the old one is left to be retired


def rotations(journal: "Journal", about: Collection[str]) -> list[Rotation]:
    """Those under way that are about one of these, by name or identifier."""
    states = [one for one in unfinished(journal) if is_rotation(one.started) and not one.undoing]
    return [_read(one) for one in states if subjects(one.started).union({_fresh(one)}) & {*about}]


def taken_in(
    exposure: Exposure, running: Sequence[Rotation], again: Callable[[list[Found]], Exposure]
) -> Exposure:
    """The leak, with what the rotations would otherwise leave behind.

    Where the fresh one is proven everywhere and has not leaked itself, the old one is only contained and
    retired: it is replaced already. Else both are, and another one is made.

    Args:
        exposure: as it was identified.
        running: the rotations that are to be ended.
        again: identifies what leaked once more, with these beside it.
    """
    leaked = {one.identifier for one in exposure.leaked()}
    replaced = [one for one in running if one.complete and one.fresh not in leaked]
    beside = [
        Found(kind=one.kind, identifier=identifier)
        for one in running
        if one not in replaced
        for identifier in (one.old, one.fresh)
        if identifier and identifier not in leaked
    ]
    return _without(again(beside) if beside else exposure, {one.credential for one in replaced})


def room(exposure: Exposure, running: Sequence[Rotation]) -> str | None:
    """Of two keys of one user that both go, the one to delete to make room: not the one that leaked."""
    leaked = {one.identifier for one in exposure.access_keys if not one.spare}
    spares = {one.identifier for one in exposure.access_keys if one.spare}
    pairs = ({one.old, one.fresh} for one in running if one.kind is Kind.AWS_ACCESS_KEY)
    return ",".join(sorted(key for pair in pairs if pair & leaked for key in pair & spares)) or None


def told(running: Sequence[Rotation]) -> list[str]:
    """What a person must know of them before confirming."""
    return [
        f"Run {one.run} is replacing {one.credential} on schedule. It ends when you confirm, as the leak "
        f"comes first; it has made {one.fresh or 'nothing yet'}."
        for one in running
    ]


def end_all(engine: "Engine", running: Sequence[Rotation], operator: dict[str, str]) -> None:
    """Whoever plays one of them stops at its next event.

    Raises:
        RefusedError: one went on while the person read what it had made: the leak would leave that behind.
    """
    for one in running:
        state = fold(one.run, engine.journal.events(one.run))
        if state.outcome or _read(state) != one:
            raise RefusedError(
                f"Run {one.run} went on meanwhile with replacing {one.credential}.",
                state="Nothing is contained yet.",
                next_step="Type the same command again, at once.",
            )
    for one in running:
        supersede(engine, one.run, operator=operator)


def _read(state: RunState) -> Rotation:
    for field, kind in _KINDS.items():
        for item in state.started["exposure"][field]:
            steps = [one for one in state.started["steps"] if one["active"] and one["phase"] != "retire"]
            complete = all(state.step(one["id"]).status in OVER for one in steps)
            name, old = item["credential"], item["identifier"]
            return Rotation(state.run, name, kind, old, _fresh(state), complete)
    raise RuntimeError(f"Run {state.run} rotates nothing.")


def _fresh(state: RunState) -> str:
    for step in state.started["steps"]:
        is_so = state.step(step["id"])
        made = is_so.output or (is_so.intent.output if is_so.intent else None)
        match made:
            case {"identifier": str(identifier)} if step["phase"] == "rotate":
                return identifier
    return ""


def _without(exposure: Exposure, replaced: Collection[str]) -> Exposure:
    """Of these credentials nothing is to be made or placed."""
    if not replaced:
        return exposure
    kept = {one.credential for one in exposure.leaked() if one.known and one.credential not in replaced}

    def spare(items: Sequence[L]) -> tuple[L, ...]:
        return tuple(
            one.model_copy(update={"spare": True}) if one.credential in replaced else one for one in items
        )

    return exposure.model_copy(
        update={
            "access_keys": spare(exposure.access_keys),
            "service_users": spare(exposure.service_users),
            "modal_secrets": tuple(one for one in exposure.modal_secrets if one.credential in kept),
            "github_environments": tuple(
                one for one in exposure.github_environments if one.credential in kept
            ),
            "workloads": tuple(
                one for one in exposure.workloads if kept & {*one.runs_with, *one.deployed_with}
            ),
        }
    )
