"""What was run with which workflow, and who changed the workflows."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final
from urllib.parse import quote

from responder.providers.github.review_read import NOTHING, Json, Repository, moment
from responder.providers.github.review_who import Who
from responder.trace import Severity, Trace

CANCEL_RUN: Final = "github.cancel_workflow_run"
_TRUSTING: Final = ("pull_request_target", "workflow_run")  # which give a fork's pull request the secrets


def workflows(there: Repository, who: Who) -> Iterator[Trace]:
    """Commits that touch workflows, and what branches somebody moved whose token leaked."""
    told: set[str] = set()
    for ref, commits in (there.commits or {}).items():
        for commit in commits:
            if commit["sha"] not in told:
                told.add(commit["sha"])
                yield _commit(there, ref, commit, who)
    moved: dict[str, list[Json]] = defaultdict(list)
    for move in there.moves:
        if _login(move.get("actor")) in who.leaked:
            moved[str(move["ref"])].append(move)
    for ref, moves in moved.items():
        yield _moved(there.name, ref, moves)


def runs(there: Repository, who: Who) -> Iterator[Trace]:
    """Each suspect run by itself, and the others by their workflow, only told."""
    changed = _changed_off_default(there)
    others: dict[tuple[str, str, str], list[Json]] = defaultdict(list)
    for run in there.runs:
        if who.ran(run):
            continue
        found = _suspicion(there, run, changed, who)
        if found is None:
            others[str(run["path"]), _asked_by(run), str(run["event"])].append(run)
        else:
            yield _run(there, run, *found)
    for (path, actor, event), group in others.items():
        yield _ordinary(there.name, path, actor, event, group)
    yield from _deployments(there, who)


def _changed_off_default(there: Repository) -> Mapping[str, str]:
    """Branch -> the last commit on it that changed a workflow, where that is not on the default branch."""
    commits = there.commits or {}
    merged = {one["sha"] for one in commits.get(there.branch, ())}
    found = {}
    for ref, ones in commits.items():
        own = [one["sha"] for one in ones if one["sha"] not in merged]
        if ref != there.branch and own:
            found[ref] = str(own[0])
    return found


def _suspicion(
    there: Repository, run: Json, changed: Mapping[str, str], who: Who
) -> tuple[Severity, str] | None:
    branch, actor = str(run["head_branch"]), _asked_by(run)
    if branch in changed:
        severity: Severity = "critical" if actor in who.leaked else "medium"
        return (
            severity,
            f"It ran the workflow as {changed[branch][:12]} on {branch} has it, not as it is merged.",
        )
    if actor in who.leaked:
        return "high", f"{actor} asked for it, whose token leaked."
    source = (run.get("head_repository") or {}).get("full_name", there.name)
    if source != there.name and run["event"] in _TRUSTING:
        return "high", f"It came from {source}, a fork, by an event that gives it the secrets."
    return None


def _run(there: Repository, run: Json, severity: Severity, because: str) -> Trace:
    number, over = str(run["id"]), run["status"] == "completed"
    deployed = sorted({str(one["environment"]) for one in there.deployments if one["sha"] == run["head_sha"]})
    had = f" It had the secrets of {' and '.join(deployed)}." if deployed else ""
    log = f"gh run view {number} --repo {there.name} --log > run-{number}.log"
    state = str(run["conclusion"] if over else run["status"])
    attempt = int(run.get("run_attempt") or 1)
    again = f", attempt {attempt}," if attempt > 1 else ""
    ended = f" and ended in {state}" if over else f" and is {state.replace('_', ' ')}"
    return Trace(
        provider="github",
        kind="github.workflow-run",
        subject=number,
        of=there.name,
        what=f"{run['path']} ran on {run['head_branch']} by {run['event']}{again}{ended}",
        at=moment(run.get("run_started_at") or run["created_at"]),
        by=_asked_by(run),
        severity=severity,
        because=f"{because}{had}",
        evidence=f"GET /repos/{there.name}/actions/runs: {str(run['head_sha'])[:12]}, {run['html_url']}",
        undo=f"{log} && gh api -X DELETE repos/{there.name}/actions/runs/{number}/logs"
        if over
        else f"gh run cancel {number} --repo {there.name}",
        remove_with="" if over else CANCEL_RUN,
        mark=f"{state}{again}",
    )


def _ordinary(repository: str, path: str, actor: str, event: str, group: Sequence[Json]) -> Trace:
    newest = max(group, key=lambda one: str(one["created_at"]))
    times = f"{len(group)} times" if len(group) > 1 else "once"
    return Trace(
        provider="github",
        kind="github.workflow-runs",
        subject=path,
        of=f"{repository} {actor} {event}",
        what=f"{path} of {repository} ran {times} for {actor} ({event})",
        at=moment(newest["created_at"]),
        by=actor,
        severity="info",
        because="It ran the workflow as it is merged, and no token of theirs is known to have leaked.",
        evidence=f"GET /repos/{repository}/actions/runs: the last is {newest['html_url']}",
        mark=str(newest["id"]),
    )


def _commit(there: Repository, ref: str, commit: Json, who: Who) -> Trace:
    sha, merged = str(commit["sha"]), ref == there.branch
    pushes = [one for one in there.moves if str(one["ref"]).removeprefix("refs/heads/") == ref]
    pusher = next((_login(one["actor"]) for one in pushes if one["after"] == sha), "")
    by = pusher or _login(commit.get("author")) or str(commit["commit"]["author"]["name"])
    gone = any(one["after"] == NOTHING for one in pushes[:1])
    severity: Severity = "critical" if by in who.leaked else "medium"
    where = f"{ref}, which is gone by now" if gone else ref
    revert = (
        f"git revert {sha}" if merged else f"gh api -X DELETE repos/{there.name}/git/refs/heads/{quote(ref)}"
    )
    return Trace(
        provider="github",
        kind="github.workflow-changed",
        subject=sha,
        of=there.name,
        what=f"A workflow of {there.name} was changed on {where}",
        at=moment(commit["commit"]["committer"]["date"]),
        by=by,
        severity=severity,
        because="It decides what is done with the secrets from now on."
        if merged
        else "GitHub runs a workflow as the branch has it, with no review, and with the secrets open to it.",
        evidence=f"GET /repos/{there.name}/commits: {commit['html_url']}; "
        f"{'pushed' if pusher else 'as the commit says, written'} by {by}",
        undo="" if gone else revert,
        mark="gone" if gone else "",
    )


def _moved(repository: str, ref: str, moves: Sequence[Json]) -> Trace:
    newest = moves[0]
    did = [str(one["activity_type"]).replace("_", " ") for one in reversed(moves)]
    forced = "force push" in did
    before, after = str(moves[-1]["before"]), str(newest["after"])
    return Trace(
        provider="github",
        kind="github.branch-pushed",
        subject=ref,
        of=repository,
        what=f"{ref.removeprefix('refs/heads/')} of {repository}: {', '.join(did)}",
        at=moment(newest["timestamp"]),
        by=_login(newest["actor"]),
        severity="high",
        because="It was done with a token that leaked"
        + (", and what was there before is on no branch any more." if forced else "."),
        evidence=f"GET /repos/{repository}/activity: from {before[:12]} to {after[:12]}",
        undo=_back(repository, ref, before, after),
        mark=str(newest["id"]),
    )


def _back(repository: str, ref: str, before: str, after: str) -> str:
    if after == NOTHING:
        return ""  # what was on it can still be read by its name, until GitHub tidies up
    if before == NOTHING:
        return f"gh api -X DELETE repos/{repository}/git/{quote(ref)}"
    return f"git revert --no-edit {before}..{after}"


def _deployments(there: Repository, who: Who) -> Iterator[Trace]:
    """Those that no run of ours or of the intruder accounts for, by environment."""
    ran = {str(one["head_sha"]) for one in there.runs}
    by_leaked = [
        one for one in there.deployments if _login(one["creator"]) in who.leaked and one["sha"] not in ran
    ]
    for one in by_leaked:
        yield Trace(
            provider="github",
            kind="github.deployed",
            subject=str(one["id"]),
            of=there.name,
            what=f"A deployment to {one['environment']} of {there.name} was made",
            at=moment(one["created_at"]),
            by=_login(one["creator"]),
            severity="high",
            because="It was made with a token that leaked, and no run belongs to it.",
            evidence=f"GET /repos/{there.name}/deployments: commit {str(one['sha'])[:12]}",
            undo=f"gh api -X DELETE repos/{there.name}/deployments/{one['id']}",
        )


def _asked_by(run: Json) -> str:
    """Who started it, or started it again."""
    return _login(run.get("triggering_actor") or run["actor"])


def _login(account: Any) -> str:  # noqa: ANN401  # GitHub's JSON; null for who is gone
    return str((account or {}).get("login", ""))
