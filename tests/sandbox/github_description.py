"""Checks every exchange with the sandbox's GitHub against GitHub's own OpenAPI description."""

import functools
import io
import json
import re
import urllib.parse
from dataclasses import dataclass, field
from pathlib import Path

from openapi_core import OpenAPI
from openapi_core.datatypes import RequestParameters
from openapi_core.exceptions import OpenAPIError
from werkzeug.datastructures import Headers, ImmutableMultiDict

DESCRIPTION = Path(__file__).parent / "data" / "github-openapi-subset.json"
HOST = "https://api.github.com"
# openapi-core refuses path parameters for the one, and looks for a property of an array for the other.
UNUSABLE = ("readOnly", "discriminator")
# And GraphQL, which is described elsewhere, a run's page for people, and what git asks for.
NO_API = re.compile(
    r"/_sandbox/|/graphql$|/(?!repos/)[^/]+/[^/]+/(actions/runs/\d+|info/refs|git-upload-pack)$"
)
# The last parameter holds slashes, which OpenAPI cannot say.
MULTI_SEGMENT = ("/contents/", "/branches/", "/git/refs/")


@functools.cache
def description():
    def usable(node):
        if isinstance(node, dict):
            found = {key: usable(value) for key, value in node.items() if key not in UNUSABLE}
            if found.get("nullable") is True and isinstance(found.get("enum"), list):
                found["enum"].append(None)  # OpenAPI 3.0 wants it there, and the description leaves it out
            return found
        return [usable(item) for item in node] if isinstance(node, list) else node

    return OpenAPI.from_dict(usable(json.loads(DESCRIPTION.read_text())))


@dataclass
class Request:
    method: str
    path: str
    body: bytes | None
    content_type: str
    parameters: RequestParameters
    host_url: str = HOST


@dataclass
class Answer:
    status_code: int
    content_type: str
    headers: Headers
    data: bytes


@dataclass
class Described:
    """Middleware; `violations` says what GitHub would not have sent or taken."""

    app: object
    violations: list[str] = field(default_factory=list)
    exchanges: list[str] = field(default_factory=list)

    def __call__(self, environ, start_response):
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        environ["wsgi.input"] = io.BytesIO(body)
        started = {}

        def start(status, headers, exc_info=None):
            started.update(status=status, headers=headers)
            return start_response(status, headers, exc_info)

        data = b"".join(self.app(environ, start))
        if not NO_API.match(environ["PATH_INFO"]):
            headers = Headers(started["headers"])
            status = int(started["status"].split()[0])
            answer = Answer(status, headers.get("Content-Type", ""), headers, data)
            self._check(_request(environ, body), answer)
        return [data]

    def _check(self, request, answer):
        name = f"{request.method.upper()} {request.path} -> {answer.status_code}"
        self.exchanges.append(name)
        if "X-GitHub-Request-Id" not in answer.headers:
            self.violations.append(f"{name}: no request id")
        api = description()
        try:
            if answer.status_code < 400:
                api.validate_request(request)
                api.validate_response(request, answer)
            else:
                # Few operations document their refusals; all refusals have one form.
                assert {"message", "documentation_url", "status"} <= json.loads(answer.data).keys()
        except OpenAPIError as error:
            causes = [str(cause)[:400] for cause in getattr(error.__cause__, "schema_errors", ())]
            self.violations.append(f"{name}: {error!r} {error.__cause__!r} {causes}")


def _request(environ, body):
    path, _, query = environ["REQUEST_URI"].partition("?")
    for prefix in MULTI_SEGMENT:
        if prefix in path and not path.endswith((prefix, "/protection")):
            head, _, rest = path.partition(prefix)
            path = head + prefix + urllib.parse.quote(urllib.parse.unquote(rest), safe="")
    # The description calls `created` a date-time; GitHub takes its search syntax (">=...").
    asked = [(key, value) for key, value in urllib.parse.parse_qsl(query) if key != "created"]
    return Request(
        method=environ["REQUEST_METHOD"].lower(),
        path=path,
        body=body or None,
        content_type=environ.get("CONTENT_TYPE") or "application/json",
        parameters=RequestParameters(
            query=ImmutableMultiDict(asked),
            header=Headers(),
            cookie=ImmutableMultiDict(),
        ),
    )
