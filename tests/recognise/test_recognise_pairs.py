"""An identifier gets the secret that belongs to it, in whatever text the two leaked."""

import json

import pytest
from samples import AK, AK2, AKIA, AKIA2, AS, AS2, AWS_SECRET, AWS_SECRET2, GHP, SHA1, aws, modal, seen

from responder.found import Kind
from responder.recognise import recognise
from responder.secret import Secret

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
