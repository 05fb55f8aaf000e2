"""Repositories of GitHub, fetched to be searched: nothing of them stays, whatever happens meanwhile."""

import os
import re
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

from responder.errors import UnavailableError
from responder.review.history.fleeting import Fleeting, fleeting
from responder.review.history.git import Git, environment
from responder.secret import redact

if TYPE_CHECKING:
    from responder.providers.github.git_access import GitAccess

PATIENCE: Final = 300.0  # seconds
_SILENCE: Final = 30  # seconds with next to nothing
_SAFE: Final = (
    *("-c", "protocol.https.allow=always"),
    *("-c", "http.followRedirects=false"),  # a header would go along
    *("-c", "credential.helper="),  # nobody else's password is tried, and no window opens
    *("-c", "core.askPass="),
    *("-c", "http.lowSpeedLimit=1000", "-c", f"http.lowSpeedTime={_SILENCE}"),
    *("-c", "fetch.fsckObjects=false"),  # what is malformed is searched, too
    *("-c", "gc.auto=0", "-c", "maintenance.auto=false"),
)
_NETWORK: Final = ("HTTPS_PROXY", "https_proxy", "NO_PROXY", "no_proxy", "SSL_CERT_FILE", "GIT_SSL_CAINFO")
_OPTIONS: Final = ("--quiet", "--no-tags", "--no-write-fetch-head", "--no-auto-maintenance")
_TOO_SLOW: Final = f"Operation too slow. Less than 1000 bytes/sec transferred the last {_SILENCE} seconds"
_NEEDED: Final = "a token with Contents: read of the repository (classic: repo)"
_REFUSED: Final = r"could not read Username|Authentication failed"
_NOT_FOUND: Final = r"repository '.*' not found"
# What git complains of, what it means, and how to mend it; the first that fits.
_WITHOUT_TOKEN: Final = (
    _REFUSED,
    "{host} gives {url} to nobody without a token.",
    f"Set GITHUB_TOKEN to {_NEEDED}.",
)
_WITH_TOKEN: Final = (
    (
        _REFUSED,
        "{host} does not accept GITHUB_TOKEN (401): it is wrong, has expired, or was revoked.",
        f"Set GITHUB_TOKEN to {_NEEDED}.",
    ),
    (
        _NOT_FOUND,
        "There is no {url}, or GITHUB_TOKEN may not see it (404).",
        f"Check the address, and that GITHUB_TOKEN is {_NEEDED}.",
    ),
    (
        r"returned error: 403",
        "{host} refuses {url} to GITHUB_TOKEN (403).{told}",
        f"It takes {_NEEDED}, authorised for the organisation's single sign-on where it has one.",
    ),
    (
        r"returned error: 30\d",
        "{url} has moved.",
        "Give the clone its new address: git remote set-url origin URL",
    ),
    (
        r"returned error: (\d+)",
        "{host} has trouble ({why}).{told}",
        "Type the same again in a minute.",
    ),
    (
        r"unable to access '.*': (.+)",
        "{host} cannot be reached: {why}.",
        "Check the network, and HTTPS_PROXY.",
    ),
)


class NothingThereError(UnavailableError):
    """There is no such repository, or GitHub shows it to somebody else."""

    code = "nothing-there"


@contextmanager
def fetched(
    access: "GitAccess",
    refs: Sequence[str],
    *,
    form: str = "sha1",
    beside: Sequence[Path] = (),
    seconds: float = PATIENCE,
) -> Iterator[Git]:
    """A bare repository with these refs, which ends with the block.

    Args:
        access: where from.
        refs: as for `git fetch`.
        form: of its objects' names.
        beside: folders of objects that need not be fetched.
        seconds: for all of it.

    Raises:
        NothingThereError: there is none.
        UnavailableError: it cannot be had.
    """
    with fleeting() as folder:
        git = Git(folder.path, tuple(beside))
        Git(folder.path).ask("init", "-q", "--bare", "--template=", f"--object-format={form}", ".")
        _fetch(git, folder, access, refs, seconds)
        yield git


def _fetch(git: Git, folder: Fleeting, access: "GitAccess", refs: Sequence[str], seconds: float) -> None:
    http = ("-c", "protocol.http.allow=always") if access.url.startswith("http:") else ()
    passed_on = {name: os.environ[name] for name in _NETWORK if name in os.environ}
    process = subprocess.Popen(
        git.command(*_OPTIONS, access.url, *refs, before=(*_SAFE, *http, "fetch")),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        env={**environment(), **passed_on, **git.beside, **access.environ},
        process_group=folder.group,
    )
    with process:
        try:
            _, complaint = process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            folder.stop()
            raise UnavailableError(
                f"{access.url} could not be fetched in {seconds:.0f} seconds.",
                next_step="Type the same again, or clone it with --mirror and scan that.",
            ) from None
        except BaseException:
            folder.stop()
            raise
    if process.returncode:
        raise _trouble(git, access, redact(complaint.decode("utf-8", "replace")))


def _trouble(git: Git, access: "GitAccess", said: str) -> UnavailableError:
    told = re.search(r"^remote: (.+)", said, re.MULTILINE)
    known = {"host": access.host, "url": access.url, "told": f" It says: {told[1]}" if told else ""}
    for form, what, next_step in _WITH_TOKEN if access.has_token else (_WITHOUT_TOKEN, *_WITH_TOKEN):
        if found := re.search(form, said):
            why = found[found.re.groups].replace(_TOO_SLOW, f"it has said nothing for {_SILENCE} seconds")
            kind = NothingThereError if form == _NOT_FOUND else UnavailableError
            return kind(what.format(**known, why=why), next_step=next_step.format(**known))
    return git.failure("fetch", said.encode(), f"Try it by hand: git ls-remote {access.url}")
