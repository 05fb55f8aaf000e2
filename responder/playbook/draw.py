"""A playbook's steps as a graph, in text for a terminal or in Mermaid's language for a page."""

import textwrap
from collections.abc import Iterator
from typing import get_args

from responder.playbook.model import Phase, Playbook, Step


def waves(playbook: Playbook, strategy: str) -> dict[str, int]:
    """When each step may start, counted in steps before it: those of the same number run at once."""
    found: dict[str, int] = {}

    def wave(step_id: str) -> int:
        if step_id not in found:
            needs = playbook.step(step_id).needs_under(strategy)
            found[step_id] = 1 + max(map(wave, needs), default=0)
        return found[step_id]

    for step in playbook.steps:
        wave(step.id)
    return found


def by_phase(playbook: Playbook) -> Iterator[tuple[str, list[Step]]]:
    """The phases that have steps, in their order, each with its steps in the playbook's."""
    for phase in get_args(Phase):
        if steps := [step for step in playbook.steps if step.phase == phase]:
            yield phase, steps


def as_text(playbook: Playbook, strategy: str, *, width: int = 80) -> str:
    """A line or two a step: its wave, its id, what it waits for."""
    number = waves(playbook, strategy)
    columns = min(max(len(step.id) for step in playbook.steps) + 5, max(width // 2, 20))
    lines = [f"{playbook.name}, {strategy}: a step starts when those after its arrow are over;"]
    lines += ["steps of the same number may run at once.", ""]
    lines = [part for line in lines for part in (textwrap.wrap(line, width) or [""])]
    for phase, steps in by_phase(playbook):
        lines.append(phase)
        for step in sorted(steps, key=lambda step: number[step.id]):
            head = f"{number[step.id]:>3}  {step.id}"
            tail = _waits_for(step, strategy)
            lines += _beside(head, tail, columns, width)
    return "\n".join(lines)


def _waits_for(step: Step, strategy: str) -> str:
    needs = ", ".join(step.needs_under(strategy))
    pause = f"{step.pause} after " if step.pause else ""
    return f"← {pause}{needs}" if needs else (f"← {step.pause}" if step.pause else "")


def _beside(head: str, tail: str, columns: int, width: int) -> list[str]:
    if not tail:
        return [head]
    room = width - columns - 1
    if len(head) > columns or max(map(len, tail.split())) + 2 > room:
        return [head, *(" " * 5 + line for line in textwrap.wrap(tail, width - 5))]
    first, *rest = textwrap.wrap(tail, room, subsequent_indent="  ")
    return [f"{head:<{columns}} {first}", *(" " * (columns + 1) + line for line in rest)]


def as_mermaid(playbook: Playbook, strategy: str, *, final: frozenset[str] = frozenset()) -> str:
    """A flowchart (https://mermaid.js.org/syntax/flowchart.html); steps in `final` have a thick line."""
    lines = ["flowchart TD"]
    for phase, steps in by_phase(playbook):
        lines.append(f"  subgraph phase_{phase}[{phase}]")
        lines += [f'    step_{step.id}["{_quoted(step.title)}"]' for step in steps]
        lines.append("  end")
    for step in playbook.steps:
        label = f"|{step.pause}|" if step.pause else ""
        lines += [f"  step_{need} -->{label} step_{step.id}" for need in step.needs_under(strategy)]
    if final:
        lines.append("  classDef final stroke-width:4px")
        ordered = [f"step_{step.id}" for step in playbook.steps if step.id in final]
        lines.append(f"  class {','.join(ordered)} final")
    return "\n".join(lines)


def _quoted(text: str) -> str:
    return text.replace("#", "#35;").replace('"', "#quot;")
