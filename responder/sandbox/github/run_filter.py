"""The query parameters of a list of runs."""

from collections.abc import Mapping, Sequence

from responder.sandbox.github.runs import Run
from responder.sandbox.github.shapes import moment


def selected(runs: Sequence[Run], query: Mapping[str, str]) -> list[Run]:
    """Those that fit every given one of event, branch, actor, head_sha, status and created."""
    exact = {"event": "event", "branch": "branch", "actor": "actor", "head_sha": "sha"}
    return [
        run
        for run in runs
        if all(getattr(run, name) == query[key] for key, name in exact.items() if key in query)
        and ("status" not in query or query["status"] in (run.status, run.conclusion))
        and ("created" not in query or _created(moment(run.created_at), query["created"]))
    ]


def _created(at: str, wanted: str) -> bool:
    """GitHub's search syntax for dates, compared as text: ISO times in one zone sort as they should.

    https://docs.github.com/search-github/getting-started-with-searching-on-github/understanding-the-search-syntax
    """
    if ".." in wanted:
        low, high = wanted.split("..", 1)
        return (low == "*" or _cut(at, low) >= low) and (high == "*" or _cut(at, high) <= high)
    for operator in (">=", "<=", ">", "<"):
        if wanted.startswith(operator):
            limit = wanted.removeprefix(operator)
            order = (_cut(at, limit) > limit) - (_cut(at, limit) < limit)
            return {">=": order >= 0, "<=": order <= 0, ">": order > 0, "<": order < 0}[operator]
    return _cut(at, wanted) == wanted


def _cut(at: str, limit: str) -> str:
    """To a date when the limit is one."""
    return at if "T" in limit else at[: len("2026-01-01")]
