import pytest

from responder.report.words import sentence, within


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
