"""Credentials that nobody knew of, by their form: kingfisher, offline, never trying what it finds.

https://github.com/mongodb/kingfisher. By itself it would use each key that it finds, and print it.
"""

import hashlib
import json
import os
import re
import shutil
import subprocess
import sysconfig
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from responder.errors import UnavailableError
from responder.review.history.git import environment
from responder.secret import redact

RULES: Final = Path(__file__).with_name("modal.yml")
INSTALL: Final = "pip install 'kingfisher-bin>=2.14', or install respond with its extra: respond[scan]"
_ALWAYS: Final = (
    "--no-validate",  # it would sign in with what it finds
    "--no-update-check",
    "--redact",
    "--no-ignore",  # a comment in a file hides nothing
    "--format=json",
    f"--rules-path={RULES}",
)
_NOTHING, _SOME, _SOME_LIVE = 0, 200, 205  # its exit codes
_LATER: Final = 10  # its niceness
_DOMAIN: Final = b"respond:finding:v1\0"
_SHOWN: Final = re.compile(r"git -C (.+) show [0-9a-f]{40,}:")


@dataclass(frozen=True)
class Finding:
    """`path` is from the top of what was scanned. What was found is nowhere in it."""

    rule: str
    name: str  # of the rule, for people
    path: str
    line: int
    column: int
    commit: str  # empty for a file that is in none
    author: str
    day: str  # of the commit, 2026-01-31
    fingerprint: str  # of the rule, the path and the value


@dataclass(frozen=True)
class Patterns:
    findings: tuple[Finding, ...]
    version: str
    not_looked_at: tuple[str, ...] = ()


def kingfisher() -> Path | None:
    """The program: beside this Python, or on the path."""
    beside = Path(sysconfig.get_path("scripts")) / "kingfisher"
    found = str(beside) if beside.exists() else shutil.which("kingfisher")
    return Path(found) if found else None


def find_patterns(path: Path) -> Patterns:
    """What looks like a credential in all history and every file at and below `path`.

    Raises:
        UnavailableError: there is no kingfisher, or it failed.
    """
    program = kingfisher()
    if program is None:
        raise UnavailableError(
            "There is no `kingfisher`, which finds credentials by form.", next_step=INSTALL
        )
    code, printed, complaint = _run([str(program), "scan", str(path.resolve()), *_ALWAYS])
    if code not in {_NOTHING, _SOME, _SOME_LIVE}:
        said = redact(complaint.decode("utf-8", "replace").strip()).splitlines()[-1:]
        raise UnavailableError(
            f"kingfisher failed ({code}): {''.join(said) or 'it did not say why'}",
            next_step=f"Try it alone: kingfisher scan {path} --no-validate --redact",
        )
    try:
        report, _ = json.JSONDecoder().raw_decode(printed.decode("utf-8", "replace"))
        return Patterns(_findings(report, path.resolve()), _version(report), _not_whole(report))
    except (ValueError, KeyError, TypeError, IndexError):
        raise UnavailableError("kingfisher's report cannot be read.", next_step=INSTALL) from None


def _run(command: list[str]) -> tuple[int, bytes, bytes]:
    """On what cores the search for known values leaves: that is the more urgent one."""
    with tempfile.TemporaryDirectory() as nowhere:
        process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=nowhere, env=environment()
        )
        with process:
            with suppress(OSError):  # it may be over already
                os.setpriority(os.PRIO_PROCESS, process.pid, _LATER)
            printed, complaint = process.communicate()
    return process.returncode, printed, complaint


def _findings(report: dict[str, Any], top: Path) -> tuple[Finding, ...]:
    found = {one.fingerprint: one for one in (_finding(entry, top) for entry in report["findings"])}
    return tuple(sorted(found.values(), key=lambda one: (one.path, one.line, one.rule)))


def _finding(entry: dict[str, Any], top: Path) -> Finding:
    rule, found = entry["rule"], entry["finding"]
    commit = (found.get("git_metadata") or {}).get("commit") or {}
    path = redact(_from(top, str(found["path"]), found.get("git_metadata")))
    parts = (str(rule["id"]), path, str(found["fingerprint"]))
    return Finding(
        rule=str(rule["id"]),
        name=str(rule["name"]),
        path=path,
        line=int(found.get("line") or 0),
        column=int(found.get("column_start") or 0),
        commit=str(commit.get("id", "")),
        author=redact(str((commit.get("author") or {}).get("name", ""))),
        day=str(commit.get("date", "")),
        fingerprint=hashlib.sha256(_DOMAIN + "\0".join(parts).encode()).hexdigest()[:16],
    )


def _from(top: Path, path: str, of_git: dict[str, Any] | None) -> str:
    """Files are named whole, what is in a history from its repository."""
    inner = _folder(of_git) if of_git else None
    whole = Path(path) if Path(path).is_absolute() else (inner or top) / path
    return str(whole.relative_to(top)) if whole.is_relative_to(top) else path


def _folder(of_git: dict[str, Any]) -> Path | None:
    """Of the repository: its URL is that of where it was cloned from, which may hold a password."""
    told = _SHOWN.match(str((of_git.get("file") or {}).get("git_command", "")))
    if told is None:
        return None
    outer, _, submodule = told[1].partition("/.git/modules/")
    return Path(outer, submodule) if submodule else Path(outer.removesuffix("/.git"))


def _version(report: dict[str, Any]) -> str:
    return str(report["metadata"]["kingfisher_version"])


def _not_whole(report: dict[str, Any]) -> tuple[str, ...]:
    summary = report["audit"]["summary"]
    if not (summary["scan_partial"] or summary["scan_failed"]):
        return ()
    names = [
        one["repository"] for one in report["audit"]["repositories"] if one["scan"]["status"] != "completed"
    ]
    return tuple(f"kingfisher did not come to the end of {name}" for name in names)
