"""Comments on issues. The issues themselves are only numbers here."""

from typing import Any

from flask import Blueprint, Response, jsonify

from responder.sandbox.github.errors import not_found
from responder.sandbox.github.requests import Api, body, field, page
from responder.sandbox.github.shapes import moment, node_id
from responder.sandbox.github.state import Comment, Repository


def blueprint(api: Api) -> Blueprint:
    prefix = "/repos/<owner>/<name>/issues/<int:number>/comments"
    routes = Blueprint("issues", __name__, url_prefix=prefix)

    @routes.get("")
    def comments(owner: str, name: str, number: int) -> Response:
        repository = api.repository(owner, name)
        shown, headers = page(_comments(repository, number))
        response = jsonify([comment_shape(api, repository, number, comment) for comment in shown])
        response.headers.update(headers)
        return response

    @routes.post("")
    def comment(owner: str, name: str, number: int) -> tuple[Response, int]:
        repository = api.repository(owner, name)
        kept = _comments(repository, number)
        made = Comment(api.state.fresh_id(), api.caller().login, field(body(), "body", str), api.clock())
        kept.append(made)
        return jsonify(comment_shape(api, repository, number, made)), 201

    return routes


def _comments(repository: Repository, number: int) -> list[Comment]:
    if number not in repository.issues:
        raise not_found()
    return repository.issues[number]


def comment_shape(api: Api, repository: Repository, number: int, comment: Comment) -> dict[str, Any]:
    base = api.shapes.base
    issue = f"{base}/repos/{repository.full_name}/issues/{number}"
    at = moment(comment.created_at)
    return {
        "id": comment.id,
        "node_id": node_id("IssueComment", comment.id),
        "url": f"{base}/repos/{repository.full_name}/issues/comments/{comment.id}",
        "html_url": f"{base}/{repository.full_name}/issues/{number}#issuecomment-{comment.id}",
        "issue_url": issue,
        "body": comment.body,
        "user": api.shapes.user(api.state.user(comment.login)),
        "created_at": at,
        "updated_at": at,
        "author_association": "MEMBER",
        "performed_via_github_app": None,
    }
