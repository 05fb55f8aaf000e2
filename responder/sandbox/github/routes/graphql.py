"""GitHub's GraphQL API, as far as its REST API does not know: discussions, and what texts were once.

The schema is a part of GitHub's own (npm @octokit/graphql-schema 15.26.1).
"""

import functools
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from flask import Blueprint, Response, jsonify

from responder.sandbox.github.errors import ApiError
from responder.sandbox.github.requests import Api, body
from responder.sandbox.github.shapes import moment, node_id
from responder.sandbox.github.state import Repository
from responder.sandbox.github.talk import Discussion, Edit, Said

if TYPE_CHECKING:
    from graphql import GraphQLSchema

SCHEMA = """
scalar DateTime
scalar URI
enum DiscussionOrderField { CREATED_AT UPDATED_AT }
enum OrderDirection { ASC DESC }
input DiscussionOrder { direction: OrderDirection! field: DiscussionOrderField! }
type Query {
  nodes(ids: [ID!]!): [Node]!
  repository(followRenames: Boolean, name: String!, owner: String!): Repository
}
interface Node { id: ID! }
interface Comment {
  body: String!
  id: ID!
  userContentEdits(after: String, before: String, first: Int, last: Int): UserContentEditConnection
}
type Issue implements Comment & Node {
  body: String!
  id: ID!
  userContentEdits(after: String, before: String, first: Int, last: Int): UserContentEditConnection
}
type PullRequest implements Comment & Node {
  body: String!
  id: ID!
  userContentEdits(after: String, before: String, first: Int, last: Int): UserContentEditConnection
}
type IssueComment implements Comment & Node {
  body: String!
  id: ID!
  userContentEdits(after: String, before: String, first: Int, last: Int): UserContentEditConnection
}
type UserContentEditConnection { nodes: [UserContentEdit] pageInfo: PageInfo! totalCount: Int! }
type UserContentEdit { deletedAt: DateTime diff: String editedAt: DateTime! }
type Repository {
  discussions(after: String, before: String, first: Int, last: Int, orderBy: DiscussionOrder):
    DiscussionConnection!
  hasDiscussionsEnabled: Boolean!
}
type DiscussionConnection { nodes: [Discussion] pageInfo: PageInfo! totalCount: Int! }
type Discussion {
  body: String!
  id: ID!
  comments(after: String, before: String, first: Int, last: Int): DiscussionCommentConnection!
  number: Int!
  title: String!
  updatedAt: DateTime!
  url: URI!
}
type DiscussionCommentConnection { nodes: [DiscussionComment] pageInfo: PageInfo! totalCount: Int! }
type DiscussionComment {
  body: String!
  id: ID!
  replies(after: String, before: String, first: Int, last: Int): DiscussionCommentConnection!
  updatedAt: DateTime!
  url: URI!
}
type PageInfo { endCursor: String hasNextPage: Boolean! }
"""
_MOST = 100  # of a connection in one answer


def blueprint(api: Api) -> Blueprint:
    routes = Blueprint("graphql", __name__)

    @routes.post("/graphql")
    def answer() -> Response:
        from graphql import graphql_sync  # noqa: PLC0415  # rarely needed

        api.caller()
        sent = body()
        told = graphql_sync(
            _schema(), str(sent.get("query", "")), _Root(api), variable_values=sent.get("variables") or {}
        )
        errors = [{**error.formatted, **_kind(error.original_error)} for error in told.errors or ()]
        return jsonify({"data": told.data, **({"errors": errors} if errors else {})})

    return routes


@functools.cache
def _schema() -> "GraphQLSchema":
    from graphql import build_schema  # noqa: PLC0415  # rarely needed

    return build_schema(SCHEMA)


def _kind(error: Exception | None) -> dict[str, str]:
    return {"type": "NOT_FOUND"} if isinstance(error, ApiError) else {}


class _Root:
    """Methods answer fields with arguments, as graphql-core calls them."""

    def __init__(self, api: Api) -> None:
        self._api = api

    def nodes(self, _info: object, ids: list[str]) -> list[dict[str, Any] | None]:
        """Those of issues, pull requests and the comments on them; others have no edits here."""
        login = self._api.caller().login
        readable = [one for one in self._api.state.repositories.values() if one.allows(login, "read")]
        known = {name: node for one in readable for name, node in _texts(one)}
        return [known.get(one) for one in ids]

    def repository(self, _info: object, owner: str, name: str, **_: object) -> dict[str, Any]:
        try:
            found = self._api.repository(owner, name)
        except ApiError as error:
            raise ApiError(
                error.status, f"Could not resolve to a Repository with the name '{owner}/{name}'."
            ) from None
        page = f"{self._api.shapes.base}/{found.full_name}/discussions"
        newest = sorted((found.talk.discussions or {}).values(), key=lambda one: one.at, reverse=True)
        return {
            "hasDiscussionsEnabled": found.talk.discussions is not None,
            "discussions": _connection([_discussion(page, one) for one in newest]),
        }


def _texts(repository: Repository) -> Iterator[tuple[str, dict[str, Any]]]:
    for number, comments in repository.issues.items():
        kind = "PullRequest" if number in repository.spilt.pulls else "Issue"
        _, body = repository.spilt.texts.get(number, ("", ""))
        yield _text(kind, repository.id * 1000 + number, body, repository.talk.edits.get(number, []))
        for comment in comments:
            yield _text("IssueComment", comment.id, comment.body, comment.edits)


def _text(kind: str, number: int, body: str, edits: list[Edit]) -> tuple[str, dict[str, Any]]:
    name = node_id(kind, number)
    told = [{"editedAt": moment(one.at), "diff": one.text, "deletedAt": None} for one in reversed(edits)]
    return name, {"__typename": kind, "id": name, "body": body, "userContentEdits": _connection(told)}


def _discussion(page: str, one: Discussion) -> dict[str, Any]:
    url = f"{page}/{one.number}"
    return {
        "id": node_id("Discussion", one.number),
        "number": one.number,
        "title": one.title,
        "body": one.body,
        "url": url,
        "updatedAt": moment(one.at),
        "comments": _connection([_comment(url, said) for said in one.comments]),
    }


def _comment(url: str, said: Said) -> dict[str, Any]:
    return {
        "id": node_id("DiscussionComment", said.id),
        "body": said.body,
        "url": f"{url}#discussioncomment-{said.id}",
        "updatedAt": moment(said.at),
        "replies": _connection([_comment(url, reply) for reply in said.replies]),
    }


def _connection(items: list[dict[str, Any]]) -> Any:  # noqa: ANN401  # a resolver
    def answer(
        _info: object, first: int | None = None, after: str | None = None, **_: object
    ) -> dict[str, Any]:
        if first is None or not 1 <= first <= _MOST:  # GitHub wants a number
            raise ValueError(
                "You must provide a `first` or `last` value to properly paginate the connection."
            )
        begin = int(after or 0)
        end = begin + first
        return {
            "totalCount": len(items),
            "nodes": items[begin:end],
            "pageInfo": {"endCursor": str(end), "hasNextPage": end < len(items)},
        }

    return answer
