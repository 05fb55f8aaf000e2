"""Who belongs to an organisation, and its teams: what they may review, and which repositories they open."""

from dataclasses import dataclass, field
from typing import Literal

OrgRole = Literal["admin", "member"]  # the API's word for an owner is admin
TeamRole = Literal["maintainer", "member"]


@dataclass
class Team:
    id: int
    name: str
    slug: str
    members: dict[str, TeamRole] = field(default_factory=dict)  # by login; those of its children are not here
    children: list["Team"] = field(default_factory=list)

    def everyone(self) -> list[str]:
        """GitHub counts the members of child teams among a team's own."""
        below = (login for child in self.children for login in child.everyone())
        return list(dict.fromkeys([*self.members, *below]))


@dataclass
class People:
    """Of an organisation."""

    members: dict[str, OrgRole] = field(default_factory=dict)  # by login
    teams: dict[str, Team] = field(default_factory=dict)  # by slug

    def by_id(self, number: int) -> Team | None:
        return next((team for team in self.teams.values() if team.id == number), None)

    def forget(self, login: str) -> None:
        """Out of the organisation is out of its teams."""
        self.members.pop(login, None)
        for team in self.teams.values():
            team.members.pop(login, None)
