"""Whether a CACAO playbook is right: by OASIS's own JSON Schemas, and by what those leave out."""

import json
from collections import Counter
from functools import cache
from pathlib import Path

from jsonschema import Draft7Validator
from referencing import Registry, Resource

SCHEMAS = Path(__file__).parent / "data" / "cacao-2.0" / "schemas"
COMMANDS = {"manual", "bash", "caldera-cmd", "elastic", "http-api", "jupyter", "kestrel", "openc2-http"}
COMMANDS |= {"powershell", "sigma", "ssh", "yara"}
NEXT = ("on_completion", "on_success", "on_failure", "on_true", "on_false")
BASES = {"workflows": "workflow-step", "commands": "command-data", "agent-target": "agent-target"}


@cache
def schema(path: str) -> dict:
    return json.loads((SCHEMAS / f"{path}.json").read_text())


@cache
def validator() -> Draft7Validator:
    contents = [json.loads(path.read_text()) for path in SCHEMAS.rglob("*.json")]
    registry = Registry().with_resources((one["$id"], Resource.from_contents(one)) for one in contents)
    return Draft7Validator(schema("playbook"), registry=registry)


def mistakes(playbook: dict) -> list[str]:
    """All of them, in words; none when it is right."""
    found = [f"{'/'.join(map(str, e.path))}: {e.message}" for e in validator().iter_errors(playbook)]
    steps = playbook["workflow"]
    found += dangling(playbook)
    found += extra(playbook)
    for name, step in steps.items():
        found += [
            f"{name}: there is no command type {command['type']}"
            for command in step.get("commands", ())
            if command["type"] not in COMMANDS
        ]
    used = {one.get("playbook_activity") for step in steps.values() for one in step.get("commands", ())}
    found += [f"activity {one} is in no step" for one in set(playbook["playbook_activities"]) - used]
    ends = Counter(branch_end(steps, first) for first in branches(steps))
    found += [f"{end} ends {count} branches" for end, count in ends.items() if count > 1]
    return found


def references(step: dict) -> list[str]:
    return [*(step[key] for key in NEXT if key in step), *step.get("next_steps", ())]


def dangling(playbook: dict) -> list[str]:
    steps = playbook["workflow"]
    starts = [playbook["workflow_start"], playbook["workflow_exception"]]
    named = [(name, to) for name, step in steps.items() for to in references(step)]
    found = [f"{name} leads to {to}, which is not there" for name, to in named if to not in steps]
    found += [f"{to} is not there" for to in starts if to not in steps]
    found += [f"nothing leads to {name}" for name in steps if name not in {to for _, to in named} | {*starts}]
    for name, step in steps.items():
        if step["type"] == "action" and step["agent"] not in playbook["agent_definitions"]:
            found.append(f"{name}: there is no agent {step['agent']}")
        for target in step.get("targets", ()):
            if target not in playbook["target_definitions"]:
                found.append(f"{name}: there is no target {target}")
        for extension in step.get("step_extensions", ()):
            if extension not in playbook["extension_definitions"]:
                found.append(f"{name}: there is no extension {extension}")
    return found


def extra(playbook: dict) -> list[str]:
    """Properties that the specification does not know: draft-07 knows no `unevaluatedProperties`."""
    found = unknown("playbook", playbook, set(schema("playbook")["properties"]))
    for name, step in playbook["workflow"].items():
        found += unknown(name, step, allowed("workflows", step["type"]))
        for command in step.get("commands", ()):
            found += unknown(name, command, allowed("commands", command["type"]))
    for definitions in ("agent_definitions", "target_definitions"):
        for name, one in playbook[definitions].items():
            found += unknown(name, one, allowed("agent-target", one["type"]))
    for one in playbook["external_references"]:
        found += unknown("reference", one, set(schema("data-types/external-reference")["properties"]))
    return found


def allowed(folder: str, kind: str) -> set[str]:
    if not (SCHEMAS / folder / f"{kind}.json").exists():
        return set()
    known: set[str] = set()
    for one in (schema(f"{folder}/{kind}"), schema(f"{folder}/{BASES[folder]}")):
        for part in (one, *one.get("allOf", ())):
            known |= part.get("properties", {}).keys()
    return known


def unknown(name: str, value: dict, known: set[str]) -> list[str]:
    return [f"{name}: {key} is not a property" for key in value.keys() - known]


def branches(steps: dict) -> list[str]:
    """The first steps of every branch."""
    firsts = []
    for step in steps.values():
        firsts += step.get("next_steps", ())
        firsts += [step[key] for key in ("on_true", "on_false") if key in step]
    return firsts


def branch_end(steps: dict, first: str) -> str:
    name = first
    while name in steps and steps[name]["type"] != "end":
        name = steps[name].get("on_completion") or steps[name]["on_success"]
    return name


def precedes(playbook: dict) -> set[tuple[str, str]]:
    """Pairs of `step_id`s of which the workflow says that the first is over before the second begins."""
    steps = playbook["workflow"]
    pairs: set[tuple[str, str]] = set()

    def walk(name: str, before: frozenset[str]) -> frozenset[str]:
        """Everything that is over at the end of the branch that begins at `name`."""
        while (step := steps[name])["type"] != "end":
            match step["type"]:
                case "action":
                    (kept,) = step["step_extensions"].values()
                    pairs.update((earlier, kept["step_id"]) for earlier in before)
                    before |= {kept["step_id"]}
                case "parallel":
                    before = frozenset().union(*(walk(first, before) for first in step["next_steps"]))
                case "if-condition":
                    before = walk(step["on_true"], before)
            name = step.get("on_completion") or step["on_success"]
        return before

    walk(playbook["workflow_start"], frozenset())
    return pairs
