from datetime import UTC, datetime, timedelta

import pytest

from responder.found import Kind
from responder.report.words import clock, kind, sentence, within


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("it is not whole", "It is not whole."),
        ("web", "Web."),
        ("s3 is not contained", "s3 is not contained."),
        ("sha256:abc was not replaced.", "sha256:abc was not replaced."),
        ("ci-prod is live!", "ci-prod is live!"),
        ("", ""),
    ],
)
def test_a_sentence_begins_with_a_capital_unless_with_a_name(text, told):
    assert sentence(text) == told


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("An access key was made", "an access key was made"),
        ("A deploy key", "a deploy key"),
        ("IAM user eve was made", "IAM user eve was made"),
        (".github/workflows/x.yml ran", ".github/workflows/x.yml ran"),
        ("AKIA1 was made", "AKIA1 was made"),
        ("", ""),
    ],
)
def test_within_a_sentence_only_names_keep_their_capital(text, told):
    assert within(text) == told


def test_a_time_on_another_day_than_the_reader_was_told_has_its_day():
    at = datetime(2026, 1, 31, 23, 59, 59, 500000, tzinfo=UTC)
    assert clock(at, at) == "23:59:59.500"
    assert clock(at + timedelta(seconds=1), at) == "2026-02-01 00:00:00.500"


def test_every_kind_of_credential_has_words():
    assert all(" " in kind(one.value) for one in Kind)
