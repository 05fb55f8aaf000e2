"""The schema for editors: it takes what we play, and marks what `load` would refuse."""

import jsonschema
import pytest
import yaml

from responder.action import Actions
from responder.playbook import named
from responder.playbook.schema import json_schema

SHELF = json_schema(Actions("shelf"))


def step(**more):
    return {"id": "a", "title": "A", "phase": "rotate", "uses": "demo.put", "with": {"place": "x"}, **more}


def playbook(*steps, **more):
    head = {"name": "demo", "title": "A demo", "summary": "For tests.", "strategies": {"only": "One."}}
    return {**head, "steps": list(steps), **more}


def check(value) -> None:
    jsonschema.Draft202012Validator(SHELF).validate(value)


def given(**more):
    return playbook(step(**{"with": {"place": "x", **more}}))


def test_the_schema_is_one_of_draft_2020_12():
    jsonschema.Draft202012Validator.check_schema(SHELF)
    assert SHELF["$schema"] == "https://json-schema.org/draft/2020-12/schema"


@pytest.mark.parametrize("name", sorted(named()))
def test_the_playbooks_that_come_with_respond_are_valid(name: str):
    value = yaml.safe_load(named()[name].read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator(json_schema(Actions())).validate(value)


@pytest.mark.parametrize(
    "value",
    [
        playbook(step()),
        playbook(step(needs=["b"])),
        playbook(step(needs={"only": ["b"]})),
        playbook(step(wait="10s")),
        playbook(step(wait=10)),
        playbook(step(**{"if": False})),
        playbook(step(**{"if": "${{ each.known }}"}, for_each="${{ exposure.access_keys }}")),
        playbook(step(), options={"colour": {"help": "Which.", "choices": ["red"], "default": "red"}}),
        given(place="${{ each.user }}"),
        given(place="in ${{ each.user }}"),
        given(secret="${{ each.secret }}", text=None, count=3),
        given(count="${{ each.count }}", since="${{ run.confirmed_at }}", level="high"),
        given(values={"${{ each.key }}": "${{ each.secret }}", "B": "text"}),
        given(values="${{ each.values }}", parts=["a", "${{ each.b }}"]),
        playbook(step(uses="demo.make", **{"with": {"user": "u"}})),
    ],
)
def test_the_language_is_all_there(value):
    check(value)


@pytest.mark.parametrize(
    "value",
    [
        playbook(step(uses="demo.puty")),
        playbook(step(uses="demo.make")),
        playbook(step(phase="rotat")),
        playbook(step(titel="x")),
        playbook(step(id="No Word")),
        playbook(step(wait="10 parsecs")),
        playbook(step(wait=-1)),
        playbook(step(for_each="access_keys")),
        playbook(step(**{"if": "perhaps"})),
        playbook(step(needs="b")),
        playbook(step(**{"with": {}})),
        playbook({key: value for key, value in step().items() if key != "with"}),
        playbook(),
        playbook(step(), strategies={}),
        playbook(step(), name=None),
        given(plase="y"),
        given(place=["x"]),
        given(secret="hunter2hunter2"),
        given(secret=3),
        given(count="many"),
        given(level="middling"),
        given(labels={"a": ["b"]}),
        given(parts=[3]),
    ],
)
def test_a_mistake_is_marked(value):
    with pytest.raises(jsonschema.ValidationError):
        check(value)


def test_an_editor_is_told_what_an_action_does_in_the_actions_own_first_sentence():
    rules = {
        rule["if"]["properties"]["uses"]["const"]: rule["then"] for rule in SHELF["$defs"]["Step"]["allOf"]
    }
    assert rules["demo.put"]["properties"]["uses"]["description"] == "Put something somewhere."
    assert set(rules) == {"demo.make", "demo.put"}


def test_every_action_that_there_is_can_be_used():
    schema = json_schema(Actions())
    assert schema["$defs"]["Step"]["properties"]["uses"]["enum"] == sorted(Actions())
