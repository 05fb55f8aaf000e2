"""AWS access keys: an id of 20 characters, and a secret of 40 that only its name tells from other text.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html#identifiers-unique-ids
A session (ASIA...) has a third part, its token, which only its name or AWS's own beginning tells from other
base64: https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_temp_use-resources.html
"""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence

from responder.found import Found, Kind
from responder.recognise.pairing import Half, Pairs, pair
from responder.recognise.text import Fragment, Sighting, Text, found, is_mixed, is_placeholder, lonely
from responder.secret import Secret

_ID = re.compile(r"(?<![A-Za-z0-9])(?P<prefix>AKIA|ASIA)(?P<body>[A-Z0-9]*+)(?![a-z])")
_SECRET = re.compile(r"(?<![A-Za-z0-9/+_.-])[A-Za-z0-9/+]{40}(?![A-Za-z0-9/+=_-])")
_SECRET_NAME = re.compile(r"secret[_ .-]?(?:access[_ .-]?)?key[\w.-]*\Z", re.IGNORECASE)
_NAMED_SECRET = re.compile(
    r"(?:secret[_ .-]?access[_ .-]?key|aws[_ .-]?secret[_ .-]?key)[\s\"'`:=<>,|\\]{1,40}"
    r"(?P<value>[A-Za-z0-9/+]{8,80}+)(?![A-Za-z0-9/+=])",
    re.IGNORECASE,
)
_TOKEN = re.compile(
    r"(?<![A-Za-z0-9/+_-])"
    r"(?P<value>(?P<known>IQoJb3JpZ2lu|F[wQ]oGZXIvYXdz)?[A-Za-z0-9/+]{90,}+={0,2})"
)
_TOKEN_NAME = re.compile(r"(?:session|security)[_ .-]?token[\w.-]*\Z", re.IGNORECASE)
_GIT_HASH = re.compile(r"[0-9a-f]{40}|[0-9A-F]{40}")

_ID_LENGTH, _SECRET_LENGTH = 20, 40
_SHORTEST_FRAGMENT = 8
_REACH, _UNNAMED_REACH = 30, 5  # lines between an id and a secret with, and without, a telling name


def sightings(text: Text) -> Iterator[Sighting]:
    identifiers = []
    for match in _ID.finditer(text.plain):
        if is_placeholder(match["body"]):
            continue
        if len(match[0]) == _ID_LENGTH:
            identifiers.append(text.half(match.start(), identifier=match[0]))
        elif len(match[0]) >= _SHORTEST_FRAGMENT and (
            match["prefix"] == "AKIA" or re.search(r"\d", match[0])
        ):
            yield match.start(), _cut(text, match.start(), "an AWS access key id", match[0], _ID_LENGTH)
    lines = [half.line for half in identifiers]
    secrets = []
    for match in _SECRET.finditer(text.plain):
        named = bool(_SECRET_NAME.search(text.name_before(match.start())))
        near = named or _is_near(text.line(match.start()), lines)
        if near and looks_like_secret(match[0], named=named):
            secrets.append(text.half(match.start(), secret=Secret(match[0]), named=named))
    named_secrets = [half for half in secrets if half.named]
    pairs = pair([*identifiers, *named_secrets], _REACH, Pairs())
    pairs = pair([*identifiers, *secrets], _UNNAMED_REACH, pairs)
    yield from found([half for half in identifiers if not _is_session(half)], pairs, Kind.AWS_ACCESS_KEY)
    yield from _sessions(text, [half for half in identifiers if _is_session(half)], pairs)
    yield from lonely(named_secrets, pairs, Kind.AWS_ACCESS_KEY, "an AWS secret access key")
    for match in _NAMED_SECRET.finditer(text.plain):
        if len(match["value"]) != _SECRET_LENGTH and is_mixed(match["value"]):
            start = match.start("value")
            yield start, _cut(text, start, "an AWS secret access key", match["value"], _SECRET_LENGTH)


def _is_session(half: Half) -> bool:
    return half.identifier.startswith("ASIA")


def _sessions(text: Text, identifiers: Sequence[Half], pairs: Pairs) -> Iterator[Sighting]:
    tokens = [
        text.half(match.start(), secret=Secret(match["value"]))
        for match in _TOKEN.finditer(text.plain)
        if match["known"] or _TOKEN_NAME.search(text.name_before(match.start()))
    ]
    with_token = pair([*identifiers, *tokens], _REACH, Pairs())
    for half in identifiers:
        secret, token_half = pairs.of.get(half), with_token.of.get(half)
        yield (
            half.start,
            Found(
                kind=Kind.AWS_SESSION,
                identifier=half.identifier,
                secret=secret.secret if secret else None,
                session_token=token_half.secret if token_half else None,
            ),
        )
    yield from lonely(tokens, with_token, Kind.AWS_SESSION, "an AWS session token")


def _is_near(line: int, lines: Sequence[int]) -> bool:
    """Whether one of `lines`, which ascend, is within reach: a file may hold any number of 40 characters."""
    return bisect_right(lines, line + _UNNAMED_REACH) > bisect_left(lines, line - _UNNAMED_REACH)


def looks_like_secret(value: str, *, named: bool = False) -> bool:
    """Whether 40 characters may be a secret access key; never so for the name of a git commit."""
    if len(value) != _SECRET_LENGTH or _GIT_HASH.fullmatch(value) or is_placeholder(value):
        return False
    return named or (is_mixed(value) and bool(_SECRET.fullmatch(value)))


def _cut(text: Text, start: int, what: str, value: str, length: int) -> Fragment:
    return Fragment(
        kind=Kind.AWS_ACCESS_KEY,
        line=text.line(start),
        what=f"{what} of {len(value)} characters, which should have {length}",
        secret=Secret(value) if length == _SECRET_LENGTH else None,
    )
