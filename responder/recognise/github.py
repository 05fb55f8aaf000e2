"""GitHub's tokens: of one piece, so that a fingerprint stands in for the identifier that they have not.

https://github.blog/engineering/platform-security/behind-githubs-new-authentication-token-formats/
Installation tokens grow dots and dashes and some 520 characters:
https://github.blog/changelog/2026-05-15-github-app-installation-tokens-per-request-override-header/
"""

import re
from collections.abc import Iterator

from responder.found import Found, Kind
from responder.recognise.text import Fragment, Sighting, Text, is_mixed, is_placeholder
from responder.secret import Secret

_TOKEN = re.compile(
    r"(?<![A-Za-z0-9])(?:(?P<prefix>gh[pour]_|github_pat_)(?P<body>[A-Za-z0-9_]*+)"
    r"|(?P<app>ghs_)(?P<app_body>[A-Za-z0-9._-]*+))"
)
_WHOLE = {
    "github_pat_": re.compile(r"[A-Za-z0-9]{22}_[A-Za-z0-9]{59,}"),
    "ghs_": re.compile(r"[A-Za-z0-9._-]{36,}"),
}
_WHOLE_CLASSIC = re.compile(r"[A-Za-z0-9]{36}[A-Za-z0-9_]*")
_SHORTEST_FRAGMENT = 8


def sightings(text: Text) -> Iterator[Sighting]:
    for match in _TOKEN.finditer(text.plain):
        prefix, body = match["prefix"] or match["app"], match["body"] or match["app_body"] or ""
        body = body.rstrip(".")  # of the sentence
        if is_placeholder(body):
            continue
        if _WHOLE.get(prefix, _WHOLE_CLASSIC).fullmatch(body):
            secret = Secret(prefix + body)
            yield match.start(), Found(kind=Kind.GITHUB_TOKEN, identifier=secret.fingerprint, secret=secret)
        elif len(body) >= _SHORTEST_FRAGMENT and is_mixed(body):
            what = f"a GitHub token with {len(body)} characters after {prefix}, which is too few"
            line = text.line(match.start())
            yield match.start(), Fragment(Kind.GITHUB_TOKEN, line, what, Secret(prefix + body))
