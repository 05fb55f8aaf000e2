"""Answers of AWS's query protocol, which IAM and STS speak.

https://smithy.io/2.0/aws/protocols/aws-query-protocol.html
"""

from collections.abc import Mapping, Sequence
from typing import Union
from xml.sax.saxutils import escape

from responder.sandbox.aws.wire import Reply

Fields = Mapping[str, Union[str, "Fields", Sequence["Fields"], Sequence[str]]]
"""An element's children; a sequence becomes `<member>` elements."""


def query_reply(action: str, result: Fields, request_id: str) -> Reply:
    body = (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<{action}Response><{action}Result>{_children(result)}'
        f"</{action}Result><ResponseMetadata><RequestId>{request_id}</RequestId></ResponseMetadata>"
        f"</{action}Response>"
    )
    return Reply(200, (("Content-Type", "text/xml"), ("x-amzn-RequestId", request_id)), body.encode())


def _children(fields: Fields) -> str:
    return "".join(f"<{name}>{_content(value)}</{name}>" for name, value in fields.items())


def _content(value: object) -> str:
    if isinstance(value, Mapping):
        return _children(value)
    if isinstance(value, Sequence) and not isinstance(value, str):
        return "".join(f"<member>{_content(item)}</member>" for item in value)
    return escape(str(value))
