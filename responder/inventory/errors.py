"""What is wrong with an inventory, where, and which word was probably meant."""

import difflib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from responder.errors import InputError
from responder.inventory.lines import KeyPath, line_of


class InventoryError(InputError):
    """The inventory is wrong: every mistake in it, with its line."""

    code = "inventory"


class NoInventoryError(InventoryError):
    """There is no inventory in any of the places where one is looked for."""

    code = "no-inventory"


@dataclass(frozen=True)
class Mistake:
    path: KeyPath  # of the key that is wrong, or of the table that lacks one
    what: str  # one sentence


def refuse(name: str, mistakes: Sequence[Mistake], lines: Mapping[KeyPath, int]) -> InventoryError:
    """All mistakes in one error, in the order of the file."""
    placed = sorted(
        ((line_of(lines, mistake.path) or 0, mistake) for mistake in mistakes), key=lambda p: p[0]
    )
    told = [f"{name}, line {line}: {m.what}" if line else f"{name}: {m.what}" for line, m in placed]
    return InventoryError(
        told[0] if len(told) == 1 else f"{name} has {len(told)} mistakes:\n" + "\n".join(told),
        next_step="Mend it and type `respond inventory show`.",
    )


def nearest(word: str, valid: Iterable[str]) -> str:
    """Which of the valid words is probably meant, or which there are."""
    words = sorted(valid)
    if close := difflib.get_close_matches(word, words, n=1, cutoff=0.5):
        return f"Did you mean `{close[0]}`?"
    return f"Known: {', '.join(words)}." if words else "There is none."
