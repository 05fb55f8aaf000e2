"""Commits, pull requests and single comments: where people look at what has leaked."""

from typing import Any

from flask import Blueprint, Response, jsonify

from responder.sandbox.github.errors import not_found, unprocessable
from responder.sandbox.github.leaks import Change, Commit, ReviewComment
from responder.sandbox.github.requests import Api, page, paged
from responder.sandbox.github.routes.issues import comment_shape
from responder.sandbox.github.shapes import moment, node_id
from responder.sandbox.github.state import Repository, blob_sha


def blueprint(api: Api) -> Blueprint:
    routes = Blueprint("leaks", __name__)
    _add_commits(routes, api)
    _add_issues(routes, api)
    _add_pulls(routes, api)
    return routes


def _add_commits(routes: Blueprint, api: Api) -> None:
    @routes.get("/repos/<owner>/<name>/commits/<path:ref>")
    def commit(owner: str, name: str, ref: str) -> Response:
        repository = api.repository(owner, name)
        found = repository.spilt.commit(ref)
        if found is None:
            raise unprocessable(f"No commit found for SHA: {ref}")
        shown, headers = page(found.changes)
        files = [_file(api, repository, found.sha, change) for change in shown]
        response = jsonify({**commit_shape(api, repository, found), "files": files})
        response.headers.update(headers)
        return response


def _add_issues(routes: Blueprint, api: Api) -> None:
    @routes.get("/repos/<owner>/<name>/issues/<int:number>")
    def issue(owner: str, name: str, number: int) -> Response:
        return jsonify(issue_shape(api, api.repository(owner, name), number))

    @routes.get("/repos/<owner>/<name>/issues/comments/<int:comment_id>")
    def issue_comment(owner: str, name: str, comment_id: int) -> Response:
        repository = api.repository(owner, name)
        for number, comments in repository.issues.items():
            for comment in comments:
                if comment.id == comment_id:
                    return jsonify(comment_shape(api, repository, number, comment))
        raise not_found()


def _add_pulls(routes: Blueprint, api: Api) -> None:
    @routes.get("/repos/<owner>/<name>/pulls/<int:number>/commits")
    def pull_commits(owner: str, name: str, number: int) -> Response:
        repository = api.repository(owner, name)
        commits = [repository.spilt.commits[sha] for sha in _pull(repository, number)]
        return paged([commit_shape(api, repository, found) for found in commits])

    @routes.get("/repos/<owner>/<name>/pulls/<int:number>/files")
    def pull_files(owner: str, name: str, number: int) -> Response:
        repository = api.repository(owner, name)
        commits = [repository.spilt.commits[sha] for sha in _pull(repository, number)]
        return paged([_file(api, repository, commits[-1].sha, change) for change in _net(commits)])

    @routes.get("/repos/<owner>/<name>/pulls/<int:number>/comments")
    def review_comments(owner: str, name: str, number: int) -> Response:
        repository = api.repository(owner, name)
        _pull(repository, number)
        found = repository.spilt.reviews.get(number, [])
        return paged([_review(api, repository, number, one) for one in found])

    @routes.get("/repos/<owner>/<name>/pulls/comments/<int:comment_id>")
    def review_comment(owner: str, name: str, comment_id: int) -> Response:
        repository = api.repository(owner, name)
        for number, comments in repository.spilt.reviews.items():
            for one in comments:
                if one.comment.id == comment_id:
                    return jsonify(_review(api, repository, number, one))
        raise not_found()


def _pull(repository: Repository, number: int) -> list[str]:
    if number not in repository.spilt.pulls:
        raise not_found()
    return repository.spilt.pulls[number]


def _net(commits: list[Commit]) -> list[Change]:
    """From the first commit to the last: what was added and taken away in between is not among them."""
    before: dict[str, bytes | None] = {}
    after: dict[str, bytes | None] = {}
    for found in commits:
        for change in found.changes:
            before.setdefault(change.path, change.before)
            after[change.path] = change.after
    return [Change(path, before[path], data) for path, data in after.items() if before[path] != data]


