"""Credentials are recognised by their form in whatever text they leaked in, each with its other half."""

import io
import json
import os
import random
import re
import string
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from responder.errors import InputError, RefusedError
from responder.exposure import Kind
from responder.recognise import recognise
from responder.recognise.arguments import from_argument
from responder.recognise.source import LIMIT, decode, read_source
from responder.secret import Secret, redact

AKIA, AWS_SECRET = "AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY9"[:40]
AKIA2, AWS_SECRET2 = "AKIAI44QH8DHBEXAMPLE", "je7MtGbClwBF/2Zp9Utk/h3yCo8nvbEXAMPLEKEY"
AK, AS = "ak-Q3kT9vXb2LmR8sWn5YpZ1c", "as-7HdJ4gKf6MtVq2RxN9sLwB"
AK2, AS2 = "ak-B8nC5mX1zL7kJ4hG2fD9sA", "as-P0oI9uY8tR7eW6qM5nB4vC"
ASIA, TOKEN = "ASIAIOSFODNN7EXAMPLE", "IQoJb3JpZ2luX2VjEJr//////////wEa" + "aB3/dE5+gH7jK9mN1pQ3" * 20 + "=="
WK, WS = "wk-T5yU6iO7pA8sD9fG1hJ2kL", "ws-Z3xC4vB5nM6aS7dF8gH9jK"
GHP = "ghp_" + "aB3dE5gH7jK9mN1pQ3sT5vW7yZ9bC1dE3fG5"
PAT = "github_pat_" + "11ABCDEFG0abcdefghijkl" + "_" + "A1b2C3d4E5" * 5 + "F6g7H8i9J"
GHS_JWT = (
    "ghs_12345_eyJhbGciOiJSUzI1NiIsInR5cCI6IkpXVCJ9." + "eyJ1c2VyIjoiQTEifQ" * 20 + ".Sg9-x_" + "aB3dE5" * 40
)
SHA1 = "356a192b7913b04c54574d18c28d46e6395428ab"


def seen(text):
    return {
        (one.kind, one.identifier, one.secret.reveal() if one.secret else None)
        for one in recognise(text).found
    }


def aws(identifier=AKIA, secret=AWS_SECRET):
    return (Kind.AWS_ACCESS_KEY, identifier, secret)


def modal(identifier=AK, secret=AS):
    return (Kind.MODAL_TOKEN, identifier, secret)


BOTH = {aws(), modal()}


