"""Whether a text is canonical JSON, and the bytes that an event's hash is over, without RFC 8785 in Python.

Exact, and fast where it matters: what the interpreter's own encoder cannot judge is left to `rfc8785`. That
encoder writes as RFC 8785 does, but for numbers that are no small integers, and for the order of keys beyond
the first plane of Unicode.
"""

import json
from json.encoder import encode_basestring
from typing import Any, Final, NoReturn

import rfc8785

from responder.journal.events import DOMAIN, parse

_EXACT_DIGITS: Final = 15  # beyond, integers are rounded, as all of JSON's numbers are


class _UnsureError(Exception):
    """Not for the fast way."""


def _unsure(_text: str) -> NoReturn:
    raise _UnsureError


def _small(text: str) -> int:
    if len(text) > _EXACT_DIGITS:
        raise _UnsureError
    return int(text)


_parse: Final = json.JSONDecoder(parse_float=_unsure, parse_int=_small, parse_constant=_unsure).decode
_write: Final = json.JSONEncoder(
    ensure_ascii=False, check_circular=False, allow_nan=False, sort_keys=True, separators=(",", ":")
).encode
quoted: Final = encode_basestring  # a string as canonical JSON has it


def is_canonical(text: str) -> bool:
    """Whether the text is the RFC 8785 form of the value that it is JSON of."""
    if text.isascii():
        try:
            if _write(_parse(text)) == text:
                return True
        except (_UnsureError, ValueError, RecursionError):
            pass
    try:
        return rfc8785.dumps(parse(text)) == text.encode()
    except (ValueError, RecursionError):  # not JSON, not UTF-8, no canonical form
        return False


def preimage(  # one argument a field
    seq: int, run: str, step: str, attempt: int, kind: str, at: str, data: str, prev: str
) -> bytes:
    """What an event's hash is over, from its fields as they are stored; right where `data` is canonical.

    Raises:
        UnicodeError: a field is not text.
    """
    return (
        DOMAIN
        + (
            f'{{"at":{quoted(at)},"attempt":{attempt},"data":{data},"kind":{quoted(kind)},"prev":{quoted(prev)},'
            f'"run":{quoted(run)},"seq":{seq},"step":{quoted(step)}}}'
        ).encode()
    )


def data_within(line: str, fields: dict[str, Any]) -> str | None:
    """The text of `data` in a line of canonical JSON with all fields of an event; None where it is not that.

    Args:
        line: without its end.
        fields: the line, parsed. The text is as it stands there; whether it is canonical is not looked at.
    """
    before = f'{{"at":{quoted(fields["at"])},"attempt":{fields["attempt"]},"data":'
    after = (
        f',"hash":{quoted(fields["hash"])},"kind":{quoted(fields["kind"])},"prev":{quoted(fields["prev"])},'
        f'"run":{quoted(fields["run"])},"seq":{fields["seq"]},"step":{quoted(fields["step"])}}}'
    )
    whole = len(line) >= len(before) + len(after) and line.startswith(before) and line.endswith(after)
    return line[len(before) : len(line) - len(after)] if whole else None
