"""Saying at once which service gives no answer, before a step waits for it."""

from collections.abc import Iterable, Mapping
from typing import Any

from responder.cli.desk import Desk


def tell_silence(desk: Desk, steps: Iterable[Mapping[str, Any]], who: Mapping[str, str]) -> None:
    """Of the services that these steps need, those that did not say who we are.

    Args:
        desk: where it is told.
        steps: as the journal describes them.
        who: who we are for each, as `operator` gives it: a reason in parentheses where we are nobody.
    """
    for provider in sorted({step["action"].partition(".")[0] for step in steps if step["active"]}):
        if (said := who.get(provider, "")).startswith("("):
            why = said.removeprefix("(").removesuffix(")").rstrip(".")
            text = f"{provider}: {why}. It is asked all the same; what gets no answer is told in the end."
            desk.tell("provider.silent", text, warning=True)
