"""HTTP as the front sees it: the request before anything decoded it, and the reply."""

import io
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from urllib.parse import parse_qsl
from wsgiref.types import WSGIEnvironment


@dataclass(frozen=True)
class Request:
    """One request. `path` and `query` are the bytes that the client signed, still percent-encoded."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    """Names in lower case."""
    body: bytes

    @cached_property
    def query_pairs(self) -> list[tuple[str, str]]:
        return parse_qsl(self.query.replace("+", "%2B"), keep_blank_values=True)

    @cached_property
    def parameters(self) -> Mapping[str, str]:
        """Of AWS's query protocol: from the form body, else from the URL."""
        if self.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
            return dict(parse_qsl(self.body.decode("utf-8", "replace"), keep_blank_values=True))
        return dict(self.query_pairs)

    def listed(self, name: str) -> list[str]:
        """The values of `name.member.1`, `name.member.2` and so on."""
        prefix = f"{name}.member."
        numbered = [
            (int(key.removeprefix(prefix)), value)
            for key, value in self.parameters.items()
            if key.startswith(prefix) and key.removeprefix(prefix).isdigit()
        ]
        return [value for _, value in sorted(numbered)]


@dataclass(frozen=True)
class Reply:
    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes


def json_reply(answer: Mapping[str, Any], request_id: str) -> Reply:
    """AWS JSON 1.1."""
    headers = (("Content-Type", "application/x-amz-json-1.1"), ("x-amzn-RequestId", request_id))
    return Reply(200, headers, json.dumps(answer).encode())


def read_request(environ: WSGIEnvironment) -> Request:
    """Consumes the body and leaves `environ` readable again for the next application."""
    body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    environ["wsgi.input"] = io.BytesIO(body)
    path, _, query = environ["RAW_URI"].partition("?")
    headers = {
        name.removeprefix("HTTP_").replace("_", "-").lower(): value
        for name, value in environ.items()
        if name.startswith("HTTP_")
    }
    for name in ("CONTENT_TYPE", "CONTENT_LENGTH"):
        if environ.get(name):
            headers[name.replace("_", "-").lower()] = environ[name]
    return Request(environ["REQUEST_METHOD"], path, query, headers, body)
