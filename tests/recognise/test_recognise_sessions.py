"""A session of AWS has three parts, which stand together or far apart."""

import json

import pytest
from samples import AKIA, ASIA, AWS_SECRET, AWS_SECRET2, TOKEN, aws, seen

from responder.found import Kind
from responder.recognise import recognise


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
