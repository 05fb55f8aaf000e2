"""How to take a value out of what GitHub keeps beside a repository: to paste, never run from here.

`gh` is GitHub's own command line, https://cli.github.com.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from responder.providers.github.search import Seen
from responder.review.history.purge import FIRST, Advice

_MOST: Final = 10  # commands of a kind
_TEXTS: Final = ("issue", "comment", "discussion")
_RUN: Final = re.compile(r"/actions/runs/(\d+)")
_ARTIFACT: Final = re.compile(r"/artifacts/(\d+)$")
_GIST: Final = re.compile(r"/([0-9a-f]{20,32})(?:/[0-9a-f]{40})?$")
_ALERT: Final = re.compile(r"/secret-scanning/(\d+)$")


def advice_on_github(repository: str, seen: Sequence[Seen], *, is_first: bool) -> Iterator[Advice]:
    """For what was seen, in the order of doing. Nothing where nothing was.

    Args:
        repository: OWNER/NAME.
        seen: all of it.
        is_first: nothing else was advised before.
    """
    leaks = [one for one in seen if one.secret]
    at = {kind: [one.address for one in leaks if one.what == kind] for kind in {one.what for one in leaks}}
    if leaks and is_first:
        yield FIRST
    if any(kind in at for kind in _TEXTS):
        yield Advice(
            "What people wrote: delete the comment or the discussion. Whoever edits it instead has to delete "
            'the earlier text, too: "edited", the revision, "Options", "Delete revision from history".'
        )
    if found := at.get("workflow log"):
        yield Advice(
            "Logs, of all attempts of a run:",
            _each(f"gh api -X DELETE repos/{repository}/actions/runs/%s/logs", _RUN, found),
        )
    if found := at.get("artifact"):
        yield Advice(
            "Artifacts:", _each(f"gh api -X DELETE repos/{repository}/actions/artifacts/%s", _ARTIFACT, found)
        )
    if "name of a cache" in at:
        yield Advice("Caches:", (f"gh cache delete --all --repo {repository}",))
    if found := at.get("gist"):
        yield Advice(
            "A gist keeps what it was before: its owner has to delete it whole. Forks of it stay.",
            _each("gh gist delete %s", _GIST, found),
        )
    if "release" in at:
        yield Advice(
            "Releases: edit the text; upload files without it under another name, and delete these: "
            f"gh release delete-asset TAG FILE --repo {repository}"
        )
    if found := at.get("wiki"):
        url = found[0].partition(f"{repository}/wiki")[0] + f"{repository}.wiki.git"
        yield Advice(
            "The wiki is a repository of its own. `respond scan` says of a clone of it what to type:",
            (f"git clone {url} wiki",),
        )
    if found := at.get("secret-scanning alert"):
        close = f"gh api -X PATCH repos/{repository}/secret-scanning/alerts/%s"
        yield Advice(
            "Once it is revoked, close the alert:",
            _each(f"{close} -f state=resolved -f resolution=revoked", _ALERT, found),
        )


def _each(command: str, form: re.Pattern[str], addresses: Iterable[str]) -> tuple[str, ...]:
    names = dict.fromkeys(found[1] for one in addresses if (found := form.search(one)))
    return tuple(command % name for name in list(names)[:_MOST])
