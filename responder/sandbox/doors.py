"""What a sandbox answers beside the three services, to whoever tests or shows it."""

import json
from collections.abc import Callable
from wsgiref.types import WSGIApplication

from werkzeug import Request, Response

from responder.sandbox.truth import Truth


def doors(truth: Callable[[], Truth]) -> WSGIApplication:
    """GET /world is the ground truth, secrets in clear; POST /reset puts everything back as it started."""

    @Request.application
    def answer(request: Request) -> Response:
        match request.method, request.path:
            case "GET", "/world":
                return Response(json.dumps(truth().world()), content_type="application/json")
            case "POST", "/reset":
                truth().reset()
                return Response(status=204)
            case _:
                return Response("GET /_sandbox/world, or POST /_sandbox/reset.\n", 404)

    return answer
