"""Each mistake in a playbook is met with its file, its line, what was expected and the nearest valid word."""

from pathlib import Path

import pytest
import yaml

from responder.action import Actions
from responder.playbook import PlaybookError, load

DATA = Path(__file__).parent / "data"
GOOD = (DATA / "demo.yaml").read_text(encoding="utf-8")
ACTIONS = Actions("shelf")


def error_of(text: str) -> PlaybookError:
    with pytest.raises(PlaybookError) as caught:
        load("demo.yaml", text, ACTIONS)
    return caught.value


def test_the_playbook_that_the_mistakes_below_are_made_in_is_good():
    playbook = load("demo.yaml", GOOD, ACTIONS)
    assert [step.id for step in playbook.steps] == ["make", "put", "other"]
    assert playbook.step("put").wait == 10
    assert playbook.default_strategy == "careful"


MISTAKES = yaml.safe_load((DATA / "mistakes.yaml").read_text(encoding="utf-8"))


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda mistake: mistake["mistake"])
def test_a_mistake_is_met_with_its_line_and_a_way_to_mend_it(mistake: dict):
    before, written, after = GOOD.rpartition(mistake["written"])
    assert written
    error = error_of(before + mistake["instead"] + after)
    assert error.what.startswith(f"demo.yaml, line {mistake['line']}: "), error.what
    assert mistake["says"] in error.what
    assert mistake.get("advises", "") in error.next_step
    assert error.next_step


@pytest.mark.parametrize(
    ("written", "instead", "says"),
    [
        ("here", "9" * 5000, "cannot be read"),
        ("here", "[" * 4000, "nested too deeply"),
        ("here", "${{ " + "(" * 3000 + "1" + ")" * 3000 + " }}", "too long"),
    ],
    ids=["digits", "brackets", "parentheses"],
)
def test_what_is_far_too_long_is_refused_in_a_line_that_can_be_read(written: str, instead: str, says: str):
    before, _, after = GOOD.rpartition(written)
    error = error_of(before + instead + after)
    assert error.what.startswith("demo.yaml, line 36: ")
    assert says in error.what
    assert len(error.what) < 200


@pytest.mark.parametrize("text", ["", "\n", "# only a comment\n", "---\n"])
def test_an_empty_file_is_said_to_be_empty(text: str):
    error = error_of(text)
    assert error.what.startswith("demo.yaml, line 1: ")
    assert error.next_step


@pytest.mark.parametrize("text", ["- a\n- b\n", "just words\n", "42\n"])
def test_a_file_that_is_no_mapping_is_told_which_keys_there_are(text: str):
    error = error_of(text)
    assert error.what.startswith("demo.yaml, line 1: ")
    assert "strategies" in error.next_step


def test_steps_that_are_no_list_are_met_on_their_line():
    assert "demo.yaml, line 12: `steps`" in error_of(GOOD[: GOOD.index("steps:")] + "steps: {}\n").what


def test_two_documents_in_one_file_are_refused():
    assert "line 2" in error_of("a: 1\n---\nb: 2\n").what


def test_a_secret_written_into_a_playbook_is_not_shown_in_the_error():
    error = error_of(GOOD.replace("${{ steps.make.secret }}", "hunter2hunter2"))
    assert "hunter2" not in error.what + error.next_step
