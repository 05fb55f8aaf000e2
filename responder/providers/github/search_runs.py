"""Logs of workflow runs, of each attempt, and what the runs kept.

https://docs.github.com/rest/actions/workflow-runs, https://docs.github.com/rest/actions/artifacts,
https://docs.github.com/rest/actions/cache
"""

import urllib.parse
from typing import TYPE_CHECKING, Any, Final

from responder.providers.github.download import LARGEST, download
from responder.providers.github.search import Search

if TYPE_CHECKING:
    from github import Github

_MOST_RUNS: Final = 100
_MOST_ATTEMPTS: Final = 5  # of a run, the newest; people may have up to 50
_MOST_ARTIFACTS: Final = 100  # of a run
_MOST_CACHES: Final = 100


def runs(search: Search) -> None:
    """Of the time in question: the newest, as many as a page has."""
    created = urllib.parse.quote(f">={search.since}")
    answer = search.get(f"{search.base}/actions/runs?created={created}&per_page={_MOST_RUNS}")
    for run in answer["workflow_runs"]:
        number, page = run["id"], run["html_url"]
        if run["status"] == "completed":
            _log(search, f"the log of run {number}", f"runs/{number}/logs", page)
        else:
            search.searched.not_looked_at.append(f"the log of run {number}: it is {run['status']}")
        _earlier(search, run)
        search.later(f"the artifacts of run {number}", _artifacts, search, number, page)
    told = f"workflow runs, with logs and artifacts: {len(answer['workflow_runs'])}"
    search.searched.looked_at.append(told)
    if answer["total_count"] > len(answer["workflow_runs"]):
        search.searched.not_looked_at.append(f"runs before the newest {_MOST_RUNS}")


def caches(search: Search) -> None:
    """Their names. What is in them GitHub gives to workflow runs alone."""
    answer = search.get(f"{search.base}/actions/caches?per_page={_MOST_CACHES}")
    page = f"{search.connection.web}/{search.repository}/actions/caches"
    for cache in answer["actions_caches"]:
        search.note("name of a cache", page, cache["key"])
    if count := answer["total_count"]:
        search.searched.not_looked_at.append(
            f"{count} Actions caches, {page}: GitHub gives what is in them to workflow runs alone. "
            f"Delete what may hold it: gh cache delete --all --repo {search.repository}"
        )
    else:
        search.searched.looked_at.append("no Actions caches")


def _earlier(search: Search, run: dict[str, Any]) -> None:
    """Attempts: a run that is started again keeps the logs of those before."""
    number, before = run["id"], run.get("run_attempt", 1) - 1
    first = max(1, before - _MOST_ATTEMPTS + 1)
    for attempt in range(first, before + 1):
        what, page = f"the log of run {number}, attempt {attempt}", f"{run['html_url']}/attempts/{attempt}"
        _log(search, what, f"runs/{number}/attempts/{attempt}/logs", page)
    if first > 1:
        search.searched.not_looked_at.append(f"logs of run {number} before its attempt {first}")


def _log(search: Search, what: str, path: str, page: str) -> None:
    def ask() -> None:
        search.note("workflow log", page, _archive(search, path))

    search.later(what, ask)


def _artifacts(search: Search, run: int, page: str) -> None:
    answer = search.get(f"{search.base}/actions/runs/{run}/artifacts?per_page={_MOST_ARTIFACTS}")
    for artifact in answer["artifacts"]:
        name, size = artifact["name"], artifact["size_in_bytes"]
        what = f"artifact {name} of run {run}"
        if artifact["expired"]:
            continue  # GitHub has deleted it
        if size > LARGEST:
            search.searched.not_looked_at.append(f"{what}: it is larger than {LARGEST >> 20} MB")
        else:
            search.later(what, _artifact, search, artifact, page)
    if answer["total_count"] > len(answer["artifacts"]):
        search.searched.not_looked_at.append(f"artifacts of run {run} after the first {_MOST_ARTIFACTS}")


def _artifact(search: Search, artifact: dict[str, Any], page: str) -> None:
    data = _archive(search, f"artifacts/{artifact['id']}/zip")
    search.note("artifact", f"{page}/artifacts/{artifact['id']}", data, artifact["name"])


def _archive(search: Search, path: str) -> bytes:
    """Behind a redirect, whose address holds for a minute."""

    def ask(github: "Github") -> bytes:
        whole = f"{search.base}/actions/{path}"
        headers, _ = github.requester.requestBlobAndCheck("GET", whole)
        return download(headers.get("location", ""), whole)

    return search.connection.ask(f"GET {path}", ask)
