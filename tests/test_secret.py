"""A secret's value is shown by nothing but `reveal`, and a known value is in no text that was redacted."""

import base64
import copy
import dataclasses
import io
import json
import logging
import pickle
import re
import traceback
import urllib.parse
from pathlib import Path

import pytest
import structlog
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, ConfigDict

from responder.exposure import Unidentified
from responder.found import Kind
from responder.secret import KnownValues, Secret, redact

VALUE = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYcanaryKEY0"

REVEALING = (
    "providers/",
    "sandbox/",
    "journal/keys.py",
    "journal/note.py",
    "journal/seal.py",
    "review/history/forms.py",  # what is looked for
    "secret.py",
)

values = st.text(alphabet=st.characters(codec="utf-8"), min_size=12, max_size=60)
credentials = st.text(
    alphabet="ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789/+", min_size=12, max_size=60
)
neighbours = st.binary(max_size=12)


def knowing(*secret_values):
    known = KnownValues()
    for value in secret_values:
        known.add(value)
    return known


class Holder(BaseModel):
    model_config = ConfigDict(frozen=True, arbitrary_types_allowed=True)

    name: str
    secret: Secret
    more: tuple[Secret, ...] = ()


@dataclasses.dataclass(frozen=True)
class Record:
    secret: Secret


def shown_by_structlog(renderer):
    out = io.StringIO()
    logger = structlog.wrap_logger(
        structlog.PrintLogger(out), processors=[renderer], wrapper_class=structlog.stdlib.BoundLogger
    )  # whatever another test of this process has configured
    logger.info("made", secret=Secret(VALUE), nested={"list": [Secret(VALUE)]})
    return out.getvalue()


def refuse(secret):
    raise ValueError(f"refused {secret}", secret)


def shown_by_a_traceback():
    with pytest.raises(ValueError, match="refused") as refused:
        refuse(Secret(VALUE))
    lines = traceback.TracebackException.from_exception(refused.value, capture_locals=True)
    return "".join(lines.format())


def shown_by_logging():
    record = logging.LogRecord("x", logging.INFO, "f", 1, "%s %r", (Secret(VALUE), Secret(VALUE)), None)
    return record.getMessage()


HOLDER = Holder(name="n", secret=Secret(VALUE), more=(Secret(VALUE),))
FOUND = Unidentified(kind=Kind.AWS_ACCESS_KEY, identifier="AKIAIOSFODNN7EXAMPLE", secret=Secret(VALUE))


@pytest.mark.parametrize(
    "show",
    [
        lambda: repr(Secret(VALUE)),
        lambda: str(Secret(VALUE)),
        lambda: f"{Secret(VALUE)} {Secret(VALUE)!r:>60} {Secret(VALUE):>60}",
        lambda: format(Secret(VALUE), "<50"),
        lambda: "%s %r" % (Secret(VALUE), Secret(VALUE)),  # noqa: UP031  # the form itself is tested
        lambda: str([Secret(VALUE), {"k": Secret(VALUE)}]),
        lambda: json.dumps({"k": Secret(VALUE)}, default=str),
        lambda: repr(copy.deepcopy({"k": Secret(VALUE)})),
        lambda: repr(dataclasses.asdict(Record(Secret(VALUE)))),
        lambda: repr(HOLDER),
        lambda: str(HOLDER.model_dump()),
        HOLDER.model_dump_json,
        lambda: json.dumps(HOLDER.model_dump(mode="json")),
        lambda: repr(HOLDER.model_copy(deep=True)),
        lambda: repr(FOUND) + str(FOUND.model_dump()) + FOUND.model_dump_json(),
        lambda: json.dumps(Holder.model_json_schema()) + Secret(VALUE).fingerprint,
        lambda: shown_by_structlog(structlog.processors.JSONRenderer()),
        lambda: shown_by_structlog(structlog.dev.ConsoleRenderer(colors=False)),
        shown_by_a_traceback,
        shown_by_logging,
    ],
)
def test_no_way_of_showing_a_secret_shows_its_value_and_each_shows_its_fingerprint(show):
    shown = show()
    assert VALUE not in shown
    assert VALUE[:10] not in shown
    assert base64.b64encode(VALUE.encode()).decode()[:20] not in shown
    assert Secret(VALUE).fingerprint in shown


@pytest.mark.parametrize(
    "serialise",
    [
        pickle.dumps,
        lambda secret: pickle.dumps(Holder(name="n", secret=secret)),
        lambda secret: secret.__reduce_ex__(4),
        lambda secret: secret.__getstate__(),
        json.dumps,
        vars,
        bytes,
        list,
    ],
)
def test_a_secret_cannot_be_serialised_or_taken_apart(serialise):
    with pytest.raises(TypeError) as refused:
        serialise(Secret(VALUE))
    assert VALUE not in str(refused.value)


