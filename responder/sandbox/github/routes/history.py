"""What was pushed, by whom and when: commits, branches that come and go, deployments, the audit log.

A push through this API starts no workflow; one that is on any branch can be dispatched there.
"""

import base64
import binascii
from collections.abc import Mapping
from typing import Any

from flask import Blueprint, Response, jsonify, request

from responder.sandbox.github.audit import Audited
from responder.sandbox.github.errors import ApiError, not_found, unprocessable
from responder.sandbox.github.leaks import Commit, commit_to, files_at
from responder.sandbox.github.requests import Api, body, field, paged
from responder.sandbox.github.routes.leaks import commit_shape
from responder.sandbox.github.runs import Gate, Job, Run
from responder.sandbox.github.shapes import moment, node_id
from responder.sandbox.github.state import Branch, Repository, blob_sha
from responder.sandbox.github.ways_in import Push

EMPTY = ("", 204)
NOTHING = "0" * 40  # Git's name for no commit
_HEADS = "refs/heads/"


def blueprint(api: Api) -> Blueprint:
    routes = Blueprint("history", __name__)
    _add_commits(routes, api)
    _add_branches(routes, api)
    _add_records(routes, api)
    return routes


def _add_commits(routes: Blueprint, api: Api) -> None:
    @routes.get("/repos/<owner>/<name>/commits")
    def commits(owner: str, name: str) -> Response:
        found = api.repository(owner, name)
        start = _sha(found, request.args.get("sha", found.default_branch))
        path, since = request.args.get("path", ""), request.args.get("since", "")
        return paged(
            [
                commit_shape(api, found, one)
                for one in _log(found, start)
                if moment(one.at) >= since and any(_below(change.path, path) for change in one.changes)
            ]
        )

    @routes.put("/repos/<owner>/<name>/contents/<path:path>")
    def put_contents(owner: str, name: str, path: str) -> tuple[Response, int]:
        found, sent = api.repository(owner, name, "write"), body()
        branch = found.branch(str(sent.get("branch", found.default_branch)))
        if branch is None:
            raise ApiError(404, f"Branch {sent.get('branch')} not found")
        try:
            data = base64.b64decode(field(sent, "content", str), validate=True)
        except binascii.Error as error:
            raise unprocessable("content is not valid Base64") from error
        there = branch.files.get(path)
        if there is not None and sent.get("sha") != blob_sha(there):
            raise ApiError(409 if "sha" in sent else 422, f"{path} does not match {blob_sha(there)}")
        message = field(sent, "message", str)
        made = commit_to(found, branch, {path: data}, message, api.caller().login, api.clock())
        return jsonify(_written(api, found, made, path)), 200 if there is not None else 201


def _add_branches(routes: Blueprint, api: Api) -> None:
    @routes.post("/repos/<owner>/<name>/git/refs")
    def create_ref(owner: str, name: str) -> tuple[Response, int]:
        found, sent = api.repository(owner, name, "write"), body()
        ref, sha = field(sent, "ref", str), field(sent, "sha", str)
        if not ref.startswith(_HEADS):
            raise unprocessable("Only branches can be made in the sandbox.")
        branch = ref.removeprefix(_HEADS)
        if branch in found.branches:
            raise unprocessable("Reference already exists")
        files = _files(found, sha)
        if files is None:
            raise unprocessable("Object does not exist")
        found.branches[branch] = Branch(branch, dict(files), head=sha)
        _moved(api, found, ref, NOTHING, sha, "branch_creation")
        return jsonify(_ref(api, found, ref, sha)), 201

    @routes.delete("/repos/<owner>/<name>/git/refs/heads/<path:branch>")
    def delete_ref(owner: str, name: str, branch: str) -> tuple[str, int]:
        found = api.repository(owner, name, "write")
        if branch not in found.branches or branch == found.default_branch:
            raise unprocessable("Reference does not exist")
        gone = found.branches.pop(branch)
        _moved(api, found, f"{_HEADS}{branch}", gone.sha, NOTHING, "branch_deletion")
        return EMPTY


