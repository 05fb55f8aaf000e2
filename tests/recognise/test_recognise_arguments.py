"""Of arguments, public identifiers are taken, and secrets refused."""

import pytest
from samples import AK, AKIA, AS, ASIA, AWS_SECRET, GHP, GHS_JWT, PAT, SHA1, WK, WS

from responder.errors import InputError, RefusedError
from responder.found import Kind
from responder.recognise.arguments import from_argument
from responder.secret import redact


def test_public_identifiers_are_taken_from_the_command_line():
    found = [from_argument(argument, 1) for argument in (AKIA, AK, f" {WK} ", ASIA)]
    assert [(one.kind, one.identifier, one.secret) for one in found] == [
        (Kind.AWS_ACCESS_KEY, AKIA, None),
        (Kind.MODAL_TOKEN, AK, None),
        (Kind.MODAL_PROXY_TOKEN, WK, None),
        (Kind.AWS_SESSION, ASIA, None),
    ]


@pytest.mark.parametrize(
    "argument",
    [AWS_SECRET, AS, WS, GHP, PAT, GHS_JWT, GHP[:22], f"AWS_SECRET_ACCESS_KEY={AWS_SECRET}", f"{AK}:{AS}"],
)
def test_a_secret_on_the_command_line_is_refused_and_not_repeated(argument):
    with pytest.raises(RefusedError, match="shell's history") as refused:
        from_argument(argument, 2)
    shown = f"{refused.value} {refused.value.state} {refused.value.next_step}"
    assert "Argument 2" in shown
    assert "`respond leak` alone" in shown
    assert redact(shown) == shown
    assert argument[-10:] not in shown


@pytest.mark.parametrize("argument", ["prod.env", SHA1, f"key={AKIA}", "", "https://github.com/a/b", "7"])
def test_any_other_argument_is_no_identifier(argument):
    assert from_argument(argument, 1) is None


def test_an_identifier_that_is_cut_is_refused_and_not_repeated():
    with pytest.raises(InputError, match="of 15 characters") as refused:
        from_argument(AKIA[:15], 1)
    assert refused.value.next_step
    assert AKIA[:15] not in str(refused.value)
