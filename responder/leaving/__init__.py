"""A person leaves, or has lost a device: what the playbooks for that are given."""

from datetime import datetime

from responder.access import Access
from responder.action import Connections
from responder.exposure import Exposure, Leaked, base_of
from responder.found import Kind
from responder.inventory import Inventory
from responder.leaving.by_hand import farewell, handed_over, not_found, way_back
from responder.leaving.holdings import AtGithub, Held, held

__all__ = ["AtGithub", "Held", "device_loss", "held", "offboarding"]


def offboarding(connections: Connections, inventory: Inventory, found: Held, now: datetime) -> Exposure:
    """What the playbook `offboard` is given: theirs is taken away, and what they knew of CI's is replaced."""
    from responder.providers.modal.standing import standing  # noqa: PLC0415

    ours = [one for one in inventory.credentials.values() if one.kind is Kind.MODAL_SERVICE_USER]
    users: list[Leaked] = [user for one in ours for user, _ in standing(connections, one.service_user)]
    exposure = inventory.exposure(
        f"the offboarding of {found.person.name}",
        now,
        [*found.member_tokens, *found.access_keys, *users],
    )
    known = {one.service_user for one in ours}
    strange = [name for name in found.service_users if base_of(name) not in known]
    access = Access(
        roles=found.roles,
        reviews=found.at_github.reviews,
        iam_users=found.iam_users,
        repositories=found.at_github.repositories,
        by_hand=(
            *not_found(found, inventory),
            *handed_over(found, strange),
            *farewell(found.person),
        ),
    )
    return exposure.model_copy(update={"access": access})


def device_loss(inventory: Inventory, found: Held, since: datetime, now: datetime) -> Exposure:
    """What the playbook `device-loss` is given: all that lived on the device is exposed since then."""
    exposure = inventory.exposure(
        f"the lost device of {found.person.name}", now, [*found.member_tokens, *found.access_keys]
    )
    access = Access(
        iam_users=found.iam_users,
        logins=(found.person.github,) if found.at_github.any else (),
        by_hand=(*not_found(found, inventory), *way_back(found)),
    )
    return exposure.model_copy(update={"since": since, "access": access})
