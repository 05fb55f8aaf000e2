"""Whatever stands in a playbook: it is loaded, or refused with a line; and no secret comes out of it."""

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from leaks import CANARY, exposure, setting

from responder.action import Actions
from responder.playbook import PlaybookError, expand, load, read
from responder.playbook.expand import arguments
from responder.playbook.expression import ExpressionError, evaluate
from responder.secret import Secret

ACTIONS = Actions()
TEXT = read("leak")[1]
LINES = TEXT.splitlines()
calm = settings(max_examples=80, suppress_health_check=[HealthCheck.too_slow])

PIECES = st.sampled_from(
    [
        *sorted({word for line in LINES for word in line.replace(":", ": ").split()}),
        *[
            "${{",
            "}}",
            "&a",
            "*a",
            "!!python/object:os.system",
            "!x",
            "---",
            "|",
            ">",
            "? ",
            "<<: ",
            "\t",
            "\x00",
        ],
        *["[", "]", "{", "}", "-", ":", "#", "'", '"', "\\", "\n", "  ", "1e999", ".nan", "0x_", "yes", "~"],
        *["each", "steps.create_key", "exposure.leaked()", "a.b.c", "not", "(", ")", "| upper", "%}", "{#"],
    ]
)


@st.composite
def mutations(draw: st.DrawFn) -> str:
    """leak.yaml with lines dropped, doubled, moved, indented otherwise, and pieces put somewhere."""
    lines = list(LINES)
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(lines) - 1))
        match draw(st.sampled_from(["drop", "double", "move", "indent", "piece", "text"])):
            case "drop":
                del lines[at]
            case "double":
                lines.insert(at, lines[at])
            case "move":
                lines.insert(draw(st.integers(0, len(lines) - 1)), lines.pop(at))
            case "indent":
                lines[at] = draw(st.sampled_from([" ", "    "])) + lines[at]
            case "piece":
                cut = draw(st.integers(0, len(lines[at])))
                lines[at] = lines[at][:cut] + draw(PIECES) + lines[at][cut:]
            case "text":
                key, colon, _ = lines[at].partition(":")
                lines[at] = key + colon + " " + draw(st.text(max_size=12))
    return "\n".join(lines)


def loaded_or_refused(text: str):
    try:
        return load("fuzz.yaml", text, ACTIONS)
    except PlaybookError as found:
        error = found
    assert error.what.startswith("fuzz.yaml, line ")
    assert error.next_step
    return None


@calm
@given(st.text())
@example("&a [*a]")
@example("? [a]\n: b")
@example("- - - -\n")
@example('"\\ud800"')
def test_any_text_at_all_is_loaded_or_refused_with_a_line(text: str):
    loaded_or_refused(text)


@calm
@given(st.lists(PIECES, max_size=30).map(" ".join))
def test_any_heap_of_the_languages_own_words_is_loaded_or_refused_with_a_line(text: str):
    loaded_or_refused(text)


@calm
@given(mutations())
def test_what_was_a_playbook_and_was_loaded_again_can_be_expanded_and_evaluated(text: str):
    playbook = loaded_or_refused(text)
    if playbook is None:
        return
    where = setting(strategy=playbook.default_strategy)
    instances = expand(playbook, where)
    for instance in instances:
        given_to_it = arguments(instance, where, instances, {})
        assert CANARY not in repr(given_to_it)


SCOPE = {"secret": Secret(CANARY), "exposure": exposure(), "each": exposure().access_keys[0]}
WORDS = st.sampled_from(
    [
        *[
            "secret",
            "each",
            "exposure",
            "each.secret",
            "exposure.access_keys",
            ".reveal",
            "()",
            "[0]",
            "(",
            ")",
        ],
        *[
            "|",
            "join",
            "string",
            "list",
            "tojson",
            "first",
            "~",
            "+",
            "%",
            "'%s'",
            "format",
            "''",
            ".join",
            "*",
        ],
        *["[", "]", "{", "}", ":", ",", "if", "else", "is", "in", "not", "==", "1", ".", "_Secret__value"],
        *["['_Secret__value']", ".model_dump()", ".__class__", "|attr('reveal')", "|map(attribute='secret')"],
    ]
)


@calm
@given(st.lists(WORDS, min_size=1, max_size=8).map(" ".join), st.sampled_from(["${{ … }}", "a ${{ … }}"]))
def test_no_expression_whatever_reveals_a_secret(expression: str, form: str):
    try:
        found = evaluate(form.replace("…", expression), SCOPE)
    except ExpressionError as error:
        found = error.what
    assert CANARY not in str(found)
    assert CANARY not in repr(found)


@pytest.mark.parametrize("depth", [50, 500, 5000])
def test_depth_does_not_bring_it_down(depth: int):
    loaded_or_refused("[" * depth)
    loaded_or_refused("a:\n" + "".join(f"{' ' * n}- \n" for n in range(depth // 10)))
    loaded_or_refused(TEXT.replace("each.user }}", "not " * depth + "each.user }}", 1))
