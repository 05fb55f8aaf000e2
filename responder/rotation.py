"""Which credentials are due to be replaced, which rotations are under way, and what to replace next.

What the journal knows is enough to say that nothing is due: no service is asked, and no SDK imported.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Literal, TypeAlias

from responder import __version__
from responder.action import Connections, Json
from responder.duration import in_words
from responder.engine.state import OVER, RunState, fold, is_rotation, subjects
from responder.exposure import Exposure, Leaked, LeakedAccessKey
from responder.found import Found, Kind
from responder.inventory import Credential, Inventory
from responder.journal import Event, Holder, Journal

SOURCE: Final = "rotation"
REPLACEABLE: Final = frozenset({Kind.AWS_ACCESS_KEY, Kind.MODAL_SERVICE_USER})  # a run can make a fresh one
_MADE_BY_HAND: Final = {
    Kind.MODAL_MEMBER_TOKEN: "its owner makes a new one (modal token new)",
    Kind.MODAL_PROXY_TOKEN: "make a new one in Modal's settings, at Proxy Auth Tokens",
    Kind.GITHUB_TOKEN: "make a new one in GitHub's settings of whose it is",
}
# A holder on another machine that has recorded nothing for so long is taken for dead. Were it alive after
# all, as one that waits for an approval is, it stops at its next event, and nothing is done twice.
UNHEARD: Final = timedelta(minutes=5)


@dataclass(frozen=True, order=True)
class Made:
    """A value of a credential, and since when it exists: as a run made it, or as its provider told."""

    at: datetime
    identifier: str


@dataclass(frozen=True)
class Turn:
    """A credential of the inventory, and when its turn comes. `made` is None where the journal knows none."""

    credential: Credential
    made: Made | None

    @property
    def name(self) -> str:
        return self.credential.name

    @property
    def replaceable(self) -> bool:
        """Whether a run can make a fresh one."""
        return self.credential.kind in REPLACEABLE

    @property
    def due(self) -> datetime | None:
        """None where it is never too old, or where its provider has yet to be asked how old it is."""
        limit = self.credential.max_age
        return self.made.at + limit if self.made and limit else None

    def as_told(self, live: "Standing") -> "Turn":
        """With what its provider says of it."""
        return replace(self, made=Made(live.made_at, live.leaked.identifier))

    def words(self, now: datetime) -> str:
        """What it is and how old, for a person."""
        if self.made is None:
            return self.name
        limit = self.credential.max_age
        allowed = f", of {in_words(limit)}" if limit else ""
        return f"{self.name}: {self.made.identifier}, {(now - self.made.at).days} days old{allowed}"

    def may_be_due(self, now: datetime) -> bool:
        """It is too old, or nobody knows how old."""
        if self.credential.max_age is None or not self.replaceable:
            return False
        return self.due is None or self.due <= now


def turns(journal: Journal, inventory: Inventory, names: Collection[str]) -> list[Turn]:
    """Those of these names, in the inventory's order."""
    wanted = [one for one in inventory.credentials.values() if one.name in names]
    made = _made(journal, {one.name for one in wanted})
    return [Turn(one, made.get(one.name)) for one in wanted]


def by_hand(credential: Credential) -> str:
    """How to replace one that no run can, to be read after a colon."""
    made = _MADE_BY_HAND.get(credential.kind, "make a new one at its provider")
    put = f", put it in {' and '.join(credential.places)}" if credential.places else ""
    return f"{made}{put}, revoke the old one, and name the new one in respond.toml."


def turns_by_hand(journal: Journal, inventory: Inventory, now: datetime) -> list[Turn]:
    """Of those with a limit that no run can replace: how long each identifier has been known here, at least.

    No provider tells when such a one was made, so its age counts from when it was first seen. That is now
    where the journal has not seen it.
    """
    seen: dict[tuple[str, str], Made] = {}
    for event in journal.noted():
        made = _seen(event)
        seen.setdefault((event.step, made.identifier), made)
    limited = [one for one in inventory.credentials.values() if one.max_age and one.kind not in REPLACEABLE]
    return [
        Turn(one, min(seen.get((one.name, each), Made(now, each)) for each in one.identifiers))
        for one in limited
        if one.identifiers
    ]