def commit_shape(api: Api, repository: Repository, commit: Commit) -> dict[str, Any]:
    url = f"{api.shapes.repository_url(repository)}/commits/{commit.sha}"
    html = f"{api.shapes.base}/{repository.full_name}/commit/{commit.sha}"
    author = api.shapes.user(api.state.user(commit.login))
    email = f"{commit.login}@users.noreply.github.com"
    person = {"name": commit.login, "email": email, "date": moment(commit.at)}
    parents = [commit.parent] if commit.parent else []
    return {
        "url": url,
        "sha": commit.sha,
        "node_id": node_id("Commit", int(commit.sha[:12], 16)),
        "html_url": html,
        "comments_url": f"{url}/comments",
        "author": author,
        "committer": author,
        "parents": [{"sha": sha, "url": url.replace(commit.sha, sha)} for sha in parents],
        "commit": {
            "url": url,
            "author": person,
            "committer": person,
            "message": commit.message,
            "comment_count": 0,
            "tree": {"sha": commit.sha, "url": url.replace("/commits/", "/git/trees/")},
        },
    }


def _file(api: Api, repository: Repository, sha: str, change: Change) -> dict[str, Any]:
    patch = change.patch
    lines = (patch or "").splitlines()
    added, taken = (sum(line.startswith(sign) for line in lines) for sign in "+-")
    html = f"{api.shapes.base}/{repository.full_name}"
    return {
        "sha": blob_sha(change.after or change.before or b""),
        "filename": change.path,
        "status": change.status,
        "additions": added,
        "deletions": taken,
        "changes": added + taken,
        "blob_url": f"{html}/blob/{sha}/{change.path}",
        "raw_url": f"{html}/raw/{sha}/{change.path}",
        "contents_url": f"{api.shapes.repository_url(repository)}/contents/{change.path}?ref={sha}",
        **({} if patch is None else {"patch": patch}),
    }


def issue_shape(api: Api, repository: Repository, number: int) -> dict[str, Any]:
    if number not in repository.issues:
        raise not_found()
    title, body = repository.spilt.texts.get(number, (f"Issue {number}", ""))
    url = f"{api.shapes.repository_url(repository)}/issues/{number}"
    is_pull = number in repository.spilt.pulls
    page_of = f"{api.shapes.base}/{repository.full_name}/{'pull' if is_pull else 'issues'}/{number}"
    pull = url.replace("/issues/", "/pulls/")
    links = {"url": pull, "html_url": page_of, "diff_url": f"{page_of}.diff", "patch_url": f"{page_of}.patch"}
    return {
        "id": repository.id * 1000 + number,
        "node_id": node_id("PullRequest" if is_pull else "Issue", repository.id * 1000 + number),
        "number": number,
        "url": url,
        "html_url": page_of,
        "repository_url": api.shapes.repository_url(repository),
        **{f"{what}_url": f"{url}/{what}" for what in ("comments", "events")},
        "labels_url": f"{url}/labels{{/name}}",
        "title": title,
        "body": body,
        "state": "open",
        "locked": False,
        "labels": [],
        "comments": len(repository.issues[number]),
        "user": api.shapes.user(api.owner(repository)),
        "author_association": "MEMBER",
        "created_at": moment(repository.created_at),
        "updated_at": moment(repository.created_at),
        **dict.fromkeys(("assignee", "milestone", "closed_at")),
        **({"pull_request": links} if is_pull else {}),
    }


def _review(api: Api, repository: Repository, number: int, one: ReviewComment) -> dict[str, Any]:
    comment = one.comment
    url = f"{api.shapes.repository_url(repository)}/pulls"
    html = f"{api.shapes.base}/{repository.full_name}/pull/{number}#discussion_r{comment.id}"
    pull = f"{url}/{number}"
    last = repository.spilt.pulls[number][-1]
    return {
        "id": comment.id,
        "node_id": node_id("PullRequestReviewComment", comment.id),
        "pull_request_review_id": None,
        "url": f"{url}/comments/{comment.id}",
        "html_url": html,
        "pull_request_url": pull,
        "diff_hunk": "@@ -1 +1 @@",
        "path": one.path,
        "commit_id": last,
        "original_commit_id": last,
        "user": api.shapes.user(api.state.user(comment.login)),
        "body": comment.body,
        "created_at": moment(comment.created_at),
        "updated_at": moment(comment.created_at),
        "author_association": "MEMBER",
        "_links": {
            "self": {"href": f"{url}/comments/{comment.id}"},
            "html": {"href": html},
            "pull_request": {"href": pull},
        },
    }
