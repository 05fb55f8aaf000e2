"""What an inventory leaves out because the place of a table says it: names, and the usual repository."""

from dataclasses import dataclass, field
from typing import Any, TypeAlias

from responder.inventory.errors import Mistake
from responder.inventory.lines import KeyPath

Table: TypeAlias = dict[str, Any]


def fill(raw: Table, mistakes: list[Mistake]) -> Table:
    """A copy of `raw` with these; what is not of the right shape stays so, for the shape's own check."""
    github = raw.get("github")
    repository = github.get("repository") if isinstance(github, dict) else None
    filler = _Filler({"repository": repository} if repository else {}, mistakes)
    return {
        **raw,
        **{
            key: {name: each((key, name), entry) for name, entry in raw[key].items()}
            for key, each in (
                ("credentials", filler.credential),
                ("workloads", filler.workload),
                ("people", filler.person),
            )
            if isinstance(raw.get(key), dict)
        },
    }


@dataclass(frozen=True)
class _Filler:
    usual: Table  # for tables that name a repository
    mistakes: list[Mistake] = field(default_factory=list)

    def credential(self, path: tuple[str, str], entry: object) -> object:
        if not isinstance(entry, dict):
            return entry
        filled = self._with(path, entry, name=path[1])
        for key, usual in (
            ("modal_secrets", {}),
            ("github_environments", self.usual),
            ("github_repositories", self.usual),
        ):
            if isinstance(places := entry.get(key), list):
                filled[key] = [
                    {**usual, **self._with((*path, key, index), place, credential=path[1])}
                    if isinstance(place, dict)
                    else place
                    for index, place in enumerate(places)
                ]
        return filled

    def person(self, path: tuple[str, str], entry: object) -> object:
        """A person has the same name everywhere unless it says otherwise."""
        if not isinstance(entry, dict):
            return entry
        return {"modal": path[1], "github": path[1], **self._with(path, entry, name=path[1])}

    def workload(self, path: tuple[str, str], entry: object) -> object:
        if not isinstance(entry, dict):
            return entry
        filled = self._with(path, entry, name=path[1])
        if isinstance(workflow := entry.get("workflow"), dict):
            filled["workflow"] = {**self.usual, **workflow}
        return filled

    def _with(self, path: KeyPath, table: Table, **by_place: str) -> Table:
        self.mistakes.extend(
            Mistake((*path, key), f"`{key}` is given by the table's own name: leave it out.")
            for key in by_place.keys() & table.keys()
        )
        return {**table, **by_place}