def note_first_seen(journal: Journal, listed: Sequence[Turn], now: datetime) -> None:
    """Write down those that were not known before, so that their age counts from now on."""
    for turn in listed:
        if turn.made and turn.made.at == now:
            told = f"{turn.made.identifier} is named by respond.toml, and was not known here before"
            _note(journal, turn.name, turn.made, told, {})


def _made(journal: Journal, names: set[str]) -> dict[str, Made]:
    """What was made last of each; the journal is read back only as far as needed."""
    found: dict[str, Made] = {}
    noted: dict[str, datetime] = {}
    for event in journal.noted():
        if event.step in names:
            noted[event.step] = event.at
            _keep(found, event.step, _seen(event))
    missing = set(names)
    for run in journal.runs():
        state = fold(run, journal.events(run))
        # Nothing is noted of what a run is about: one that began before was over.
        missing -= {name for name in missing if name in noted and noted[name] > _began(state)}
        if not missing:
            break
        for name, made in _made_by(state):
            if name in missing:
                missing.discard(name)
                _keep(found, name, made)
    return found


def _began(state: RunState) -> datetime:
    return state.started_at or datetime.max.replace(tzinfo=UTC)


def _keep(found: dict[str, Made], name: str, made: Made) -> None:
    if name not in found or found[name].at < made.at:
        found[name] = made


def _seen(event: Event) -> Made:
    data: dict[str, Any] = dict(event.data)
    return Made(datetime.fromisoformat(data["made_at"]), data["identifier"])


def _made_by(state: RunState) -> Iterator[tuple[str, Made]]:
    for step in state.started["steps"]:
        is_so = state.step(step["id"])
        if step["phase"] == "rotate" and step["credential"] and is_so.status == "succeeded":
            match is_so.output:
                case {"identifier": str(identifier)} if is_so.finished_at:
                    yield step["credential"], Made(is_so.finished_at, identifier)


def note(journal: Journal, turn: Turn, live: "Standing", who: Mapping[str, str]) -> None:
    """Write down what the journal does not know of its age yet, so that nobody is asked again."""
    known = turn.made
    if known and known.identifier == live.leaked.identifier and known.at >= live.made_at:
        return
    made = Made(live.made_at.astimezone(UTC), live.leaked.identifier)
    told = f"{made.identifier} was made at {made.at:%Y-%m-%d %H:%M:%S} UTC, says its provider"
    _note(journal, turn.name, made, told, who)


def _note(journal: Journal, name: str, made: Made, told: str, who: Mapping[str, str]) -> None:
    data: dict[str, Json] = {
        "identifier": made.identifier,
        "made_at": made.at.isoformat(),
        "evidence": told,
        "version": __version__,
        "operator": dict(who),
        "holder": Holder.current().to_json(),
    }
    journal.note(name, data)


Progress: TypeAlias = Literal["ready", "overlap", "held", "other"]


@dataclass(frozen=True)
class UnderWay:
    """A run that is not over and is about credentials of the inventory.

    `other`: no rotation that could be gone on with: it contains a leak, or is being undone. `held`: another
    process is at it, as far as can be told. `overlap`: the old one lives on until `until`. `ready`: there is
    something to go on with.
    """

    run: str
    credentials: frozenset[str]
    progress: Progress
    who: str
    until: datetime | None = None
    take_over: bool = False
    does: str = ""  # of an `other` one


def under_way(journal: Journal, now: datetime) -> list[UnderWay]:
    """Every run that is not over, the newest first."""
    return [_read(journal, fold(run, journal.events(run)), now) for run in journal.open_runs()]


def _read(journal: Journal, state: RunState, now: datetime) -> UnderWay:
    holder = journal.holder(state.run)
    about = frozenset(subjects(state.started))
    if state.undoing or not is_rotation(state.started):
        does = "being undone" if state.undoing else str(state.started["playbook"]["name"])
        return UnderWay(state.run, about, "other", str(holder), does=does)
    until = waits_until(state)
    alive = holder.alive()
    if until is not None and until > now and alive is not True:
        return UnderWay(state.run, about, "overlap", str(holder), until)
    silent = state.last_at is not None and now - state.last_at > UNHEARD
    if alive is True or (alive is None and not silent):
        return UnderWay(state.run, about, "held", str(holder), until)
    return UnderWay(state.run, about, "ready", str(holder), take_over=alive is None)


