"""Credentials are recognised by their form, cut ones as cut, and nothing else is taken for one."""

import base64
import random
import re
import string
import time
import urllib.parse

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from samples import AK, AKIA, AS, AWS_SECRET, AWS_SECRET2, GHP, GHS_JWT, PAT, SHA1, WK, WS, aws, modal, seen

from responder.found import Kind
from responder.recognise import recognise
from responder.secret import Secret


def test_the_key_of_a_presigned_url_is_found():
    url = f"https://b.s3.amazonaws.com/k?X-Amz-Credential%3D{AKIA}%2F20250101%2Fus-east-1%2Fs3%2Faws4_request"
    assert seen(url) == {aws(secret=None)}


def coded(text):
    return base64.b64encode(text.encode()).decode()


@pytest.mark.parametrize(
    "text",
    [
        f"s3://{AKIA}:{urllib.parse.quote(AWS_SECRET, safe='')}@bucket",
        f"id%3D{AKIA}%0Asecret_access_key%3D{urllib.parse.quote(AWS_SECRET, safe='')}",
        rf'{{"log": "\u0022{AKIA}\u0022 aws_secret_access_key=\u0022{AWS_SECRET}\u0022"}}',
        f"data:\n  AWS_ACCESS_KEY_ID: {coded(AKIA)}\n  AWS_SECRET_ACCESS_KEY: {coded(AWS_SECRET)}\n",
        f"\x1b[36;1mid: \x1b[1m{AKIA}\x1b[0m\nsecret_access_key: \x1b[1m{AWS_SECRET}\x1b[0m\n",
        f"  .env: {coded(f'AWS_ACCESS_KEY_ID={AKIA}' + chr(10) + f'AWS_SECRET_ACCESS_KEY={AWS_SECRET}')}\n",
    ],
    ids=["url", "form", "escapes", "Kubernetes Secret", "colours", "file in one"],
)
def test_what_is_escaped_or_base64_of_a_text_is_found_as_it_was(text):
    assert seen(text) == {aws()}


def test_a_token_in_a_header_of_git_is_found():
    assert seen(f"extraheader = AUTHORIZATION: basic {coded(f'x-access-token:{GHP}')}") == {
        (Kind.GITHUB_TOKEN, Secret(GHP).fingerprint, GHP)
    }


def test_proxy_tokens_are_told_from_tokens():
    assert seen(f"{WK}\n{WS}\n{AK}\n{AS}\n") == {(Kind.MODAL_PROXY_TOKEN, WK, WS), modal()}


@pytest.mark.parametrize(
    "token", [GHP, PAT, GHS_JWT, *(GHP.replace("ghp_", f"gh{kind}_") for kind in "ours")]
)
def test_github_tokens_are_found_whole_and_named_by_their_fingerprint(token):
    text = f"git clone https://x:{token}@github.com/rentagpu/executor\nGITHUB_TOKEN={token}\nIt is {token}."
    (one,) = recognise(text).found
    assert one.kind is Kind.GITHUB_TOKEN
    assert one.secret == Secret(token)
    assert one.identifier == Secret(token).fingerprint


def test_each_credential_is_found_once_with_the_first_line_that_it_is_on():
    text = (
        f"# see {AKIA}\n\n"
        + f"AWS_ACCESS_KEY_ID={AKIA}\nAWS_SECRET_ACCESS_KEY={AWS_SECRET}\n{AK} {AS}\n\n" * 3
    )
    recognised = recognise(text)
    assert [one.identifier for one in recognised.found] == [AKIA, AK]
    assert recognised.found[0].secret == Secret(AWS_SECRET)
    assert recognised.lines == {AKIA: 1, AK: 5}
    assert recognised.fragments == ()


