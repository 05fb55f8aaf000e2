"""A policy as CloudTrail has it: its text, as it was sent."""

import json
from typing import Any
from urllib.parse import unquote


def parsed(document: object) -> Any:  # noqa: ANN401  # a policy's JSON
    """None where it is none."""
    try:
        return json.loads(unquote(str(document))) if document else None
    except ValueError:
        return None