@pytest.mark.parametrize(
    "text",
    [
        f"AWS_ACCESS_KEY_ID={AKIA}\nAWS_SECRET_ACCESS_KEY={AWS_SECRET}\nMODAL_TOKEN_ID={AK}\nMODAL_TOKEN_SECRET={AS}\n",
        f"AWS_SECRET_ACCESS_KEY={AWS_SECRET}\nAWS_ACCESS_KEY_ID={AKIA}\nMODAL_TOKEN_SECRET={AS}\nMODAL_TOKEN_ID={AK}",
        (
            f"export AWS_ACCESS_KEY_ID='{AKIA}'\r\nexport AWS_SECRET_ACCESS_KEY=\"{AWS_SECRET}\"\r\n"
            f"export MODAL_TOKEN_ID={AK}; export MODAL_TOKEN_SECRET={AS}\r\n"
        ),
        (
            f"[default]\naws_access_key_id = {AKIA}\naws_secret_access_key = {AWS_SECRET}\n\n"
            f'[rentagpu]\ntoken_id = "{AK}"\ntoken_secret = "{AS}"\nactive = true\n'
        ),
        json.dumps({"accessKeyId": AKIA, "secretAccessKey": AWS_SECRET, "token_id": AK, "token_secret": AS}),
        json.dumps({"file": f"AWS_ACCESS_KEY_ID={AKIA}\nAWS_SECRET_ACCESS_KEY={AWS_SECRET}\n{AK}\n{AS}\n"}),
        json.dumps({"SecretAccessKey": AWS_SECRET, "AccessKeyId": AKIA, "t": [AS, AK]}).replace("/", "\\/"),
        json.dumps(
            [
                {"name": "AWS_ACCESS_KEY_ID", "value": AKIA},
                {"name": "AWS_SECRET_ACCESS_KEY", "value": AWS_SECRET},
                {"name": "MODAL_TOKEN_ID", "value": AK},
                {"name": "MODAL_TOKEN_SECRET", "value": AS},
            ],
            indent=1,
        ),
        f"aws:\n  access_key: {AKIA}\n  secret_key: >-\n    {AWS_SECRET}\nmodal:\n id: {AK}\n secret: {AS}",
        (
            f"modal token set --token-id {AK} --token-secret {AS} --profile x\n"
            f"aws configure set aws_access_key_id {AKIA}\n"
            f"aws configure set aws_secret_access_key {AWS_SECRET}\n"
        ),
        f"modal token set --token-secret={AS} --token-id={AK}  # {AKIA}:{AWS_SECRET}",
        f"Access key ID,Secret access key\n{AKIA},{AWS_SECRET}\n{AK},{AS}\n",
        f"<AccessKeyId>{AKIA}</AccessKeyId><SecretAccessKey>{AWS_SECRET}</SecretAccessKey> **{AK}** `{AS}`",
        f"Secret access key: {AWS_SECRET}\nAccess key id: {AKIA}\n\nthe token \u200b{AK}\u200b is with {AS}.",
        f"commit {SHA1}\n+ key = {AKIA}\n+ # {SHA1}\n+ secret = {AWS_SECRET}\n+ {AK} {SHA1} {AS}",
    ],
)
def test_both_pairs_are_found_in_every_way_of_writing_them(text):
    assert seen(text) == BOTH
    assert recognise(text).fragments == ()


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_files_saved_by_windows_programs_are_read(tmp_path, encoding):
    file = tmp_path / "prod.env"
    text = f"AWS_ACCESS_KEY_ID={AKIA}\r\nAWS_SECRET_ACCESS_KEY={AWS_SECRET}\r\n"
    file.write_bytes(text.encode(encoding))
    assert seen(read_source(str(file)).text) == {aws()}


def test_bytes_that_are_no_text_are_searched_all_the_same(tmp_path):
    noise = random.Random(7).randbytes(5000)  # noqa: S311  # no secret
    file = tmp_path / "core"
    file.write_bytes(
        noise
        + f"\0KEY={AKIA}\0AWS_SECRET_ACCESS_KEY={AWS_SECRET}\0{AK}\0{AS}\0".encode()
        + b"\xff\xfe"
        + noise
    )
    assert seen(read_source(str(file)).text) >= BOTH


@given(st.binary(max_size=400))
def test_no_bytes_make_reading_or_recognising_fail(data):
    recognise(decode(data))


@pytest.mark.parametrize(
    "text",
    [
        f"{AKIA}\n{AWS_SECRET}\n{AKIA2}\n{AWS_SECRET2}\n",
        f"{AWS_SECRET}\n{AKIA}\n\n{AWS_SECRET2}\n{AKIA2}\n",
        f"{AKIA}\n{AKIA2}\n{AWS_SECRET}\n{AWS_SECRET2}\n",
        (
            f"[dev]\naws_access_key_id={AKIA}\n# a comment\naws_secret_access_key={AWS_SECRET}\n"
            f"[prod]\naws_secret_access_key={AWS_SECRET2}\naws_access_key_id={AKIA2}\n"
        ),
        (
            f"PROD_AWS_ACCESS_KEY_ID={AKIA}\nDEV_AWS_ACCESS_KEY_ID={AKIA2}\n"
            f"DEV_AWS_SECRET_ACCESS_KEY={AWS_SECRET2}\nPROD_AWS_SECRET_ACCESS_KEY={AWS_SECRET}\n"
        ),
        f"id,secret\n{AKIA},{AWS_SECRET}\n{AKIA2},{AWS_SECRET2}\n",
    ],
)
def test_each_of_two_access_keys_gets_its_own_secret(text):
    assert seen(text) == {aws(), aws(AKIA2, AWS_SECRET2)}


