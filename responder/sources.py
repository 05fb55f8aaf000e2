"""Where a person says that the leak is, in whatever form they have it, read to what stands in it."""

import re
import shlex
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from responder.action import Connections
from responder.errors import InputError
from responder.exposure import Alert, Cut
from responder.found import Found
from responder.recognise import completed, recognise
from responder.recognise.arguments import FORMS, from_argument
from responder.recognise.commit import find_commit, read_commit
from responder.recognise.source import Part, Source, read_source

if TYPE_CHECKING:
    from responder.providers.github.reading import Read

__all__ = ["Material", "gathered", "read"]

_COMMIT: Final = re.compile(r"/commits?/([0-9a-f]{40})(?![0-9a-f])")
_ALERT: Final = re.compile(r"#?(\d{1,6})")


@dataclass(frozen=True)
class Material:
    """What was read, and the credentials in it.

    Args:
        source: where it was, for people.
        found: each credential once.
        where: identifier -> where it was seen first.
        lone: whole secrets without their identifiers, which only a fingerprint names.
        fragments: what is not whole.
        about: what GitHub says of it.
        alerts: of secret scanning, that were named.
        unread: what could not be read, and why.
        again: the arguments that read the same once more; None where only a person could.
    """

    source: str
    found: tuple[Found, ...] = ()
    where: Mapping[str, str] = field(default_factory=dict)
    lone: tuple[Found, ...] = ()
    fragments: tuple[Cut, ...] = ()
    about: tuple[str, ...] = ()
    alerts: tuple[Alert, ...] = ()
    unread: tuple[str, ...] = ()
    again: str | None = None


def gathered(source: str, parts: Iterable[Part], again: str | None = None) -> Material:
    """The credentials in the pieces of one source; halves go together only within a piece."""
    found: dict[str, Found] = {}
    where: dict[str, str] = {}
    lone: dict[str, Found] = {}
    cut: dict[Cut, None] = {}
    for part in parts:
        recognised = recognise(part.text)
        for one in recognised.found:
            found[one.identifier] = completed(found[one.identifier], one) if one.identifier in found else one
            where.setdefault(one.identifier, _place(part, recognised.lines[one.identifier]))
        for fragment in recognised.fragments:
            at = _place(part, fragment.line)
            if fragment.whole and fragment.secret:
                note = f"It is {fragment.what} ({at}), so nobody can say whose it is."
                identifier = fragment.secret.fingerprint
                lone.setdefault(identifier, Found(kind=fragment.kind, identifier=identifier, note=note))
                where.setdefault(identifier, at)
            else:
                cut[Cut(kind=fragment.kind, where=at, what=fragment.what)] = None
    of_others = {s.fingerprint for one in found.values() for s in (one.secret, one.session_token) if s}
    return Material(
        source=source,
        found=tuple(found.values()),
        where=where,
        lone=tuple(one for one in lone.values() if one.identifier not in of_others),
        fragments=tuple(cut),
        again=again,
    )


def read(
    arguments: Sequence[str],
    connections: Connections,
    *,
    file: Path | None = None,
    repository: str = "",
    folder: Path,
) -> Material:
    """What the arguments name: files, `-`, commits, addresses, alerts' numbers, public identifiers.

    Args:
        arguments: no message repeats one of them, as it may be a secret by mistake.
        connections: the operator's, for GitHub.
        file: a file whatever it is called.
        repository: owner/name, that an alert's number is of.
        folder: in whose repository commits are looked for.

    Raises:
        RefusedError: an argument is a secret.
        InputError: one is none of these, or cannot be read.
        UnavailableError: GitHub or git does not give it.
    """
    if file is not None and arguments:
        raise InputError(
            "Both a file and something else were given.",
            next_step="Give one of the two: --file FILE, or what else holds it.",
        )
    if file is not None:
        source = read_source(str(file))
        return _of_file(source, f"--file {shlex.quote(str(file))}")
    given = [
        _one(argument, number, connections, repository, folder)
        for number, argument in enumerate(arguments, 1)
    ]
    return given[0] if len(given) == 1 else _together(given)