def test_a_secret_cannot_be_changed_or_derived_from():
    secret = Secret(VALUE)
    with pytest.raises(AttributeError):
        secret.value = "other"
    with pytest.raises(TypeError):
        type("Talkative", (Secret,), {})
    with pytest.raises(ValueError, match="never empty"):
        Secret("")
    assert secret.reveal() == VALUE


def test_the_same_value_defined_twice_is_one_secret():
    one, other = Secret(VALUE), Secret(VALUE)
    assert one == other
    assert hash(one) == hash(other)
    assert len({one, other}) == 1
    assert one.fingerprint == other.fingerprint
    assert one != Secret(VALUE + "x")
    assert one != VALUE


@given(values)
def test_a_fingerprint_holds_nothing_of_the_value(value):
    assert re.fullmatch(r"sha256:[0-9a-f]{12}", Secret(value).fingerprint)


def test_every_secret_ever_made_is_redacted_by_the_process():
    Secret("only-made-and-forgotten-0451")
    assert redact("it is only-made-and-forgotten-0451!") == "it is [secret]!"


@given(values, st.text(max_size=8), st.text(max_size=8))
def test_a_known_value_is_redacted_wherever_it_stands(value, before, after):
    assert value not in knowing(value).redact(before + value + after)


@pytest.mark.parametrize(
    "encode",
    [
        urllib.parse.quote,
        lambda value: urllib.parse.quote(value, safe=""),
        lambda value: re.sub("%..", lambda code: code[0].lower(), urllib.parse.quote(value)),
        lambda value: urllib.parse.quote(value, safe="!#$%&'()*+,/:;=?@[]~"),
        urllib.parse.quote_plus,
        lambda value: urllib.parse.urlencode({"k": value}).removeprefix("k="),
        lambda value: json.dumps(value)[1:-1],
        lambda value: json.dumps(value, ensure_ascii=False)[1:-1],
        lambda value: json.dumps(value).replace("/", "\\/")[1:-1],
    ],
)
@settings(max_examples=40)
@given(value=values)
def test_url_and_json_forms_of_a_known_value_are_redacted(encode, value):
    assert knowing(value).redact(f"<{encode(value)}>") == "<[secret]>"


@pytest.mark.parametrize("value", ['two\nlines\r\nof "text"', "tab\tand 'quote'", "back\\slash\\nothing"])
def test_a_known_value_in_the_repr_of_a_text_is_redacted(value):
    assert knowing(value).redact(f"ValueError({value!r})").count(value[:3]) == 0


@pytest.mark.parametrize("encode", [base64.b64encode, base64.urlsafe_b64encode])
@given(value=credentials, before=neighbours, after=neighbours)
def test_the_base64_of_a_text_around_a_known_value_no_longer_gives_it(encode, value, before, after):
    for padding in (True, False):
        text = encode(before + value.encode() + after).decode()
        redacted = knowing(value).redact(text if padding else text.rstrip("="))
        assert "[secret]" in redacted
        # All that is left of the value are the at most two characters of a base64 group's edges.
        kept = redacted.replace("[secret]", "").rstrip("=")
        assert len(kept) <= (len(before) + len(after)) * 4 / 3 + 4


@given(credentials)
def test_the_base64_of_a_known_value_alone_is_redacted_whole(value):
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        assert knowing(value).redact(encode(value.encode()).decode()) == "[secret]"
        assert knowing(value).redact(encode(value.encode()).decode().rstrip("=")) == "[secret]"


@given(st.lists(credentials, min_size=2, max_size=6))
def test_of_two_known_values_of_which_one_begins_the_other_the_longer_goes_whole(secret_values):
    longest = max(secret_values, key=len)
    known = knowing(*secret_values, longest[:12])
    assert known.redact(f"<{longest}>") == "<[secret]>"


def test_words_shorter_than_eight_characters_stay_even_when_they_are_secrets():
    assert knowing("dev", "hunter2").redact("dev: hunter2") == "dev: hunter2"


def test_a_value_that_is_no_valid_text_is_held_and_redacted_like_any_other():
    value = "from-the-environment-\udcff"
    assert Secret(value).fingerprint.startswith("sha256:")
    assert knowing(value).redact(f"<{value}>") == "<[secret]>"


def test_secrets_are_revealed_only_in_providers_the_journals_seal_and_the_sandbox():
    package = Path(__file__).parent.parent / "responder"
    revealing = {
        path.relative_to(package).as_posix()
        for path in package.rglob("*.py")
        if re.search(r"\.reveal\b", path.read_text(encoding="utf-8"))
    }
    assert "secret.py" in revealing
    assert {path for path in revealing if not path.startswith(REVEALING)} == set()
