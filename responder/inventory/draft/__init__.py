"""A first `respond.toml` from what the services say. A guess says why; what nobody can know is asked."""

from responder.inventory.document import CHOOSE
from responder.inventory.draft.credentials import guess_credentials
from responder.inventory.draft.workloads import guess_workloads
from responder.inventory.draft.write import written
from responder.places import Discovered

__all__ = ["CHOOSE", "draft"]


def draft(discovered: Discovered, repository: str, today: str) -> str:
    """The file's text: a valid inventory, in which each answer to give stands after `CHOOSE`.

    Args:
        discovered: what is there.
        repository: owner/name, meant wherever none is given; may be empty.
        today: for the file's first line.
    """
    credentials = guess_credentials(discovered)
    workloads = guess_workloads(discovered, credentials)
    return written(discovered, repository, today, credentials, workloads)
