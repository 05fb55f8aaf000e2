"""Modal's tokens (ak- with as-) and proxy tokens (wk- with ws-): 22 characters today, 20 to 40 accepted."""

import re
from collections.abc import Iterator

from responder.found import Kind
from responder.recognise.pairing import Half, Pairs, pair
from responder.recognise.text import Fragment, Sighting, Text, found, is_mixed, is_placeholder, lonely
from responder.secret import Secret

_HALF = re.compile(r"(?<![A-Za-z0-9_-])(?P<prefix>ak|as|wk|ws)-(?P<body>[A-Za-z0-9]++)(?![_-]?[A-Za-z0-9])")
_NAME = re.compile(r"token|modal|proxy", re.IGNORECASE)
_LENGTHS = range(20, 41)  # after the prefix
_SHORTEST_FRAGMENT = 8  # where no name tells that it is one
_REACH = 30  # lines between a token's id and its secret

_KINDS = {
    "ak": Kind.MODAL_TOKEN,
    "as": Kind.MODAL_TOKEN,
    "wk": Kind.MODAL_PROXY_TOKEN,
    "ws": Kind.MODAL_PROXY_TOKEN,
}
_WORDS = {
    "ak": "a Modal token's id",
    "as": "a Modal token's secret",
    "wk": "a Modal proxy token's id",
    "ws": "a Modal proxy token's secret",
}


def sightings(text: Text) -> Iterator[Sighting]:
    identifiers: dict[Kind, list[Half]] = {Kind.MODAL_TOKEN: [], Kind.MODAL_PROXY_TOKEN: []}
    secrets: dict[Kind, list[Half]] = {Kind.MODAL_TOKEN: [], Kind.MODAL_PROXY_TOKEN: []}
    for match in _HALF.finditer(text.plain):
        prefix, body, kind = match["prefix"], match["body"], _KINDS[match["prefix"]]
        if is_placeholder(body):
            continue
        is_secret = prefix in {"as", "ws"}
        if len(body) in _LENGTHS and re.search(r"[A-Z0-9]", body):  # else an English word
            if is_secret:
                secrets[kind].append(text.half(match.start(), secret=Secret(match[0])))
            else:
                identifiers[kind].append(text.half(match.start(), identifier=match[0]))
        elif _may_be_cut(text, match):
            what = f"{_WORDS[prefix]} with {len(body)} characters after {prefix}-, which should have 22"
            secret = Secret(match[0]) if is_secret else None
            yield match.start(), Fragment(kind, text.line(match.start()), what, secret)
    for kind, word in ((Kind.MODAL_TOKEN, _WORDS["as"]), (Kind.MODAL_PROXY_TOKEN, _WORDS["ws"])):
        pairs = pair([*identifiers[kind], *secrets[kind]], _REACH, Pairs())
        yield from found(identifiers[kind], pairs, kind)
        yield from lonely(secrets[kind], pairs, kind, word)


def _may_be_cut(text: Text, match: re.Match[str]) -> bool:
    if len(match["body"]) >= _SHORTEST_FRAGMENT and is_mixed(match["body"]):
        return True
    return bool(_NAME.search(text.name_before(match.start()).split(" ")[-1]))