def waits_until(state: RunState) -> datetime | None:
    """When the next step may start, where only the time is in its way; None where anything else is to do."""
    active = {step["id"] for step in state.started["steps"] if step["active"]}
    upcoming = []
    for step in state.started["steps"]:
        needs = [state.step(need) for need in step["needs"] if need in active]
        is_so = state.step(step["id"])
        if step["id"] not in active or is_so.status in OVER or any(one.status not in OVER for one in needs):
            continue
        if is_so.status != "pending" or not step["wait_seconds"]:
            return None
        ended = [one.finished_at for one in needs if one.finished_at]
        if not ended:
            return None
        upcoming.append(max(ended) + timedelta(seconds=step["wait_seconds"]))
    return min(upcoming, default=None)


@dataclass(frozen=True)
class Standing:
    """What a provider says of a credential: its one live value."""

    leaked: Leaked
    made_at: datetime


@dataclass(frozen=True)
class NoneStanding:
    """Why there is nothing to replace, or nobody could tell which."""

    why: str
    next_step: str


def standing(connections: Connections, credential: Credential, delete_key: str) -> Standing | NoneStanding:
    """The one that lives, by what its provider says. Of two, a person must say which goes.

    Args:
        connections: the operator's.
        credential: of a kind that a run can replace.
        delete_key: access key ids that a person chose to delete, with commas between.

    Raises:
        ProviderError: the provider could not be asked.
    """
    live = _live(connections, credential)
    chosen = {one.strip() for one in delete_key.split(",")} - {""}
    kept = [(leaked, at) for leaked, at in live if leaked.identifier not in chosen] or live
    if len(live) == 1 and live[0][0].identifier in chosen:
        return NoneStanding(
            f"{delete_key} is the one that is in use: to delete it first would be an outage.",
            "Name the other one, or leave --delete-key out.",
        )
    if len(kept) == 1:
        return _no_room(kept[0][0], chosen) or Standing(*kept[0])
    if not live:
        return NoneStanding(
            f"No live {credential.kind} of {credential.user or credential.service_user} was found.",
            "Look at `respond doctor`, and mend respond.toml.",
        )
    return NoneStanding(_several(live), _which(live))


def _no_room(current: Leaked, chosen: set[str]) -> NoneStanding | None:
    """A user has two access keys at most: which one goes is for a person to say."""
    if not isinstance(current, LeakedAccessKey) or chosen.intersection(current.other_keys):
        return None
    others = " and ".join(current.other_keys)
    if not others:
        return None
    return NoneStanding(
        f"{current.user} has {others} beside {current.identifier}: there is no room for a fresh key.",
        f"Where nothing uses it any more: --delete-key {others}",
    )


def _live(connections: Connections, credential: Credential) -> Sequence[tuple[Leaked, datetime]]:
    if credential.kind is Kind.AWS_ACCESS_KEY:
        from responder.providers.aws.standing import standing as aws  # noqa: PLC0415  # SDKs when needed

        return aws(connections, credential.user)
    from responder.providers.modal.standing import standing as modal  # noqa: PLC0415

    return modal(connections, credential.service_user)


def _several(live: Sequence[tuple[Leaked, datetime]]) -> str:
    told = [
        f"{getattr(one, 'name', '') or one.identifier} (made {at:%Y-%m-%d %H:%M} UTC)" for one, at in live
    ]
    return f"Several are live: {' and '.join(told)}. Which of them is in use cannot be told from here."


def _which(live: Sequence[tuple[Leaked, datetime]]) -> str:
    if isinstance(live[0][0], LeakedAccessKey):
        choices = " or ".join(f"--delete-key {one.identifier}" for one, _ in live)
        return f"Say which one goes: {choices}"
    return "Delete the one that nothing uses: modal workspace service-users delete NAME"


def exposure(inventory: Inventory, credential: Credential, live: Standing, now: datetime) -> Exposure:
    """All that the playbook of a rotation is given."""
    overlap = round(credential.overlap.total_seconds())
    current = live.leaked.model_copy(update={"overlap": overlap})
    return inventory.exposure(SOURCE, now, [current]).model_copy(update={"scheduled": True})


def as_found(leaked: Leaked, kind: Kind) -> Found:
    """As what is looked up whether it is the operator's own."""
    kept = Kind.MODAL_TOKEN if kind is Kind.MODAL_SERVICE_USER else kind
    return Found(kind=kept, identifier=leaked.identifier)
