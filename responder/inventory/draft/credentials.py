"""From secrets with telling names, IAM users and service users to credentials and their placements."""

from collections.abc import Iterable

from responder.exposure import base_of
from responder.found import Kind
from responder.inventory.document import CHOOSE
from responder.inventory.draft.guess import Guess, GuessedCredential, fresh_name
from responder.places import Discovered, Family, IamUser, Place

_NOWHERE = "Where it is kept was not found: no secret that was read has a name for it."


def guess_credentials(discovered: Discovered) -> list[GuessedCredential]:
    """Those that are placed somewhere, then what nobody knows where to find: service users, proxy tokens."""
    found: dict[str, GuessedCredential] = {}
    # Half a pair, and what no run can fill, is for people to see to: it stands in the file as a note.
    places = [place for place in discovered.places() if can_be_filled(place)]
    _aws(discovered, places, found)
    _modal(discovered, places, found)
    for token in discovered.proxy_tokens:
        name = fresh_name(token.name or f"proxy-{token.token_id[-4:]}", found)
        found[name] = GuessedCredential(name, Kind.MODAL_PROXY_TOKEN, Guess(token.token_id))
    return list(found.values())


def can_be_filled(place: Place) -> bool:
    return place.holder in {"secret", "environment", "repository"} and len(place.names) == 2  # noqa: PLR2004  # a pair


def candidates(discovered: Discovered) -> tuple[IamUser, ...]:
    """IAM users with a key that works, without the operator's own."""
    return tuple(u for u in discovered.iam_users if u.active and ("aws", u.name) not in discovered.ours)


def described(user: IamUser) -> str:
    keys = (
        f"{key.access_key_id} made {key.created_at:%Y-%m-%d}, {key.last_used or 'last use unknown'}"
        for key in user.active
    )
    return f"{user.name}: {'; '.join(keys)}"


def _aws(discovered: Discovered, places: Iterable[Place], found: dict[str, GuessedCredential]) -> None:
    groups: dict[tuple[str, ...], list[Place]] = {}
    for place in places:
        if place.family is Family.AWS:
            groups.setdefault(_one_key(place), []).append(place)
    users = tuple(described(user) for user in candidates(discovered))
    for group in groups.values():
        first = group[0]
        name = fresh_name(first.secret or f"aws-{first.environment or 'repository'}", found)
        environments = " and ".join(place.environment for place in group)
        where = f"the Modal Secret {first.secret} of {environments}" if first.secret else first.label
        together = "GUESS: one key in all of these places, as the Secret has the same name in each. If not, "
        notes = (f"{together}make a credential of each.",) if len(group) > 1 else ()
        owner = Guess(f"{CHOOSE}: whose access key is in {where}?")
        found[name] = GuessedCredential(name, Kind.AWS_ACCESS_KEY, owner, users, group, notes)
    for user in () if groups else candidates(discovered):
        name = fresh_name(user.name, found)
        found[name] = GuessedCredential(name, Kind.AWS_ACCESS_KEY, Guess(user.name), notes=(_NOWHERE,))


def _one_key(place: Place) -> tuple[str, ...]:
    """A Modal Secret of one name in several environments is taken to hold one key; GitHub's each its own."""
    if place.holder == "secret":
        return ("modal", place.secret, *place.names)
    return ("github", place.repository, place.environment, *place.names)


def _modal(discovered: Discovered, places: Iterable[Place], found: dict[str, GuessedCredential]) -> None:
    by_user: dict[str, GuessedCredential] = {}
    for place in places:
        if place.family is not Family.MODAL:
            continue
        owner, names = _service_user(discovered, place)
        known = None if owner.is_open else by_user.get(owner.value)
        if known is None:
            name = fresh_name(
                f"modal-{place.environment or 'repository'}" if owner.is_open else owner.value, found
            )
            known = GuessedCredential(name, Kind.MODAL_SERVICE_USER, owner, names)
            found[name] = known
            if not owner.is_open:
                by_user[owner.value] = known
        known.places.append(place)
    for user in sorted({base_of(one.name) for one in discovered.service_users} - by_user.keys()):
        if ("modal", user) in discovered.ours or any(user in one.candidates for one in found.values()):
            continue
        name = fresh_name(user, found)
        found[name] = GuessedCredential(name, Kind.MODAL_SERVICE_USER, Guess(user), notes=(_NOWHERE,))


def _service_user(discovered: Discovered, place: Place) -> tuple[Guess, tuple[str, ...]]:
    """By what may deploy, and did, into the Modal environment that is called as the place's."""
    here = place.environment
    able = {base_of(one.name) for one in discovered.service_users if here in one.roles}
    did = {base_of(a.deployed_by) for a in discovered.modal_apps if a.environment == here and a.deployed_by}
    likely = able & did or able
    if place.holder == "environment" and len(likely) == 1:
        why = f"it is the only service user with a role in the Modal environment {here}"
        if able & did:
            why = f"it deployed what runs in the Modal environment {here}"
        return Guess(likely.pop(), why), ()
    question = f"{CHOOSE}: which service user's token is in {place.label}?"
    return Guess(question), tuple(sorted({base_of(one.name) for one in discovered.service_users}))
