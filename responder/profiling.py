"""From credentials in a text to all that can be said of each, asked at once and never waited for long."""

from concurrent.futures import Future
from dataclasses import replace
from typing import Final, TypeVar

from responder.action import Connections
from responder.exposure import Leaked
from responder.found import Found, Kind
from responder.identify import Asking, identified, own, reason
from responder.inventory import Inventory
from responder.profile import Facts, Profile, Strayed
from responder.sources import Material

__all__ = ["profiles", "strayed"]

T = TypeVar("T")

PATIENCE: Final = 8.0  # seconds for all that is asked
OWN: Final = "It is what `respond` itself is signed in with: sign in as somebody else before you contain it."
_WORDS: Final = {
    Kind.AWS_ACCESS_KEY: "AWS access key",
    Kind.AWS_SESSION: "AWS session (temporary credentials)",
    Kind.MODAL_TOKEN: "Modal token",
    Kind.MODAL_PROXY_TOKEN: "Modal proxy token",
    Kind.GITHUB_TOKEN: "GitHub token",
}


def profiles(
    connections: Connections, inventory: Inventory, material: Material, *, probe: bool
) -> list[Profile]:
    """A profile of each credential, in the source's order. Nothing that was found is dropped.

    Args:
        connections: the operator's.
        inventory: may be empty.
        material: what was read.
        probe: the leaked credentials themselves may be used to ask about them. Without it they are not even
            handed to what asks. When they were last used is when they were before that.
    """
    before = profiles(connections, inventory, material, probe=False) if probe else []
    asking = Asking(PATIENCE)
    ours = own(connections, material.found)
    asked = []
    for one in material.found:
        used = one if probe else replace(one, secret=None, session_token=None)
        identity = asking.ask(identified, connections, used, False)  # noqa: FBT003  # no session is got
        asked.append((one, identity, asking.ask(_facts, connections, one, identity, probe)))
    found = []
    for one, identity, facts in asked:
        who, said = _answer(asking, identity), _answer(asking, facts)
        gaps = dict.fromkeys(why for why in (who, said) if isinstance(why, str))
        told = Facts(what=_WORDS[one.kind]) if isinstance(said, str) else said
        told = told.model_copy(update={"untold": (*gaps, *told.untold)})
        known = one if isinstance(who, str) else who
        profile = _profile(one, known, told, material, inventory, ours=one.identifier in ours)
        found.append(profile.model_copy(update={"answered": not isinstance(who, str)}))
    uses = [one.model_dump(include={"never_used", "last_used", "last_used_where"}) for one in before]
    return [one.model_copy(update=use) for one, use in zip(found, uses, strict=True)] if probe else found


def strayed(material: Material) -> list[Strayed]:
    """What stands in the source and is no whole credential."""
    lone = [
        Strayed(kind=one.kind, where=material.where[one.identifier], what=one.note) for one in material.lone
    ]
    return [*lone, *(Strayed(kind=cut.kind, where=cut.where, what=cut.what) for cut in material.fragments)]


def _answer(asking: Asking, future: "Future[T]") -> T | str:
    """The reason, as a text, where there is none."""
    try:
        return asking.answer(future)
    except Exception as error:  # noqa: BLE001  # one provider's trouble must not hold up the others
        return reason(error, PATIENCE)


def _facts(
    connections: Connections,
    one: Found,
    identity: "Future[Leaked | Found]",
    probe: bool,  # noqa: FBT001
) -> Facts:
    """What more the provider says of what it has been identified as; nothing of what it does not know."""
    known = identity.result()
    tried = probe and one.secret is not None
    if one.kind is Kind.GITHUB_TOKEN:
        from responder.providers.github.profile import facts as github  # noqa: PLC0415  # SDKs only when needed

        return github(connections, one, known.life, getattr(known, "login", ""), tried=tried)
    if isinstance(known, Found):
        untold = ("Whose it is, and so what it may do.",)
        return Facts(what=_WORDS[one.kind], untold=untold, life_by="asked with it" if tried else "")
    if one.kind in (Kind.AWS_ACCESS_KEY, Kind.AWS_SESSION):
        from responder.providers.aws.profile import facts as aws  # noqa: PLC0415

        return aws(connections, known, tried=tried)
    from responder.providers.modal.profile import facts as modal  # noqa: PLC0415

    return modal(connections, known, tried=tried)


def _profile(
    one: Found,
    known: Leaked | Found,
    told: Facts,
    material: Material,
    inventory: Inventory,
    *,
    ours: bool,
) -> Profile:
    name = inventory.match(known) if isinstance(known, Leaked) else None
    credential = inventory.credentials[name] if name else None
    notes = [known.note, OWN if ours else ""]
    return Profile(
        **told.model_dump(),
        kind=credential.kind if credential else one.kind,
        identifier=one.identifier,
        where=material.where[one.identifier],
        secret_seen=one.secret is not None,
        credential=name or "",
        life=known.life,
        note=" ".join(filter(None, notes)),
        placements=credential.places if credential else (),
        workloads=tuple(
            f"{one.app} in {one.environment}"
            + (" runs with it" if name in one.runs_with else " is deployed with it")
            for one in inventory.workloads
            if name and name in {*one.runs_with, *one.deployed_with}
        ),
    )
