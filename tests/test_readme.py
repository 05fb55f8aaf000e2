"""What the README says is so: its commands exist with their options, its links lead somewhere."""

import re
import shlex
from pathlib import Path

import click
import pytest

from responder.cli import cli

ROOT = Path(__file__).parent.parent
PAGES = [
    *(ROOT / name for name in ("README.md", "DEVELOPERS.md", "gpu_app/README.md")),
    *(page for folder in ("docs", "runbooks") for page in sorted((ROOT / folder).glob("*.md"))),
]


def shown_commands():
    for page in PAGES:
        text = page.read_text()
        blocks = "\n".join(re.findall(r"```sh\n(.*?)```", text, re.DOTALL))
        lines = [*blocks.splitlines(), *re.findall(r"`(respond [^`\n]+)`", text)]
        for line in lines:
            for found in re.findall(r"(?:^|[\s(\"])(respond (?:[a-z]|--)[^#,)\"]*)", line.split("#")[0]):
                yield pytest.param(found.strip(), id=f"{page.name}: {found.strip()}")


@pytest.mark.parametrize("line", list(shown_commands()))
def test_a_command_that_is_shown_exists_with_its_options(line):
    words = shlex.split(line.replace("…", "").partition("<")[0])[1:]
    command, options = cli, {option for p in cli.params for option in p.opts}
    context = click.Context(cli)
    for word in words:
        if isinstance(command, click.Group) and not word.startswith("-"):
            command = command.get_command(context, word)
            assert command is not None, f"There is no `{word}` in `{line}`."
            options |= {option for p in command.params for option in p.opts}
        elif word.startswith("--"):
            assert word.partition("=")[0] in options | {"--help", "--version"}, f"`{line}`: no {word}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_a_link_leads_to_something_in_the_repository(page):
    told = re.sub(r"```.*?```|`[^`\n]*`", "", page.read_text(), flags=re.DOTALL)
    for target in re.findall(r"\]\((?!https?:|#)([^)]+)\)", told):
        assert (page.parent / target.partition("#")[0]).exists(), target


def test_the_two_commands_are_there():
    targets = re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert {"drill", "test"} <= set(targets)
