"""How a rotation ended: for a person, for a machine, and for the page of a GitHub job."""

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final, Literal, TypeAlias, get_args

from responder.cli.desk import Desk
from responder.duration import in_words
from responder.errors import Exit, RespondError
from responder.rotation import Turn

STEP_SUMMARY: Final = "GITHUB_STEP_SUMMARY"

Ending: TypeAlias = Literal["rotated", "overlap", "unfinished", "skipped", "planned", "by_hand"]

_WORST: Final = (Exit.INCOMPLETE, Exit.UNAVAILABLE, Exit.REFUSED)


@dataclass(frozen=True)
class Entry:
    """What became of one credential. `old` and `fresh` are identifiers; `code` is what it asks for."""

    credential: str
    ending: Ending
    code: Exit = Exit.DONE
    run: str = ""
    old: str = ""
    fresh: str = ""
    tried: bool = False  # that the old one is dead was proven by trying it, not by its provider's word alone
    until: datetime | None = None  # the old one lives on beside the fresh one
    why: str = ""
    state: str = ""
    next_step: str = ""

    @property
    def words(self) -> str:
        """What there is to say beside the name, one sentence or two."""
        match self.ending:
            case "rotated":
                return f"Replaced by {self.fresh}; the old one, {self.old}, is gone{self._proof}."
            case "overlap":
                until = f"{self.until:%Y-%m-%d %H:%M} UTC" if self.until else "later"
                return f"Replaced; the old one lives on until {until}, then the next start retires it."
            case "planned":
                return f"Would be replaced: {self.old}."
        return " ".join(filter(None, (self.why, self.next_step)))

    @property
    def _proof(self) -> str:
        return "" if self.tried else ", by its provider's list: without its secret it could not be tried"

    def as_json(self) -> dict[str, Any]:
        told = {
            "credential": self.credential,
            "run": self.run,
            "old": self.old,
            "fresh": self.fresh,
            "until": self.until.isoformat() if self.until else "",
            "old_proven_dead_by": ("trying" if self.tried else "list") if self.ending == "rotated" else "",
            "why": self.why,
            "state": self.state,
            "next_step": self.next_step,
        }
        return {name: value for name, value in told.items() if value}


@dataclass(frozen=True)
class Result:
    entries: Sequence[Entry]
    upcoming: Turn | None  # whose turn comes next
    now: datetime

    @property
    def code(self) -> Exit:
        """The worst of what the credentials ask for."""
        return next((code for code in _WORST if any(one.code is code for one in self.entries)), Exit.DONE)

    @property
    def headline(self) -> str:
        done = [one for one in self.entries if one.ending not in ("skipped", "by_hand")]
        parts = [] if done else ["Nothing is due."]
        if self.upcoming and self.upcoming.due:
            left = self.upcoming.due - self.now
            when = f"in {in_words(_rounded(left))}" if left.total_seconds() > 0 else "now"
            by_hand = "" if self.upcoming.replaceable else " (by hand)"
            parts.append(
                f"Next: {self.upcoming.name}{by_hand} on {self.upcoming.due:%Y-%m-%d %H:%M} UTC, {when}."
            )
        elif not done and not self.entries:
            parts.append("No credential in respond.toml has a max_age that a run could keep.")
        return " ".join(parts)

    def lines(self) -> Iterator[str]:
        for one in self.entries:
            where = f" (run {one.run})" if one.run else ""
            yield f"{one.credential}: {one.words}{where}"
        if self.headline:
            yield self.headline

    def as_json(self) -> str:
        """One object, whose lists are there also where they are empty."""
        found: dict[str, Any] = {
            ending: [one.as_json() for one in self.entries if one.ending == ending]
            for ending in get_args(Ending)
        }
        due = self.upcoming.due if self.upcoming else None
        found["next"] = (
            {"credential": self.upcoming.name, "at": due.isoformat()} if self.upcoming and due else None
        )
        found["runs"] = list(dict.fromkeys(one.run for one in self.entries if one.run))
        found["exit_code"] = self.code.value
        return json.dumps(found, ensure_ascii=False)

    def as_markdown(self) -> str:
        from responder.report.markdown import escaped  # noqa: PLC0415  # not for --help

        text = ["### respond rotate", ""]
        if self.entries:
            text += ["| Credential | | |", "| --- | --- | --- |"]
            text += [
                f"| {escaped(one.credential)} | {one.ending.replace('_', ' ')} | {escaped(one.words)} |"
                for one in self.entries
            ]
            text.append("")
        return "\n".join([*text, escaped(self.headline), ""])


def failure(error: RespondError) -> str:
    """As `Result.as_json`, of a start that did not come to any credential."""
    told = json.loads(Result([], None, datetime.now(UTC)).as_json())
    why = {"code": error.code, "why": error.what, "state": error.state, "next_step": error.next_step}
    return json.dumps({**told, "error": why, "exit_code": error.exit_code.value}, ensure_ascii=False)


def tell(desk: Desk, result: Result, environ: Mapping[str, str] = os.environ, *, as_json: bool) -> int:
    """Say it, wherever somebody may read it; gives the exit code."""
    import click  # noqa: PLC0415

    if as_json:
        click.echo(result.as_json())
    else:
        for line in result.lines():
            click.echo(line)
    if path := environ.get(STEP_SUMMARY):
        try:
            with Path(path).open("a", encoding="utf-8") as page:
                page.write(result.as_markdown())
        except OSError as error:
            desk.tell("rotate.no_summary", f"{path} could not be written: {error.strerror}.", warning=True)
    return result.code


def _rounded(left: timedelta) -> timedelta:
    """To what a person wants to know of so long a time."""
    seconds = left.total_seconds()
    size = next((size for size in (86400, 3600, 60) if seconds >= size), 1)
    return timedelta(seconds=round(seconds / size) * size)
