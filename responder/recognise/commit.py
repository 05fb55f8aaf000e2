"""The text of a commit of the repository that we stand in: its message and its diff."""

import os
import re
import subprocess
import threading
from pathlib import Path
from typing import Final

from responder.errors import InputError, UnavailableError
from responder.recognise.source import LIMIT, Part, decode

_PATIENCE: Final = 20.0  # seconds
# No command of anybody's configuration is run: pagers, filters, signature checks, drivers of diffs.
_GIT: Final = ("git", "-c", "core.fsmonitor=false", "--no-pager", "--no-optional-locks")
_SHOW: Final = (
    "show",
    "--no-color",
    "--no-ext-diff",
    "--no-textconv",
    "--no-show-signature",
    "--diff-merges=separate",
    "--text",
    "--format=%B%n%N",
)
_FILE: Final = re.compile(r"^diff --git .*\n", re.MULTILINE)
_FILE_NAME: Final = re.compile(r"^diff --git (?:.* b/)?(.*)\n", re.MULTILINE)


def find_commit(name: str, folder: Path) -> str | None:
    """The full name of what `name` means to git there; None for nothing, or where there is no repository.

    It goes in by standard input: who mistakes a secret for a name has it on no command line.
    """
    asked = f"{name}^{{commit}}\n"
    if "\n" in name or "\0" in name:
        return None
    try:
        done = subprocess.run(
            [*_GIT, "cat-file", "--batch-check"],
            cwd=folder,
            input=asked.encode(),
            capture_output=True,
            timeout=_PATIENCE,
            check=False,
            env=_environment(),
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    words = done.stdout.decode("utf-8", "replace").split()
    return words[0] if done.returncode == 0 and words[1:2] == ["commit"] else None


def read_commit(sha: str, folder: Path) -> list[Part]:
    """Its message and notes, and its diff to each parent.

    Raises:
        UnavailableError: git does not give it.
        InputError: it is larger than `LIMIT`.
    """
    data = _output([*_GIT, *_SHOW, sha], folder)
    if len(data) > LIMIT:
        raise InputError(
            f"Commit {sha[:12]} changes more than {LIMIT // 1024 // 1024} MB.",
            next_step=f"Give the part that matters: git show {sha[:12]} -- PATH | respond identify -",
        )
    message, *files = _FILE.split(decode(data))
    names = [match[1] for match in _FILE_NAME.finditer(decode(data))]
    parts = [Part(f"message of commit {sha[:12]}", message)]
    return parts + [Part(name, text, is_diff=True) for name, text in zip(names, files, strict=True)]


def _output(command: list[str], folder: Path) -> bytes:
    refused = UnavailableError(
        "git did not show the commit.", next_step="Pipe it: git show COMMIT | respond identify -"
    )
    try:
        process = subprocess.Popen(
            command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=_environment()
        )
    except OSError:
        raise refused from None
    stopping = threading.Timer(_PATIENCE, process.kill)
    stopping.start()
    try:
        with process:
            data = process.stdout.read(LIMIT + 1) if process.stdout else b""
            if len(data) > LIMIT:
                process.kill()
                return data
    finally:
        stopping.cancel()
    if process.returncode:
        raise refused
    return data


def _environment() -> dict[str, str]:
    """Without anything of ours that git does not need: no credential of the operator's goes to a child."""
    kept = (
        "PATH",
        "HOME",
        "LANG",
        "LC_ALL",
        "GIT_DIR",
        "GIT_WORK_TREE",
        "GIT_CONFIG_GLOBAL",
        "XDG_CONFIG_HOME",
    )
    found = {name: os.environ[name] for name in kept if name in os.environ}
    return {**found, "GIT_TERMINAL_PROMPT": "0", "GIT_NO_LAZY_FETCH": "1"}
