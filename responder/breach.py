"""What a platform that was broken into had of ours, and what of it lives: asked of every provider at once."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Final, Literal, TypeAlias

from responder.access import Access
from responder.action import Connections
from responder.discover import Survey
from responder.errors import InputError, ProviderError, UnavailableError
from responder.exposure import Exposure, Leaked, LeakedAccessKey, LeakedServiceUser
from responder.found import Found, Kind
from responder.inventory import Credential, Inventory
from responder.places import Discovered
from responder.questions import Answer, Questions
from responder.rotation import by_hand

__all__ = ["PLATFORMS", "Breach", "LeftOut", "Platform", "Stock", "placed", "take_stock"]

Platform: TypeAlias = Literal["github", "modal"]
PLATFORMS: Final[tuple[Platform, ...]] = ("github", "modal")
PATIENCE: Final = 60.0  # seconds, for all answers together
AT_ONCE: Final = 16  # questions

Live: TypeAlias = Sequence[tuple[Leaked, datetime]]  # each with the time that it was made


@dataclass(frozen=True)
class Breach:
    """`since` is when the platform was broken into, `until` when it was safe again, where that is known."""

    platform: Platform
    since: datetime | None
    until: datetime | None
    chosen: str = ""  # ids of access keys that may be deleted to make room, with commas between

    @property
    def source(self) -> str:
        return f"the breach of {'GitHub' if self.platform == 'github' else 'Modal'}"


@dataclass(frozen=True)
class LeftOut:
    """A credential that the run does not replace: it stays exposed, and whoever reads the run is told."""

    credential: Credential
    why: str  # and what to do about it

    def as_found(self) -> Found:
        return Found(
            kind=self.credential.kind, identifier=self.credential.name, life="unknown", note=self.why
        )


@dataclass(frozen=True)
class Stock:
    """All that is placed on the platform: what a run replaces, what it cannot, and what came after."""

    exposed: tuple[Leaked, ...]
    left_out: tuple[LeftOut, ...]
    later: tuple[str, ...]  # names of credentials whose every value was made after the breach
    by_hand: tuple[str, ...] = ()  # what else is there, and no inventory knows; a sentence or two each

    def exposure(self, inventory: Inventory, breach: Breach, now: datetime) -> Exposure:
        """What the playbook is given. What is left out is in it as what nobody could contain."""
        left = [one.as_found() for one in self.left_out]
        made = inventory.exposure(breach.source, now, self.exposed, left)
        access = Access(by_hand=self.by_hand)
        return made.model_copy(update={"since": breach.since or made.since, "access": access})


def placed(inventory: Inventory, platform: Platform) -> list[Credential]:
    """The credentials of the inventory that the platform holds.

    Raises:
        InputError: there is none.
    """
    found = [
        one
        for one in inventory.credentials.values()
        if (one.at_github if platform == "github" else one.modal_secrets)
    ]
    if not found:
        where = "secret of GitHub's" if platform == "github" else "Modal Secret"
        raise InputError(
            f"respond.toml places no credential in a {where}.",
            next_step="`respond inventory discover` finds what is placed where.",
        )
    return found


def take_stock(connections: Connections, inventory: Inventory, breach: Breach) -> Stock:
    """Every provider is asked what lives of each credential. What cannot be asked is left out, and said.

    Raises:
        InputError: nothing is placed there.
        UnavailableError: no provider answered, or not who we ourselves are.
    """
    questions = Questions(PATIENCE, AT_ONCE)
    wanted = placed(inventory, breach.platform)
    survey = Survey(connections, inventory.repositories, services=[breach.platform], without=_apps(inventory))
    own = questions.ask("what we are signed in with", _own, connections)
    told = _asked(questions, connections, wanted)
    exposed: list[Leaked] = []
    left_out: list[LeftOut] = []
    later: list[str] = []
    ours = own.get()
    for credential, answer in zip(wanted, told, strict=True):
        match _reading(credential, answer, breach, ours or ()):
            case str(why):
                left_out.append(LeftOut(credential, why))
            case []:
                later.append(credential.name)
            case found:
                exposed += found
    if not exposed and left_out:
        raise UnavailableError(
            f"Nothing that is placed at {breach.platform} can be replaced from here: {left_out[0].why}",
            next_step="`respond doctor` says what is wrong.",
        )
    by_hand = tuple(unknown(inventory, survey.result(), breach.platform))
    return Stock(tuple(exposed), tuple(left_out), tuple(later), by_hand)


def _apps(inventory: Inventory) -> set[tuple[str, str]]:
    """About which nothing has to be asked."""
    return {(one.environment, one.app) for one in inventory.workloads}


def unknown(inventory: Inventory, discovered: Discovered, platform: Platform) -> Iterator[str]:
    """What the platform holds and no inventory knows, by name: exposed too, and for people to replace."""
    known = {
        (place.repository, place.environment, name.upper())
        for place in inventory.at_github
        for name in (place.identifier_key, place.secret_key)
    } | {
        (place.environment, place.secret, name)
        for place in inventory.modal_secrets
        for name in (place.identifier_key, place.secret_key)
    }
    held = _at_github(discovered) if platform == "github" else _at_modal(discovered)
    by_place: dict[str, set[str]] = {}
    for where, key in held:
        if key not in known:
            by_place.setdefault(where, set()).add(key[-1])
    for where, names in by_place.items():
        yield (
            f"{where}: {', '.join(sorted(names))}. No inventory knows what this opens: make each anew at its "
            "provider, write it there, revoke the old one."
        )
    for unread in discovered.unread:
        yield f"Not looked at, and exposed too: {unread.rstrip('.')}."


def _at_github(discovered: Discovered) -> Iterator[tuple[str, tuple[str, str, str]]]:
    """Variables are no secrets. An organisation's are told once, whichever of its repositories have them."""
    for one in discovered.github_secrets:
        owner = one.repository.partition("/")[0]
        match one.holder:
            case "environment":
                where = f"GitHub environment {one.environment} of {one.repository}"
            case "repository":
                where = f"GitHub repository {one.repository}"
            case _:
                where = f"GitHub organisation {owner}"
        if not one.variable:
            repository = owner if one.holder == "organisation" else one.repository
            yield where, (repository, one.environment, one.name.upper())