@pytest.mark.parametrize(
    ("text", "what"),
    [
        (f"id = {AKIA[:-4]}", "id of 16 characters, which should have 20"),
        (f"id = {AKIA}ABC", "id of 23 characters, which should have 20"),
        ("ASIAIOSFODNN7", "id of 13 characters, which should have 20"),
        (f"AWS_SECRET_ACCESS_KEY={AWS_SECRET[:31]}", "key of 31 characters, which should have 40"),
        (f"AWS_SECRET_ACCESS_KEY={AWS_SECRET}", "an AWS secret access key without its id"),
        (f"MODAL_TOKEN_ID={AK[:6]}", "a Modal token's id with 3 characters after ak-"),
        (AS[:14], "a Modal token's secret with 11 characters after as-"),
        (AS, "a Modal token's secret without its id"),
        (WS, "a Modal proxy token's secret without its id"),
        (GHP[:20], "a GitHub token with 16 characters after ghp_"),
    ],
)
def test_a_key_that_is_not_whole_is_reported_with_its_line_and_not_its_value(text, what):
    recognised = recognise(f"first line\n{text}\n")
    assert recognised.found == ()
    (fragment,) = recognised.fragments
    assert what in fragment.what
    assert fragment.line == 2
    assert text[-9:] not in repr(fragment)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "nothing here",
        "AKIA, ASIA and ASIAPACIFIC; AKIAXXXXXXXXXXXXXXXX and AKIA****************",
        "as-soon as-internationalization break-Q3kT9vXb2LmR8sWn5YpZ1c task-as-Q3kT9vXb2LmR8sWn5YpZ1c-x",
        "as-xxxxxxxxxxxxxxxxxxxxxx ak-... wk-is ws-endpoint",
        "ghp_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx github_pat_ and ghs_installation_tokens",
        f"commit {SHA1}\nAWS_SECRET_ACCESS_KEY=${{{{ secrets.AWS_SECRET_ACCESS_KEY }}}}\nkey = {AWS_SECRET2}",
        "aws_secret_access_key = os.environ['AWS_SECRET_ACCESS_KEY']",
    ],
)
def test_what_is_no_credential_is_not_taken_for_one(text):
    recognised = recognise(text)
    assert recognised.found == ()
    assert recognised.fragments == ()


@settings(max_examples=60)
@given(
    st.lists(
        st.sampled_from([AKIA, AWS_SECRET, AK, AS, GHP, SHA1, "\n", "\n\n", "secret_key=", " "]), max_size=30
    )
)
def test_what_is_found_stands_in_the_text(pieces):
    text = " ".join(pieces)
    for one in recognise(text).found:
        assert one.kind is Kind.GITHUB_TOKEN or one.identifier in pieces
        assert one.secret is None or one.secret.reveal() in pieces


def adversaries():
    letters = random.Random(3).choices(  # noqa: S311  # no secret
        string.ascii_letters + string.digits + "/+", k=1_000_000
    )
    base64ish = "".join(letters)
    return {
        "one line of base64": base64ish,
        "base64 in lines": "\n".join(re.findall(".{64}", base64ish)),
        "only secrets": "\n".join(re.findall(".{40}", base64ish)),
        "capitals after a prefix": "AKIA" * 250_000,
        "cut keys": "AKIAB2 " * 150_000,
        "names": "aws_secret_access_key" * 50_000,
        "separators": "secret key" + " =" * 500_000,
        "dashes": "ak-as-" * 170_000,
        "ids, then secrets": f"{AK}\n" * 20_000 + f"{AS}\n" * 20_000,
        "pairs": f"{AKIA}\n{AWS_SECRET}\n\n" * 15_000,
        "brackets": "[" * 1_000_000,
        "blanks": " " * 1_000_000,
        "newlines": "\n" * 1_000_000,
        "underscores": "ghp_" * 250_000,
    }


@pytest.mark.parametrize("name", list(adversaries()))
def test_time_grows_no_faster_than_the_text(name):
    text = adversaries()[name]
    began = time.process_time()
    recognise(text)
    assert time.process_time() - began < 4, "10 MB would take longer than anybody waits"
