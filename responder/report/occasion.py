"""What a run was for, in the words of its report: not everything that is contained has leaked."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any, Final

from responder.engine.state import is_rotation

__all__ = ["NO_PLACES", "Occasion", "occasion_of", "seen_in"]

# Sources that name no place, and how they are told.
NO_PLACES: Final = {
    "command line": "named on the command line",
    "standard input": "given on standard input",
    "a paste": "given as a paste",
}
_EYEBROWS: Final = {
    "rotate": "Rotation on schedule",
    "setup": "Setup",
    "offboard": "A person leaves",
    "device-loss": "Incident report",
    "breach": "Incident report",
    "evict": "Removal of what a review found",
}
_NO_INCIDENTS: Final = ("rotate", "setup", "offboard", "evict")
_HAPPENED: Final = (
    "rotate",
    "setup",
    "offboard",
    "device-loss",
    "breach",
    "evict",
)  # their source is no place


@dataclass(frozen=True)
class Occasion:
    """`playbook` is its name; `source` where or by what the credentials were exposed."""

    playbook: str
    source: str

    @property
    def is_incident(self) -> bool:
        return self.playbook not in _NO_INCIDENTS

    @property
    def leaked(self) -> bool:
        """Values were seen somewhere; else something happened by which credentials count as exposed."""
        return self.playbook not in _HAPPENED

    @property
    def where(self) -> str:
        """Of a credential that is exposed: "leaked in prod.env", "exposed by the breach of GitHub"."""
        return f"{'leaked in' if self.leaked else 'exposed by'} {self.source}"

    @property
    def eyebrow(self) -> str:
        return _EYEBROWS.get(self.playbook, "Incident report")

    def title(self, names: str, run: str) -> str:
        """`names`: of the credentials, as a listing."""
        if self.playbook == "evict":
            return f"Removal of what {self.source} found"
        if self.playbook == "setup":
            return "Setup"
        if self.playbook == "rotate":
            return f"Rotation of {names}"
        if not self.leaked:
            happened = self.source.removeprefix("the ")
            return f"{happened[0].upper()}{happened[1:]}"
        if not names:
            return f"Run {run}"
        return f"Leak of {names}"

    def exposed(self, words: list[str], listed: str) -> str:
        """What happened, in half a sentence: which credentials (also as a listing), and where or by what."""
        if self.playbook == "evict":
            return f"what {self.source} found was to be removed"
        if self.playbook == "setup":
            return "what respond.toml describes and was not there was set up"
        many = f"{len(words)} {'credential' if len(words) == 1 else 'credentials'}"
        if not self.leaked:
            counted = "counts" if len(words) == 1 else "count"
            return f"{many} {counted} as exposed by {self.source}{f': {listed}' if words else ''}"
        was = "was" if len(words) == 1 else "were"
        where = NO_PLACES.get(self.source) or f"found in {self.source}"
        return f"{len(words)} exposed {many.partition(' ')[2]} {was} {where}{f': {listed}' if words else ''}"


def seen_in(source: str) -> str:
    """Where something was seen, to stand after it: " in prod.env", ", named on the command line"."""
    return f", {NO_PLACES[source]}" if source in NO_PLACES else f" in {source}"


def occasion_of(started: Mapping[str, Any]) -> Occasion:
    """Of a run, by what it was started with."""
    name = PurePath(str(started.get("playbook", {}).get("name", ""))).stem
    if is_rotation(started) and name != "setup":
        name = "rotate"
    return Occasion(name, str(started["exposure"]["source"]))
