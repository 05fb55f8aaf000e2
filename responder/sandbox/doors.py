"""What a sandbox answers beside the three services, to whoever tests or shows it."""

import json
from collections.abc import Callable
from wsgiref.types import WSGIApplication

from werkzeug import Request, Response

from responder.errors import InputError
from responder.sandbox.faults import Faults, read_rule
from responder.sandbox.truth import Truth

ADDRESSES = ("/_sandbox/world", "/_sandbox/reset", "/_sandbox/faults")


def doors(truth: Callable[[], Truth]) -> WSGIApplication:
    """What is served at `ADDRESSES`.

    GET world is the ground truth, secrets in clear; POST reset puts everything back as it started.

    GET faults lists the rules in force and how often each has happened; POST adds a JSON list of rules, all
    of them or, with 400 and the reason, none; DELETE clears them.
    """

    @Request.application
    def answer(request: Request) -> Response:
        match request.method, request.script_root.rpartition("/")[2]:
            case "GET", "world":
                return Response(json.dumps(truth().world()), content_type="application/json")
            case "POST", "reset":
                truth().reset()
                return Response(status=204)
            case "GET", "faults":
                return Response(json.dumps(truth().faults.world()), content_type="application/json")
            case "POST", "faults":
                return _add(truth().faults, request)
            case "DELETE", "faults":
                truth().faults.clear()
                return Response(status=204)
            case _:
                return Response("GET /_sandbox/world or /_sandbox/faults, or POST /_sandbox/reset.\n", 404)

    return answer


def _add(faults: Faults, request: Request) -> Response:
    sent = request.get_json(force=True, silent=True)
    if not isinstance(sent, list) or not all(isinstance(text, str) for text in sent):
        return Response('A JSON list of rules is needed: ["aws:503*2"].\n', 400)
    try:
        faults.add([read_rule(text) for text in sent])
    except InputError as error:
        return Response(f"{error.what}\n", 400)
    return Response(status=204)
