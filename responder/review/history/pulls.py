"""What only pull requests have: commits of forks, which are in no ordinary clone of a repository."""

import os
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from responder.errors import UnavailableError
from responder.providers.github.git_access import GitAccess
from responder.review.history.git import Git, Repository, environment

PATIENCE: Final = 300.0  # seconds
_HEADS: Final = "+refs/pull/*/head:refs/pull/*/head"
_SAFE: Final = (
    *("-c", "protocol.https.allow=always"),
    *("-c", "http.followRedirects=false"),  # a header would go along
    *("-c", "http.lowSpeedLimit=1000", "-c", "http.lowSpeedTime=30"),
    *("-c", "fetch.fsckObjects=false"),  # what is malformed is searched, too
    *("-c", "gc.auto=0", "-c", "maintenance.auto=false"),
)
_NETWORK: Final = ("HTTPS_PROXY", "https_proxy", "NO_PROXY", "no_proxy", "SSL_CERT_FILE", "GIT_SSL_CAINFO")


@contextmanager
def pull_requests(of: Repository, access: GitAccess) -> Iterator[tuple[Git, Repository]]:
    """Fetch their heads into a repository of its own, which is removed: the clone is left as it is.

    Objects that the clone has are not fetched again. The first of the two sees only what was fetched, the
    second the clone's objects, too.

    Raises:
        UnavailableError: they cannot be had.
    """
    with tempfile.TemporaryDirectory(prefix="respond-pulls-") as name:
        folder = Path(name)
        form = of.git.lines("rev-parse", "--show-object-format")[0]
        Git(folder).ask("init", "-q", "--bare", "--template=", f"--object-format={form}", ".")
        beside = (
            () if of.shallow or of.partial else (of.common / "objects",)
        )  # holes would be taken for whole
        _fetch(Git(folder, beside), access)
        whole = Git(folder, beside)
        yield Git(folder), Repository(whole, folder, folder, top=None, shallow=False, partial=False)


def _fetch(git: Git, access: GitAccess) -> None:
    options = ("--quiet", "--no-tags", "--no-write-fetch-head", "--no-auto-maintenance")
    http = ("-c", "protocol.http.allow=always") if access.url.startswith("http:") else ()
    command = git.command(*options, access.url, _HEADS, before=(*_SAFE, *http, "fetch"))
    passed_on = {name: os.environ[name] for name in _NETWORK if name in os.environ}
    try:
        done = subprocess.run(
            command,
            capture_output=True,
            check=False,
            stdin=subprocess.DEVNULL,
            timeout=PATIENCE,
            env={**environment(), **passed_on, **git.beside, **access.environ},
        )
    except subprocess.TimeoutExpired:
        raise UnavailableError(
            f"Pull requests could not be fetched from {access.url} in {PATIENCE:.0f} seconds.",
            next_step="Clone it with --mirror, and scan that.",
        ) from None
    if done.returncode:
        raise git.failure("fetch", done.stderr, "Check GITHUB_TOKEN and the address of the clone's origin.")
