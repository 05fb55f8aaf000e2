"""A YAML file with the line of every value, and errors that name file, line and the nearest valid word."""

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import yaml

from responder.errors import InputError

Path: TypeAlias = tuple[str | int, ...]

DEEPEST = 20  # levels: a playbook has six
_PLAIN = frozenset(
    f"tag:yaml.org,2002:{kind}" for kind in ("map", "seq", "str", "int", "float", "bool", "null")
)
_LONGEST = 60  # characters of a value in a message
_MEND = "Mend the line and try again."


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


class _Loader(yaml.SafeLoader):
    """Composes trees only: an anchor could make a loop, or a small file that is large."""

    depth = 0

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        event = self.peek_event()  # type: ignore[no-untyped-call]
        if getattr(event, "anchor", None) is not None:
            raise yaml.MarkedYAMLError(problem="playbooks have no anchors", problem_mark=event.start_mark)
        if self.depth > DEEPEST:
            raise yaml.MarkedYAMLError(problem="it is nested too deeply", problem_mark=event.start_mark)
        self.depth += 1
        try:
            return super().compose_node(parent, index)
        finally:
            self.depth -= 1


def parse(name: str, text: str) -> Document:
    """Raises: PlaybookError for text that is no YAML, has a key twice or a value that is no plain data."""
    lines: dict[Path, int] = {}
    try:
        node = yaml.compose(text, Loader=_Loader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise _no_yaml(name, mark.line + 1 if mark else 1, error.problem or "it cannot be read") from None
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        raise _no_yaml(name, line, f"character U+{error.character:04X} is not allowed") from None
    except (ValueError, RecursionError):  # an escape that is no character; thousands of brackets
        raise _no_yaml(name, 1, "it cannot be read") from None
    if node is None or (isinstance(node, yaml.ScalarNode) and not node.value):
        raise PlaybookError(
            f"{name}, line 1: the file is empty.",
            next_step="`respond playbook show leak --yaml` is an example.",
        )
    return Document(name, text, _plain(name, node, (), lines), lines)


def _no_yaml(name: str, line: int, why: str) -> PlaybookError:
    return PlaybookError(f"{name}, line {line}: this is not YAML: {why}.", next_step=_MEND)


def _plain(name: str, node: yaml.Node, path: Path, lines: dict[Path, int]) -> Any:
    line = node.start_mark.line + 1
    lines.setdefault(path, line)
    if node.tag not in _PLAIN:
        tag = node.tag.replace("tag:yaml.org,2002:", "!!")
        raise PlaybookError(
            f"{name}, line {line}: `{tag}` has no place in a playbook.",
            next_step="There are text, numbers, true and false, lists and mappings; put text into quotes.",
        )
    if isinstance(node, yaml.MappingNode):
        return _mapping(name, node, path, lines)
    if isinstance(node, yaml.SequenceNode):
        return [_plain(name, child, (*path, index), lines) for index, child in enumerate(node.value)]
    loader = yaml.SafeLoader("")
    try:
        value = loader.construct_object(node, deep=True)
        str(value).encode()
    except ValueError:  # a number of thousands of digits, half a character
        raise PlaybookError(f"{name}, line {line}: this value cannot be read.", next_step=_MEND) from None
    finally:
        loader.dispose()
    return value


def _mapping(name: str, node: yaml.MappingNode, path: Path, lines: dict[Path, int]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key_node, value_node in node.value:
        line = key_node.start_mark.line + 1
        if not isinstance(key_node, yaml.ScalarNode):
            raise PlaybookError(f"{name}, line {line}: a key is a word.", next_step=_MEND)
        key = str(key_node.value)
        if key in found:
            raise PlaybookError(
                f"{name}, line {line}: `{key}` stands here a second time.", next_step="Keep one of the two."
            )
        lines[*path, key] = line
        found[key] = _plain(name, value_node, (*path, key), lines)
    return found


def clipped(value: object) -> str:
    """Enough of it to be found in the file."""
    text = str(value)
    return text if len(text) <= _LONGEST else text[:_LONGEST] + "…"


def nearest(word: str, valid: Iterable[str]) -> str:
    """`Did you mean …?` where something is near, else what there is."""
    choices = sorted(valid)
    close = difflib.get_close_matches(word, choices, n=1, cutoff=0.5)
    if close:
        return f"Did you mean `{close[0]}`?"
    return "It is one of: " + ", ".join(choices) + "." if choices else "There is none here."
