"""What somebody has judged before: fingerprints with rule and path, and no value. Kept in the repository."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from responder.errors import InputError, UnavailableError
from responder.review.history.patterns import Finding

_FORMAT: Final = "respond-scan-baseline/1"


def read_baseline(path: Path) -> frozenset[str]:
    """The fingerprints in it.

    Raises:
        InputError: it is no such file.
    """
    mend = f"Write one: respond scan --baseline {path} --write-baseline"
    try:
        held = json.loads(path.read_text(encoding="utf-8"))
        known = held["format"] == _FORMAT
        fingerprints = frozenset(str(one["fingerprint"]) for one in held["findings"])
    except FileNotFoundError:
        raise InputError(f"There is no baseline {path}.", next_step=mend) from None
    except (OSError, ValueError, KeyError, TypeError):
        known, fingerprints = False, frozenset()
    if not known:
        raise InputError(f"{path} is no baseline of respond's.", next_step=mend)
    return fingerprints


def write_baseline(path: Path, findings: Iterable[Finding]) -> None:
    """A line a finding, in an order that keeps differences small. Replaces the file.

    Raises:
        UnavailableError: it cannot be written.
    """
    ordered = sorted(findings, key=lambda one: (one.path, one.rule, one.fingerprint))
    lines = [
        json.dumps({"fingerprint": one.fingerprint, "rule": one.rule, "path": one.path}) for one in ordered
    ]
    text = f'{{"format": "{_FORMAT}", "findings": [\n' + ",\n".join(lines) + "\n]}\n"
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise UnavailableError(
            f"{path} cannot be written: {error.strerror}.", next_step="Name another file."
        ) from None
