"""The lines that keys of a TOML file are on: tomllib does not tell."""

import re
from collections.abc import Mapping
from typing import TypeAlias

KeyPath: TypeAlias = tuple[str | int, ...]

_PART = r"""(?:"(?:[^"\\]|\\.)*"|'[^']*'|[A-Za-z0-9_-]+)"""
_KEY = rf"{_PART}(?:[ \t]*\.[ \t]*{_PART})*+"
_LINE = re.compile(
    rf"[ \t]*(?:\[\[[ \t]*(?P<element>{_KEY})[ \t]*\]\]"
    rf"|\[[ \t]*(?P<table>{_KEY})[ \t]*\]|(?P<key>{_KEY})[ \t]*=)"
)


def key_lines(text: str) -> dict[KeyPath, int]:
    """Path of a table, array element or key -> its first line (from 1), but for keys in inline tables."""
    lines: dict[KeyPath, int] = {}
    last_element: dict[KeyPath, int] = {}
    table: KeyPath = ()
    for number, line in enumerate(text.splitlines(), 1):
        match = _LINE.match(line)
        if match is None:
            continue
        if match["key"]:
            lines.setdefault((*table, *_parts(match["key"])), number)
            continue
        table = ()
        parts = _parts(match["element"] or match["table"])
        for depth, part in enumerate(parts, 1):
            table = (*table, part)
            if match["element"] and depth == len(parts):
                last_element[table] = last_element.get(table, -1) + 1
            if table in last_element:
                table = (*table, last_element[table])
        lines.setdefault(table, number)
    return lines


def line_of(lines: Mapping[KeyPath, int], path: KeyPath) -> int | None:
    """The line of `path`, or else of the innermost thing around it that has one."""
    for end in range(len(path), 0, -1):
        if path[:end] in lines:
            return lines[path[:end]]
    return None


def _parts(key: str) -> list[str]:
    return [part.strip("\"'") for part in re.findall(_PART, key)]