def _one(argument: str, number: int, connections: Connections, repository: str, folder: Path) -> Material:
    value = argument.strip()
    if value == "-":
        return _of_file(read_source("-"), None)
    if value and _exists(folder / value):
        return _of_file(read_source(value), shlex.quote(value))
    if one := from_argument(argument, number):
        where = {one.identifier: "command line"}
        return Material("command line", (one,), where, again=one.identifier)
    if re.match(r"https?://", value):
        return _of_commit_here(value, folder) or _of_address(connections, value)
    if alert := _ALERT.fullmatch(value):
        return _of_alert(connections, repository, int(alert[1]))
    if value and (sha := find_commit(value, folder)):
        return _of_commit(sha, folder)
    raise InputError(
        f"Argument {number} is nothing that can be read: there is no file of that name here, the git "
        "repository here has no such commit, and it is no https address, no number of a secret-scanning "
        f"alert and no identifier of a credential. Those look like {FORMS}.",
        next_step="Check its spelling; with nothing given, a paste is asked for.",
    )


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except (OSError, ValueError):  # longer than a name may be
        return False


def _of_file(source: Source, again: str | None) -> Material:
    return gathered(source.name, [Part(source.name, source.text)], again)


def _of_commit(sha: str, folder: Path) -> Material:
    return gathered(f"commit {sha[:12]}", read_commit(sha, folder), sha)


def _of_commit_here(address: str, folder: Path) -> Material | None:
    """A whole name is that commit wherever it is: one that is here needs no network, and is shown whole."""
    if (named := _COMMIT.search(address)) and (sha := find_commit(named[1], folder)):
        return _of_commit(sha, folder)
    return None


def _of_address(connections: Connections, address: str) -> Material:
    from responder.providers.github.reading import read_address  # noqa: PLC0415  # PyGithub only when needed

    found = read_address(connections, address)
    return _with(found, shlex.quote(found.name))


def _of_alert(connections: Connections, repository: str, number: int) -> Material:
    from responder.providers.github.reading import read_alert  # noqa: PLC0415  # as above

    if not repository:
        raise InputError(
            f"Alert {number} of which repository? No inventory says.",
            next_step="Give the alert's address, https://github.com/OWNER/NAME/security/secret-scanning/"
            f'{number}; or write [github] repository = "OWNER/NAME" into respond.toml.',
        )
    found = read_alert(connections, repository, number)
    return _with(found, str(number))


def _with(found: "Read", again: str) -> Material:
    return replace(
        gathered(found.name, found.parts, again),
        about=tuple(found.about),
        alerts=(_alert(*found.alert),) if found.alert else (),
        unread=tuple(found.unread),
    )


def _alert(repository: str, number: int, part: Part) -> Alert:
    own = recognise(part.text)
    secrets = [*(one.secret for one in own.found), *(one.secret for one in own.fragments)]
    values = {*(one.identifier for one in own.found), *(one.fingerprint for one in secrets if one)}
    return Alert(repository=repository, number=str(number), values=tuple(sorted(values)))


def _together(given: Sequence[Material]) -> Material:
    found: dict[str, Found] = {}
    for one in (one for material in given for one in material.found):
        found[one.identifier] = completed(found[one.identifier], one) if one.identifier in found else one
    again = [material.again for material in given]
    return Material(
        source=", ".join(dict.fromkeys(material.source for material in given)),
        found=tuple(found.values()),
        where={name: at for material in reversed(given) for name, at in material.where.items()},
        lone=tuple(dict.fromkeys(one for material in given for one in material.lone)),
        fragments=tuple(dict.fromkeys(one for material in given for one in material.fragments)),
        about=tuple(one for material in given for one in material.about),
        alerts=tuple({one.label: one for material in given for one in material.alerts}.values()),
        unread=tuple(one for material in given for one in material.unread),
        again=" ".join(one for one in again if one) if all(again) else None,
    )


def _place(part: Part, line: int) -> str:
    return f"{part.name}, line {line} of its diff" if part.is_diff else f"{part.name}, line {line}"
