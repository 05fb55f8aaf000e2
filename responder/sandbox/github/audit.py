"""An organisation's audit log, which GitHub keeps for everybody and shows to Enterprise Cloud alone."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Audited:
    """One event; `action` is GitHub's word.

    https://docs.github.com/organizations/keeping-your-organization-secure/managing-security-settings-for-your-organization/audit-log-events-for-your-organization
    """

    id: str
    action: str
    actor: str
    repository: str
    at: float
    about: str = ""
    """What else is to be told: an invited login, a key's title."""