def _at_modal(discovered: Discovered) -> Iterator[tuple[str, tuple[str, str, str]]]:
    for one in discovered.modal_secrets:
        for key in one.keys:
            yield f"Modal Secret {one.environment}/{one.name}", (one.environment, one.name, key)


def _own(connections: Connections) -> tuple[str, ...]:
    """Public ids of what this session works with; what it has nothing for, it cannot lose."""
    from responder.providers.aws.connection import operator_key_id  # noqa: PLC0415  # SDKs when needed
    from responder.providers.modal.connection import operator_token_id  # noqa: PLC0415

    found = []
    for ask in (operator_key_id, operator_token_id):
        try:
            found.append(ask(connections))
        except ProviderError:
            continue
    return tuple(found)


Told: TypeAlias = tuple[Live | None, str]  # what lives, or None and why that is not known


def _asked(questions: Questions, connections: Connections, wanted: Sequence[Credential]) -> list[Told]:
    """In their order. A user's keys are a question each; Modal tells of all service users at once."""
    from responder.providers.aws.standing import standing  # noqa: PLC0415
    from responder.providers.modal.standing import service_users  # noqa: PLC0415

    keys = {
        one.user: questions.ask(f"the access keys of {one.user}", partial(standing, connections, one.user))
        for one in wanted
        if one.kind is Kind.AWS_ACCESS_KEY
    }
    of_modal: Answer[Live] | None = None
    if any(one.kind is Kind.MODAL_SERVICE_USER for one in wanted):
        of_modal = questions.ask("the service users of the workspace", service_users, connections)
    users = of_modal.get() if of_modal else None

    def told(one: Credential) -> Told:
        if one.kind is Kind.AWS_ACCESS_KEY:
            return keys[one.user].get(), _why(questions, f"the access keys of {one.user}")
        if one.kind is not Kind.MODAL_SERVICE_USER:
            return None, f"No run can make a fresh {one.kind}: {by_hand(one)}"
        if users is None:
            return None, _why(questions, "the service users of the workspace")
        return [pair for pair in users if getattr(pair[0], "base", "") == one.service_user], ""

    return [told(one) for one in wanted]


def _why(questions: Questions, what: str) -> str:
    said = next((one for one in questions.unread if one.startswith(f"{what}: ")), f"{what}: no answer")
    return f"Not known: {said.rstrip('.')}. `respond doctor` says what is wrong."


def _reading(
    credential: Credential, told: Told, breach: Breach, own: Collection[str]
) -> Sequence[Leaked] | str:
    """What of it is exposed, or why it has to be left out. Of several that live each is taken for exposed."""
    live, why = told
    if live is None:
        return why
    if not live:
        whose = credential.user or credential.service_user
        return f"No live {credential.kind} of {whose} was found: mend respond.toml."
    found = [leaked for leaked, at in live if breach.until is None or at <= breach.until]
    if mine := next((one.identifier for one in found if one.identifier in own), None):
        return f"{mine} is what this session works with: sign in as somebody else, and type it again."
    roles = {tuple(sorted(one.roles.items())) for one in found if isinstance(one, LeakedServiceUser)}
    if len(roles) > 1:
        names = " and ".join(getattr(one, "name", one.identifier) for one in found)
        return (
            f"{names} live, with different roles: which are right, a person must say. Delete the one that "
            "nothing uses (modal workspace service-users delete NAME), and type it again."
        )
    return _kept_first(found, breach.chosen)


def _kept_first(found: list[Leaked], chosen: str) -> list[Leaked]:
    """The one that stays until there is a fresh one stands for the credential; a chosen one goes before."""
    doomed = {one.strip() for one in chosen.split(",")} - {""}
    return sorted(found, key=lambda one: isinstance(one, LeakedAccessKey) and one.identifier in doomed)
