"""What people write and keep around a repository, as GitHub's REST API gives it.

https://docs.github.com/rest/pulls/reviews, https://docs.github.com/rest/commits/comments,
https://docs.github.com/rest/releases/releases, https://docs.github.com/rest/actions/cache
"""

import hashlib
from typing import Any

from flask import Blueprint, Response, jsonify, redirect, request
from werkzeug.wrappers import Response as Redirect

from responder.sandbox.github.errors import not_found
from responder.sandbox.github.requests import Api, listing, paged
from responder.sandbox.github.shapes import moment, node_id
from responder.sandbox.github.state import Repository
from responder.sandbox.github.talk import Asset, Cache, Release, Said

_BINARY = "application/octet-stream"


def blueprint(api: Api) -> Blueprint:
    routes = Blueprint("talk", __name__)
    _add_comments(routes, api)
    _add_releases(routes, api)

    @routes.get("/repos/<owner>/<name>/actions/caches")
    def caches(owner: str, name: str) -> Response:
        return listing("actions_caches", api.repository(owner, name).talk.caches, _cache)

    return routes


def _add_comments(routes: Blueprint, api: Api) -> None:
    @routes.get("/repos/<owner>/<name>/pulls/<int:number>/reviews")
    def reviews(owner: str, name: str, number: int) -> Response:
        repository = api.repository(owner, name)
        if number not in repository.spilt.pulls:
            raise not_found()
        found = repository.talk.summaries.get(number, [])
        return paged([_review(api, repository, number, one) for one in found])

    @routes.get("/repos/<owner>/<name>/comments")
    def of_commits(owner: str, name: str) -> Response:
        repository = api.repository(owner, name)
        return paged([_of_commit(api, repository, one) for one in repository.talk.of_commits])


def _add_releases(routes: Blueprint, api: Api) -> None:
    @routes.get("/repos/<owner>/<name>/releases")
    def releases(owner: str, name: str) -> Response:
        repository = api.repository(owner, name)
        return paged([_release(api, repository, one) for one in repository.talk.releases])

    @routes.get("/repos/<owner>/<name>/releases/assets/<int:number>")
    def asset(owner: str, name: str, number: int) -> Response | Redirect:
        repository = api.repository(owner, name)
        release, found = _asset_by_id(repository, number)
        if request.headers.get("Accept") == _BINARY:
            address = f"{api.shapes.base}/_sandbox/assets/{repository.full_name}/{number}/{_ticket(found)}"
            return redirect(address)
        return jsonify(_asset(api, repository, release, found))

    @routes.get("/_sandbox/assets/<owner>/<name>/<int:number>/<ticket>")
    def content(owner: str, name: str, number: int, ticket: str) -> Response:
        """No token is needed: the address itself is the secret."""
        _, found = _asset_by_id(api.state.repository(f"{owner}/{name}"), number)
        if ticket != _ticket(found):
            raise not_found()
        return Response(found.data, mimetype=_BINARY)


def _asset_by_id(repository: Repository, number: int) -> tuple[Release, Asset]:
    for release in repository.talk.releases:
        for asset in release.assets:
            if asset.id == number:
                return release, asset
    raise not_found()


def _ticket(asset: Asset) -> str:
    return hashlib.sha256(b"%d %b" % (asset.id, asset.data)).hexdigest()


def _review(api: Api, repository: Repository, number: int, said: Said) -> dict[str, Any]:
    pull = f"{api.shapes.repository_url(repository)}/pulls/{number}"
    html = f"{api.shapes.base}/{repository.full_name}/pull/{number}#pullrequestreview-{said.id}"
    return {
        "id": said.id,
        "node_id": node_id("PullRequestReview", said.id),
        "user": api.shapes.user(api.state.user(said.login)),
        "body": said.body,
        "state": "COMMENTED",
        "commit_id": said.sha,
        "html_url": html,
        "pull_request_url": pull,
        "_links": {"html": {"href": html}, "pull_request": {"href": pull}},
        "author_association": "MEMBER",
        "submitted_at": moment(said.at),
    }


def _of_commit(api: Api, repository: Repository, said: Said) -> dict[str, Any]:
    html = f"{api.shapes.base}/{repository.full_name}/commit/{said.sha}#commitcomment-{said.id}"
    return {
        "id": said.id,
        "node_id": node_id("CommitComment", said.id),
        "url": f"{api.shapes.repository_url(repository)}/comments/{said.id}",
        "html_url": html,
        "user": api.shapes.user(api.state.user(said.login)),
        "body": said.body,
        "commit_id": said.sha,
        **dict.fromkeys(("position", "line", "path")),
        "author_association": "MEMBER",
        "created_at": moment(said.at),
        "updated_at": moment(said.at),
    }


def _release(api: Api, repository: Repository, release: Release) -> dict[str, Any]:
    url = f"{api.shapes.repository_url(repository)}/releases/{release.id}"
    archive = f"{api.shapes.repository_url(repository)}"
    return {
        "id": release.id,
        "node_id": node_id("Release", release.id),
        "url": url,
        "html_url": f"{api.shapes.base}/{repository.full_name}/releases/tag/{release.tag}",
        "assets_url": f"{url}/assets",
        "upload_url": f"{url}/assets{{?name,label}}",
        "tarball_url": f"{archive}/tarball/{release.tag}",
        "zipball_url": f"{archive}/zipball/{release.tag}",
        "tag_name": release.tag,
        "target_commitish": repository.default_branch,
        "name": release.tag,
        "body": release.body,
        "draft": False,
        "prerelease": False,
        "author": api.shapes.user(api.state.user(release.login)),
        "created_at": moment(release.at),
        "published_at": moment(release.at),
        "assets": [_asset(api, repository, release, one) for one in release.assets],
    }


def _asset(api: Api, repository: Repository, release: Release, asset: Asset) -> dict[str, Any]:
    page = f"{api.shapes.base}/{repository.full_name}/releases/download/{release.tag}/{asset.name}"
    return {
        "id": asset.id,
        "node_id": node_id("ReleaseAsset", asset.id),
        "url": f"{api.shapes.repository_url(repository)}/releases/assets/{asset.id}",
        "browser_download_url": page,
        "name": asset.name,
        "label": None,
        "state": "uploaded",
        "content_type": _BINARY,
        "size": len(asset.data),
        "digest": f"sha256:{hashlib.sha256(asset.data).hexdigest()}",
        "download_count": 0,
        "uploader": api.shapes.user(api.state.user(release.login)),
        "created_at": moment(release.at),
        "updated_at": moment(release.at),
    }


def _cache(cache: Cache) -> dict[str, Any]:
    return {
        "id": cache.id,
        "ref": cache.ref,
        "key": cache.key,
        "version": hashlib.sha256(cache.key.encode()).hexdigest(),
        "last_accessed_at": moment(cache.at),
        "created_at": moment(cache.at),
        "size_in_bytes": cache.size,
    }
