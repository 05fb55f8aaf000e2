"""The page for people says what the playbook does, in its order, with commands that exist."""

import re
import shlex
from pathlib import Path

import botocore.session
import click
import pytest
from botocore import xform_name

from responder.action import Actions
from responder.bundled import bundled
from responder.playbook import load, named, read

GLOBAL = {"--profile", "--output", "--query", "--region"}  # of the aws command line itself
RUNBOOKS = sorted(bundled("runbooks").glob("*.md"))


def commands(program: str) -> list[list[str]]:
    """Every call of a program in the code blocks of all runbooks, as words."""
    pages = "\n".join(page.read_text("utf-8") for page in RUNBOOKS)
    blocks = re.findall(r"^```sh\n(.*?)^```", pages, re.MULTILINE | re.DOTALL)
    lines = "\n".join(blocks).replace("\\\n", " ").splitlines()
    parts = [part for line in lines for part in re.split(r"\||&&|;|\(|\)", line.partition("  #")[0])]
    calls = [part for part in parts if re.match(rf"\s*{program} ", part)]
    return [shlex.split(call.partition(">")[0])[1:] for call in calls]


def test_each_playbook_has_a_runbook_and_each_runbook_a_playbook():
    assert {page.stem for page in RUNBOOKS} == set(named())


@pytest.mark.parametrize("page", RUNBOOKS, ids=lambda page: page.stem)
def test_each_step_has_its_section_in_the_playbooks_order_and_there_is_no_other(page: Path):
    playbook = load(*read(page.stem), Actions())
    sections = re.findall(r"^### (\w+)$", page.read_text("utf-8"), re.MULTILINE)
    assert sections == [step.id for step in playbook.steps]


@pytest.mark.parametrize("page", RUNBOOKS, ids=lambda page: page.stem)
def test_each_section_stands_under_its_phase(page: Path):
    playbook = load(*read(page.stem), Actions())
    phase = ""
    for level, title in re.findall(r"^(##+) (.+)$", page.read_text("utf-8"), re.MULTILINE):
        if level == "##":
            phase = title.lower()
        else:
            assert phase == playbook.step(title).phase


@pytest.mark.parametrize("words", commands("aws"), ids=" ".join)
def test_each_aws_command_and_option_exists(words: list[str]):
    options = [word for word in words if word.startswith("--") and word not in GLOBAL]
    service, operation = (words[2:] if words[0] == "--profile" else words)[:2]
    model = botocore.session.get_session().get_service_model(service)
    known = {xform_name(name, "-"): name for name in model.operation_names}
    assert operation in known
    shape = model.operation_model(known[operation]).input_shape
    members = {"--" + xform_name(name, "-") for name in (shape.members if shape else ())}
    assert set(options) <= members
    required = {"--" + xform_name(name, "-") for name in (shape.required_members if shape else ())}
    assert required <= set(options)


@pytest.mark.parametrize("words", commands("modal"), ids=" ".join)
def test_each_modal_command_and_option_exists(words: list[str]):
    from modal.cli.entry_point import entrypoint_cli  # noqa: PLC0415

    command: click.Command = entrypoint_cli
    rest = list(words)
    while isinstance(command, click.Group):
        command = command.get_command(click.Context(command), rest.pop(0))
        assert command is not None, words
    known = {option for parameter in command.params for option in parameter.opts}
    assert {word for word in rest if word.startswith("-")} <= known
    values = len([word for word in rest if not word.startswith("-")])
    needed = [p for p in command.params if isinstance(p, click.Argument) and p.required]
    assert values >= len(needed)


def test_no_secret_stands_on_a_command_line():
    text = "\n".join(page.read_text("utf-8") for page in RUNBOOKS)
    assert not re.search(r"gh secret set .*(--body|-b )", text)
    assert not re.search(r"modal secret create \S+ \S+=", text)
    assert not re.search(r"--token-secret|-H .Authorization", text)
    assert commands("aws")
    assert len(commands("modal")) > 10
