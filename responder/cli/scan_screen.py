"""What `respond scan` shows: places, never values."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from responder.secret import redact

if TYPE_CHECKING:
    from rich.console import Console

    from responder.providers.github.search import Searched
    from responder.review.history.forms import Value
    from responder.review.history.patterns import Finding
    from responder.review.history.purge import Advice
    from responder.review.history.sighting import Scan, Sighting

_MOST_PLACES: Final = 40  # of one value
_MOST_REFS: Final = 4
_MOST_SAID: Final = 10
_SHORT: Final = 10  # characters of a commit's id
_KINDS: Final = {
    "refs/heads/": "",
    "refs/tags/": "tag ",
    "refs/remotes/": "remote ",
    "refs/notes/": "notes ",
    "refs/stash": "the stash",
    "refs/pull/": "pull request ",
}


def searched(scan: "Scan", seconds: float) -> str:
    megabytes = (scan.object_bytes + scan.file_bytes) / 1e6
    more = len(scan.repositories) - 1
    within = f" and {more} repositor{'y' if more == 1 else 'ies'} within" if more else ""
    return (
        f"Searched {scan.repositories[0]}{within}: {scan.objects:,} objects and {scan.files:,} files, "
        f"{megabytes:,.0f} MB in {seconds:.1f} s."
    )


def show_sightings(out: "Console", scan: "Scan", values: Sequence["Value"]) -> None:
    secrets = {one.place for one in scan.leaks}
    for value in values:
        here = [one for one in scan.sightings if one.value == value.label]
        if not here:
            _line(out, f"not found  {value.label}", "green" if value.secret else "dim")
            continue
        if not value.secret and {one.place for one in here} <= secrets:
            _line(out, f"mentioned  {value.label}, where secrets are: above", "yellow")
            continue
        word = "FOUND      " if value.secret else "mentioned  "
        mark = f"  {value.fingerprint}" if value.secret and value.fingerprint not in value.label else ""
        _line(out, f"{word}{value.label}{mark}", "bold red" if value.secret else "yellow")
        for one in here[:_MOST_PLACES]:
            _show_place(out, one)
        if len(here) > _MOST_PLACES:
            _line(out, f"  … and {len(here) - _MOST_PLACES} more places; --sarif FILE has all.")


def show_pulls(out: "Console", scan: "Scan", values: Sequence["Value"]) -> None:
    found = {one.value for one in scan.sightings}
    none = "" if found else ", with nothing of it"
    _line(out, f"Searched what only pull requests have: {scan.objects:,} objects{none}.")
    show_sightings(out, scan, [value for value in values if value.label in found])


def _show_place(out: "Console", one: "Sighting") -> None:
    line = f", line {one.line}" if one.line else ""
    encoding = "" if one.encoding == "plain" else f" ({one.encoding})"
    names = {
        "history": "",
        "working tree": "file here: ",
        "untracked": "untracked file: ",
        "ignored": "ignored file: ",
        "git folder": "git's own file: ",
        "file name": "name of a file: ",
        "index": "staged: ",
        "dangling": "object ",
        "commit message": "message of commit ",
        "tag message": "message of tag ",
    }
    _line(out, f"  {names[one.where]}{one.place}{line}{encoding}", "bold")
    if one.commits:
        first = one.commits[0]
        more = f", and in {len(one.commits) - 1} later commits" if len(one.commits) > 1 else ""
        _said(
            out, f"since {first.at:%Y-%m-%d %H:%M %Z} by {first.author}, {first.id[:_SHORT]}{more}", " " * 6
        )
    if one.refs:
        _said(out, f"reached by {_refs(one.refs)}", " " * 6)
    elif one.kept:
        _said(out, f"kept by {one.kept}", " " * 6)


def _refs(names: Sequence[str]) -> str:
    shown = []
    for name in [one for one in names if one != "HEAD"] or names:
        prefix = next((prefix for prefix in _KINDS if name.startswith(prefix)), "")
        rest = name.removeprefix(prefix)
        shown.append(_KINDS.get(prefix, "") + (rest.removesuffix("/head") if "pull" in prefix else rest))
    more = len(shown) - _MOST_REFS
    return ", ".join(shown[:_MOST_REFS]) + (f" and {more} more" if more > 0 else "")


def show_findings(out: "Console", findings: Sequence["Finding"], judged: int, version: str) -> None:
    before = f"; {judged} judged before" if judged else ""
    if not findings:
        _line(out, f"By form, kingfisher {version} finds nothing{' new' if judged else ''}{before}.", "green")
        return
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    _line(out, f"By form, kingfisher {version} finds {len(findings)}{before}:", "bold red")
    table = Table(box=None, pad_edge=False)
    table.add_column("what", overflow="fold")
    table.add_column("where", overflow="fold")
    table.add_column("since", overflow="fold")
    for one in findings:
        since = f"{one.day} {one.author} {one.commit[:_SHORT]}" if one.commit else "in no commit"
        place = f"{one.path}, line {one.line}" if one.line else one.path
        table.add_row(Text(_plain(one.name)), Text(_plain(place)), Text(_plain(since)))
    out.print(table)


def show_on_github(out: "Console", repository: str, begin: datetime, searched: "Searched") -> None:
    since = f"{begin.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
    said = "; ".join(searched.looked_at) or "nothing could be read"
    _said(out, f"On GitHub, of {repository}, since {since}: {said}.")
    if not searched.seen:
        _line(out, "not found  on GitHub, in what was looked at", "green")
    for value, secret in dict.fromkeys((one.value, one.secret) for one in searched.seen):
        here = [one for one in searched.seen if one.value == value]
        word = "FOUND      " if secret else "mentioned  "
        _line(out, f"{word}{value}", "bold red" if secret else "yellow")
        for one in here[:_MOST_PLACES]:
            _line(out, f"  {one.what}{f': {one.place}' if one.place else ''}", "bold")
            _line(out, f"      {one.address}")
        if len(here) > _MOST_PLACES:
            _line(out, f"  … and {len(here) - _MOST_PLACES} more places; --sarif FILE has all.")


def show_not_looked_at(out: "Console", whys: Sequence[str]) -> None:
    for why in whys[:_MOST_SAID]:
        _said(out, f"Not looked at: {why}", style="yellow")
    if len(whys) > _MOST_SAID:
        more = len(whys) - _MOST_SAID
        _said(out, f"… and {more} more that were not looked at; --sarif FILE has all.", style="yellow")


def show_never(out: "Console", left: str) -> None:
    _said(out, f"Not in an ordinary clone: {left}.", style="dim")


def show_advice(out: "Console", advice: Iterable["Advice"]) -> None:
    for number, one in enumerate(advice):
        if not number:
            _said(out, "How to take it out, by hand; nothing of this is done from here:", style="bold")
        _said(out, one.what, "- ")
        for command in one.commands:
            _line(out, f"    {command}")


def _said(out: "Console", text: str, begin: str = "", style: str = "") -> None:
    """Prose, broken between words alone: addresses and commands stay whole."""
    import textwrap  # noqa: PLC0415

    wrapper = textwrap.TextWrapper(
        width=out.width,
        initial_indent=begin,
        subsequent_indent=" " * len(begin),
        break_long_words=False,
        break_on_hyphens=False,
    )
    for line in wrapper.wrap(_plain(text)):
        out.print(line, style=style, markup=False, soft_wrap=True)


def _line(out: "Console", text: str, style: str = "") -> None:
    """Whole: what is to be copied is not broken, and terminals wrap."""
    out.print(_plain(text), style=style, markup=False, soft_wrap=True)


def _plain(text: str) -> str:
    """Names in a repository are anybody's: none may steer the terminal."""
    return "".join(one if one.isprintable() else "\N{REPLACEMENT CHARACTER}" for one in redact(text))
