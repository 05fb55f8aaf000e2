"""A YAML file with the line of every value, and errors that name file, line and the nearest valid word."""

import difflib
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import yaml

from responder.errors import InputError

Path: TypeAlias = tuple[str | int, ...]


class PlaybookError(InputError):
    """A playbook is wrong: where, what was expected, and the nearest valid word."""

    code = "playbook"


@dataclass(frozen=True)
class Document:
    """`data` is plain dicts, lists and scalars; `lines` has the line (from 1) of each path into it."""

    name: str  # of the file, for messages
    text: str
    data: Any
    lines: dict[Path, int]

    def error(self, path: Sequence[str | int], what: str, expected: str = "") -> PlaybookError:
        where = f"{self.name}, line {self.line(tuple(path))}"
        return PlaybookError(
            f"{where}: {what}",
            next_step=expected or "`respond playbook validate FILE` checks a playbook without playing it.",
        )

    def line(self, path: Path) -> int:
        while path not in self.lines and path:
            path = path[:-1]
        return self.lines.get(path, 1)


def parse(name: str, text: str) -> Document:
    """Raises: PlaybookError for text that is no YAML, has a key twice or a value that is no plain data."""
    lines: dict[Path, int] = {}
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
        if node is None:
            raise PlaybookError(
                f"{name}: the file is empty.", next_step="`respond playbook list` shows examples."
            )
        data = _plain(name, node, (), lines)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 1
        raise PlaybookError(
            f"{name}, line {line}: this is not YAML: {error.problem}",
            next_step="Mend the line and try again.",
        ) from None
    return Document(name, text, data, lines)


def _plain(name: str, node: yaml.Node, path: Path, lines: dict[Path, int]) -> Any:
    lines.setdefault(path, node.start_mark.line + 1)
    if isinstance(node, yaml.MappingNode):
        found: dict[Hashable, Any] = {}
        for key_node, value_node in node.value:
            key = str(key_node.value)
            line = key_node.start_mark.line + 1
            if key in found:
                raise PlaybookError(
                    f"{name}, line {line}: `{key}` stands here a second time.",
                    next_step="Keep one of the two.",
                )
            lines[*path, key] = line
            found[key] = _plain(name, value_node, (*path, key), lines)
        return found
    if isinstance(node, yaml.SequenceNode):
        return [_plain(name, child, (*path, index), lines) for index, child in enumerate(node.value)]
    loader = yaml.SafeLoader("")
    try:
        return loader.construct_object(node, deep=True)
    finally:
        loader.dispose()


def nearest(word: str, valid: Iterable[str]) -> str:
    """`Did you mean …?` where something is near, else what there is."""
    choices = sorted(valid)
    close = difflib.get_close_matches(word, choices, n=1, cutoff=0.5)
    if close:
        return f"Did you mean `{close[0]}`?"
    return "It is one of: " + ", ".join(choices) + "." if choices else "There is none here."
