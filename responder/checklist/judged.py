"""What somebody has judged to be as it may be: failures by their evidence. Kept in the repository."""

import hashlib
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from responder.checklist.point import Look, Result, passes
from responder.errors import InputError, UnavailableError
from responder.secret import redact

IN_PROJECT: Final = Path(".github/respond-baseline.json")  # taken where nobody names another
_FORMAT: Final = "respond-check-baseline/1"


def read_judged(path: Path) -> frozenset[str]:
    """The fingerprints in it.

    Raises:
        InputError: it is no such file.
    """
    return frozenset(one["fingerprint"] for one in _kept(path))


def write_judged(path: Path, results: Sequence[Result]) -> None:
    """All that fails is judged: a line each, with its evidence for the reader.

    Replaces what was judged before of these points, and leaves the others'.

    Raises:
        InputError: there is another file.
        UnavailableError: it cannot be written.
    """
    looked_at = {one.point.id for one in results}
    others = [one for one in _kept(path) if one["point"] not in looked_at] if path.exists() else []
    judged = [
        {"point": one.point.id, "evidence": redact(look.evidence), "fingerprint": _of(one, look)}
        for one in results
        for look in _failed(one)
    ]
    lines = sorted({json.dumps(one) for one in (*others, *judged)})
    text = f'{{"format": "{_FORMAT}", "judged": [\n' + ",\n".join(lines) + "\n]}\n"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise UnavailableError(
            f"{path} cannot be written: {error.strerror}.", next_step="Name another file."
        ) from None


def _kept(path: Path) -> list[dict[str, str]]:
    try:
        held = json.loads(path.read_text(encoding="utf-8"))
        if held["format"] == _FORMAT:
            return [
                {key: str(one[key]) for key in ("point", "evidence", "fingerprint")} for one in held["judged"]
            ]
    except (OSError, ValueError, KeyError, TypeError):
        pass
    raise InputError(
        f"{path} is no baseline of this checklist.",
        next_step="Name another, or move it away and write one: "
        f"respond check --baseline {path} --write-baseline",
    )


def without_judged(result: Result, judged: frozenset[str], path: Path) -> Result:
    """With one look that passes in place of all that somebody has judged."""
    known = [look for look in _failed(result) if _of(result, look) in judged]
    if not known:
        return result
    left = tuple(look for look in result.looks if look not in known)
    many = "1 failure was" if len(known) == 1 else f"{len(known)} failures were"
    return Result(result.point, (*left, passes(f"{many} judged before: {path}.")))


def _failed(result: Result) -> Iterator[Look]:
    return (look for look in result.looks if look.verdict == "fail")


def _of(result: Result, look: Look) -> str:
    told = "\0".join((result.point.id, look.where, redact(look.evidence)))
    return hashlib.sha256(b"respond:judged:v1\0" + told.encode()).hexdigest()[:16]