def test_profiles_of_modal_toml_keep_their_pairs():
    one, two = f'token_id = "{AK}"\ntoken_secret = "{AS}"\n', f'token_secret = "{AS2}"\ntoken_id = "{AK2}"\n'
    text = f"[one]\n{one}\n[two]\n{two}"
    assert seen(text) == {modal(), modal(AK2, AS2)}


def test_an_identifier_without_a_secret_leaves_its_neighbours_their_own():
    text = (
        f"OLD_KEY={AKIA2}\nAWS_ACCESS_KEY_ID={AKIA}\nAWS_SECRET_ACCESS_KEY={AWS_SECRET}\nSALT={AWS_SECRET2}\n"
    )
    assert seen(text) == {aws(AKIA2, None), aws()}


def test_a_name_counts_more_than_being_nearer():
    text = f"AWS_ACCESS_KEY_ID={AKIA}\nETAG={AWS_SECRET2}\nREGION=eu\nAWS_SECRET_ACCESS_KEY={AWS_SECRET}\n"
    assert seen(text) == {aws()}


@pytest.mark.parametrize("digest", [SHA1, SHA1.upper()])
@pytest.mark.parametrize("name", ["commit", "aws_secret_access_key"])
def test_the_name_of_a_git_commit_is_never_a_secret(name, digest):
    assert seen(f"aws_access_key_id={AKIA}\n{name}={digest}\n") == {aws(secret=None)}


def test_an_unnamed_secret_far_from_the_identifier_is_not_given_to_it():
    assert seen(AKIA + "\n" * 40 + AWS_SECRET) == {aws(secret=None)}


def sessions(text):
    return {
        (one.identifier, *(part and part.reveal() for part in (one.secret, one.session_token)))
        for one in recognise(text).found
        if one.kind is Kind.AWS_SESSION
    }


@pytest.mark.parametrize(
    "text",
    [
        f"AWS_ACCESS_KEY_ID={ASIA}\nAWS_SECRET_ACCESS_KEY={AWS_SECRET}\nAWS_SESSION_TOKEN={TOKEN}\n",
        f"[mfa]\naws_access_key_id={ASIA}\naws_secret_access_key={AWS_SECRET}\naws_session_token = {TOKEN}\n",
        f"AWS_SECURITY_TOKEN='{TOKEN}'; AWS_ACCESS_KEY_ID={ASIA} AWS_SECRET_ACCESS_KEY={AWS_SECRET}",
        json.dumps({"AccessKeyId": ASIA, "SecretAccessKey": AWS_SECRET, "SessionToken": TOKEN}),
        f"{ASIA}\n{AWS_SECRET}\n{TOKEN}\n",
        f"{AKIA} {ASIA}\naws_secret_access_key={AWS_SECRET}\n{TOKEN}\n{ASIA}",
        f"aws_secret_access_key={AWS_SECRET} aws_access_key_id={ASIA}\n?X-Amz-Security-Token="
        + TOKEN.replace("/", "%2F").replace("+", "%2B").replace("=", "%3D"),
    ],
)
def test_a_session_is_found_with_all_three_of_its_parts(text):
    assert sessions(text) == {(ASIA, AWS_SECRET, TOKEN)}
    assert recognise(text).fragments == ()


def test_a_session_keeps_apart_from_its_key_and_from_another_session():
    text = (
        f"[default]\naws_access_key_id={AKIA}\naws_secret_access_key={AWS_SECRET}\n\n"
        f"[mfa]\naws_access_key_id={ASIA}\naws_secret_access_key={AWS_SECRET2}\naws_session_token={TOKEN}\n"
        "[old]\naws_access_key_id=ASIAI44QH8DHBEXAMPLE\n"
    )
    assert sessions(text) == {(ASIA, AWS_SECRET2, TOKEN), ("ASIAI44QH8DHBEXAMPLE", None, None)}
    assert aws() in seen(text)