def _add_records(routes: Blueprint, api: Api) -> None:
    @routes.get("/repos/<owner>/<name>/activity")
    def activity(owner: str, name: str) -> Response:
        found = api.repository(owner, name)
        shapes = [_activity(api, found, number, one) for number, one in enumerate(found.pushes)]
        return paged(shapes[::-1])

    @routes.get("/repos/<owner>/<name>/deployments")
    def deployments(owner: str, name: str) -> Response:
        found = api.repository(owner, name)
        jobs = [(run, job) for run in reversed(found.runs) for job in run.jobs if job.environment]
        return paged([_deployment(api, found, run, job) for run, job in jobs])

    @routes.get("/orgs/<organization>/audit-log")
    def audit_log(organization: str) -> Response:
        log = api.state.audit_log
        owned = [one for name, one in api.state.repositories.items() if name.startswith(f"{organization}/")]
        if log is None or not any(one.allows(api.caller().login, "admin") for one in owned):
            raise not_found()
        newest_first = [_audited(api, organization, one) for one in reversed(log)]
        return paged(newest_first)


def _sha(repository: Repository, ref: str) -> str:
    branch = repository.branch(ref)
    sha = branch.sha if branch else ref
    if _files(repository, sha) is None:
        raise not_found()
    return sha


def _files(repository: Repository, sha: str) -> Mapping[str, bytes] | None:
    """Of a commit, or of what a branch began with, which has none."""
    begun = (branch.files for branch in repository.branches.values() if branch.sha == sha)
    return files_at(repository, sha) or next(begun, None)


def _log(repository: Repository, start: str) -> list[Commit]:
    """From there back to what the branch began with."""
    found = []
    at = repository.spilt.commits.get(start)
    while at is not None:
        found.append(at)
        at = repository.spilt.commits.get(at.parent or "")
    return found


def _below(path: str, folder: str) -> bool:
    return not folder or path == folder or path.startswith(f"{folder.rstrip('/')}/")


def _moved(api: Api, repository: Repository, ref: str, before: str, after: str, kind: str) -> None:
    repository.pushes.append(Push(ref, before, after, kind, api.caller().login, api.clock()))


def _written(api: Api, repository: Repository, commit: Commit, path: str) -> dict[str, Any]:
    data, shape = commit.tree[path], commit_shape(api, repository, commit)
    url = f"{api.shapes.repository_url(repository)}/contents/{path}?ref={commit.sha}"
    git = f"{api.shapes.repository_url(repository)}/git/blobs/{blob_sha(data)}"
    content = {
        "name": path.rpartition("/")[2],
        "path": path,
        "sha": blob_sha(data),
        "size": len(data),
        "type": "file",
        **dict.fromkeys(("url", "html_url", "download_url"), url),
        "git_url": git,
        "_links": {"self": url, "html": url, "git": git},
    }
    inner = {key: shape["commit"][key] for key in ("author", "committer", "message", "tree", "url")}
    kept = {key: shape[key] for key in ("sha", "node_id", "html_url", "parents")}
    return {"content": content, "commit": {**inner, **kept}}


def _ref(api: Api, repository: Repository, ref: str, sha: str) -> dict[str, Any]:
    url = f"{api.shapes.repository_url(repository)}/git"
    return {
        "ref": ref,
        "node_id": node_id("Ref", repository.id),
        "url": f"{url}/{ref}",
        "object": {"type": "commit", "sha": sha, "url": f"{url}/commits/{sha}"},
    }


def _activity(api: Api, repository: Repository, number: int, push: Push) -> dict[str, Any]:
    number += repository.id * 1000
    return {
        "id": number,
        "node_id": node_id("Push", number),
        "before": push.before,
        "after": push.after,
        "ref": push.ref,
        "timestamp": moment(push.at),
        "activity_type": push.kind,
        "actor": api.shapes.user(api.state.user(push.login)),
    }


def _deployment(api: Api, repository: Repository, run: Run, job: Job) -> dict[str, Any]:
    environment = job.environment or ""
    there = repository.environments.get(environment)
    of_job = Gate(environment, there.id if there else 0, job.id, job.started_at or job.created_at)
    gate = next((gate for gate in run.gates if gate.environment == environment), of_job)
    return api.run_shapes.deployment(repository, run, gate, api.state.user(run.actor))


def _audited(api: Api, organization: str, event: Audited) -> dict[str, Any]:
    at = int(event.at * 1000)
    return {
        "@timestamp": at,
        "created_at": at,
        "_document_id": event.id,
        "action": event.action,
        "actor": event.actor,
        "actor_id": api.state.user(event.actor).id,
        "org": organization,
        "repo": event.repository,
        **({"name": event.about} if event.about else {}),
    }