def test_the_parts_of_a_session_are_put_together_from_several_places():
    text = f"{ASIA} {AWS_SECRET}" + "\n" * 40 + f"aws_access_key_id={ASIA}\nsession_token={TOKEN}"
    assert sessions(text) == {(ASIA, AWS_SECRET, TOKEN)}


def test_a_session_token_alone_is_told_and_long_base64_is_none():
    (fragment,) = recognise(f"aws_session_token={TOKEN}\nimage={'iVBORw0KGgo' * 20}").fragments
    assert (fragment.what, fragment.line) == ("an AWS session token without its id", 1)


def test_both_sides_of_a_diff_are_read_also_where_values_stand_alone():
    text = (
        "diff --git a/keys b/keys\n--- a/keys\n+++ b/keys\n@@ -1,4 +1,4 @@ def keys():\n"
        f"-{AK}\n-{AS}\n-{GHP}\n+{AKIA}\n+{AWS_SECRET}\n"
    )
    github = (Kind.GITHUB_TOKEN, Secret(GHP).fingerprint, GHP)
    assert seen(text) == {modal(), aws(), github}


def test_old_and_new_of_a_diff_keep_their_own_secrets():
    text = (
        "@@ -1,3 +1,3 @@\n"
        f"-AWS_ACCESS_KEY_ID={AKIA}\n+AWS_ACCESS_KEY_ID={AKIA2}\n REGION=eu\n"
        f"-AWS_SECRET_ACCESS_KEY={AWS_SECRET}\n+AWS_SECRET_ACCESS_KEY={AWS_SECRET2}\n"
    )
    assert seen(text) == {aws(), aws(AKIA2, AWS_SECRET2)}


def test_a_shell_history_gives_its_credentials():
    text = (
        f": 1700000000:0;export AWS_ACCESS_KEY_ID={AKIA}\n: 1700000009:0;ls\n"
        f": 1700000010:0;export AWS_SECRET_ACCESS_KEY={AWS_SECRET}\n"
        f": 1700000020:0;MODAL_TOKEN_ID={AK} MODAL_TOKEN_SECRET={AS} modal deploy app.py\n"
        f"#1700000030\ncurl -H 'Authorization: Bearer {GHP}' https://api.github.com/user\n"
    )
    assert seen(text) == {*BOTH, (Kind.GITHUB_TOKEN, Secret(GHP).fingerprint, GHP)}


def test_the_key_of_a_presigned_url_is_found():
    url = f"https://b.s3.amazonaws.com/k?X-Amz-Credential%3D{AKIA}%2F20250101%2Fus-east-1%2Fs3%2Faws4_request"
    assert seen(url) == {aws(secret=None)}


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


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda path: path / "absent", "There is no file"),
        (lambda path: path, "is a folder"),
        (lambda path: written(path / "empty", b""), "is empty"),
        (lambda path: written(path / "blank", b"\r\n \t\0"), "is empty"),
        (lambda path: written(path / "large", b"x" * (LIMIT + 1)), "larger than 20 MB"),
        (lambda path: f"{path}\0", "no path"),
        (lambda path: path / ("x" * 300), "could not be read"),
    ],
)
def test_what_cannot_be_read_as_a_leak_is_refused_with_the_reason(tmp_path, make, message):
    with pytest.raises(InputError, match=message) as refused:
        read_source(str(make(tmp_path)))
    assert refused.value.next_step


def written(path, data):
    path.write_bytes(data)
    return path


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read_is_said_to_be_so(tmp_path):
    file = written(tmp_path / "prod.env", b"x")
    file.chmod(0)
    with pytest.raises(InputError, match="may not be read by you"):
        read_source(str(file))


def test_a_dash_reads_standard_input():
    source = read_source("-", io.BytesIO(f"{AK} {AS}".encode()))
    assert source.name == "standard input"
    assert seen(source.text) == {modal()}
    assert AS not in repr(source)
    with pytest.raises(InputError, match="standard input is empty"):
        read_source("-", io.BytesIO(b""))


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
