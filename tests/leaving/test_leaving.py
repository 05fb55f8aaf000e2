"""A person leaves, or their laptop is lost: nothing that they held opens anything, tried with all of it."""

import json
import subprocess
import sys
import urllib.error
import urllib.request

import boto3
import pytest
from botocore.exceptions import ClientError
from incident import DIRECT, PATIENCE
from modal.exception import AuthError

from responder.inventory import EXAMPLE, Person
from responder.leaving import AtGithub, Held
from responder.sandbox.seed import MAINTAINER, REPOSITORY


@pytest.fixture
def people(incident, tmp_path):
    """The incident's, for what changes nothing."""
    people = "".join(f"\n[people.{name}]\n" for name in ("grace", "ada", "mia"))
    text = EXAMPLE.read_text().replace('"sam-rentagpu"', f'"{MAINTAINER}"')
    (tmp_path / "respond.toml").write_text(text + people)
    return incident, {}, tmp_path


@pytest.fixture
def company(people):
    """In which sam has an IAM user, too, one of whose keys an earlier run put out of use and stopped."""
    incident, _, folder = people
    incident.reset()
    iam = boto3.client("iam", **aws(incident.env))
    iam.create_user(UserName="sam")
    allow = {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [allow]})
    iam.put_user_policy(UserName="sam", PolicyName="work", PolicyDocument=policy)
    iam.create_login_profile(UserName="sam", Password="Correct-horse-battery-9")
    old, made = (iam.create_access_key(UserName="sam")["AccessKey"] for _ in range(2))
    got = session_of(incident, {"key": old["AccessKeyId"], "secret": old["SecretAccessKey"]})
    iam.update_access_key(UserName="sam", AccessKeyId=old["AccessKeyId"], Status="Inactive")
    key = {"key": made["AccessKeyId"], "secret": made["SecretAccessKey"]}
    sessions = (got, session_of(incident, key))
    for kept in sessions:
        boto3.client("s3", **aws(incident.env, *kept)).list_buckets()
    return incident, key, folder, sessions


def session_of(incident, key):
    got = boto3.client("sts", **aws(incident.env, **key)).get_session_token()["Credentials"]
    return got["AccessKeyId"], got["SecretAccessKey"], got["SessionToken"]


def refused_at_s3(incident, *kept):
    with pytest.raises(ClientError, match="AccessDenied"):
        boto3.client("s3", **aws(incident.env, *kept)).list_buckets()
    return True


def aws(env, key="", secret="", token=None):
    return {
        "endpoint_url": env["AWS_ENDPOINT_URL"],
        "region_name": "us-east-1",
        "aws_access_key_id": key or env["AWS_ACCESS_KEY_ID"],
        "aws_secret_access_key": secret or env["AWS_SECRET_ACCESS_KEY"],
        "aws_session_token": token,
    }


def respond(company, *arguments):
    incident, folder = company[0], company[2]
    command = [sys.executable, "-m", "responder", "--home", str(folder / "home"), *arguments]
    env = {**incident.env, "RESPOND_INVENTORY": str(folder / "respond.toml")}
    return subprocess.run(command, env=env, capture_output=True, text=True, check=False)


def github_answers(incident, login, path):
    """Its status, to whoever has their token."""
    token = next(one for one in incident.world()["github"]["tokens"] if one["login"] == login)["token"]
    request = urllib.request.Request(f"{incident.urls['github']}{path}")  # noqa: S310  # loopback's http
    request.add_header("Authorization", f"Bearer {token}")
    try:
        with DIRECT.open(request, timeout=PATIENCE) as answer:
            return answer.status
    except urllib.error.HTTPError as refusal:
        return refusal.code


def token_of(world, member):
    return next(one for one in world["modal"]["tokens"] if one["owner"] == member)


def modal_lets_in(incident, token):
    program = (
        "import os, modal\nmodal.Client.from_credentials(os.environ['ID'], os.environ['SECRET']).hello()\n"
    )
    env = {**incident.env, "ID": token["token_id"], "SECRET": token["token_secret"]}
    tried = subprocess.run(
        [sys.executable, "-c", program], env=env, capture_output=True, text=True, check=False
    )
    assert tried.returncode == 0 or AuthError.__name__ in tried.stderr, tried.stderr
    return tried.returncode == 0


def test_who_leaves_can_use_nothing_any_more_and_ci_goes_on_with_tokens_that_they_never_saw(company):
    incident, key, _, sessions = company
    before = incident.world()
    theirs = token_of(before, "sam")
    assert modal_lets_in(incident, theirs)
    assert github_answers(incident, MAINTAINER, f"/repos/{REPOSITORY}") == 200

    left = respond(company, "run", "offboard", "--member", "sam", "--yes")

    assert left.returncode == 0, left.stdout + left.stderr
    after = incident.world()
    assert not modal_lets_in(incident, theirs)
    assert theirs["token_id"] not in {one["token_id"] for one in after["modal"]["tokens"]}
    with pytest.raises(ClientError, match="InvalidClientTokenId"):
        boto3.client("sts", **aws(incident.env, **key)).get_caller_identity()
    assert all(refused_at_s3(incident, *kept) for kept in sessions)
    iam = boto3.client("iam", **aws(incident.env))
    iam.update_access_key(UserName="sam", AccessKeyId=key["key"], Status="Active")
    assert refused_at_s3(incident, key["key"], key["secret"]), "whatever they come with, as by their password"
    for path in (f"/repos/{REPOSITORY}", f"/repos/{REPOSITORY}/contents/gpu_app/app.py"):
        assert github_answers(incident, MAINTAINER, path) == 404
    [prod] = [one for one in after["modal"]["environments"] if one["name"] == "prod"]
    assert prod["roles"].get("sam", "no-access") == "no-access"
    assert {user["token_id"] for user in before["modal"]["service_users"]}.isdisjoint(
        user["token_id"] for user in after["modal"]["service_users"]
    )
    later = respond(company, "show")
    for said in (left.stdout, later.stdout):
        assert "remove sam from the workspace" in said, later.stderr
        assert "IAM user sam is denied everything from now on. Delete it" in said
        assert "no IAM user" not in said
        assert "Look for AssumeRole of theirs" in said
        assert f"remove {MAINTAINER} from the organisation" in said


def test_the_last_who_approves_is_not_taken_out_before_somebody_follows(people):
    incident = people[0]
    refused = respond(people, "run", "offboard", "--member", "grace", "--yes")
    assert refused.returncode == 3
    assert "--reviewer LOGIN" in refused.stderr
    assert "Traceback" not in refused.stderr

    planned = respond(people, "run", "offboard", "--member", "grace", "--reviewer", "oncall", "--dry-run")
    assert planned.returncode == 0, planned.stderr
    assert "oncall must" in planned.stdout
    assert "Left to you" in planned.stdout
    assert "remove grace from the organisation" in planned.stdout
    assert "respond.toml names no IAM user of grace" in planned.stdout
    environments = incident.world()["github"]["repositories"]["rentagpu/executor"]["environments"]
    assert environments["prod"]["reviewers"] == ["grace"]


def test_what_was_on_a_lost_device_is_dead_and_the_person_keeps_their_place(company):
    incident, key, _, sessions = company
    theirs = token_of(incident.world(), "sam")

    lost = respond(company, "run", "device-loss", "--member", "sam", "--since", "2026-11-01", "--yes")

    assert lost.returncode == 0, lost.stdout + lost.stderr
    after = incident.world()
    assert not modal_lets_in(incident, theirs)
    with pytest.raises(ClientError, match="InvalidClientTokenId"):
        boto3.client("sts", **aws(incident.env, **key)).get_caller_identity()
    assert all(refused_at_s3(incident, *kept) for kept in sessions)
    [user] = [one for one in after["aws"]["users"] if one["name"] == "sam"]
    assert user["access_keys"] == []
    assert {one["name"] for one in after["modal"]["service_users"]} == {"ci-dev", "ci-prod"}
    assert "modal token new" in lost.stdout
    by_hand = " ".join(lost.stdout.split())
    assert f"gh api -X DELETE repos/{REPOSITORY}/collaborators/{MAINTAINER}" in by_hand
    shown = " ".join(respond(company, "show").stdout.split())
    for where in (
        "at AWS with their key",
        "at Modal with their token",
        "at GitHub with their tokens and keys",
    ):
        assert f"Review what was done {where}" in shown


def test_who_has_only_proxy_tokens_has_something():
    person = Person(name="sam", modal="sam", github="sam", iam_users=())
    held = Held(person, (), (), (), (), AtGithub(), service_users=(), proxy_tokens=("wk-of-sam",))
    assert not held.is_nothing


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (("offboard", "--member", "nobody"), 2, "does not say who nobody is"),
        (("offboard", "--member", "mia"), 2, "There is nothing of mia"),
        (("device-loss", "--member", "ada", "--since", "2026-11-01"), 3, "this session works with"),
        (("device-loss", "--member", "sam", "--since", "yesterday"), 2, "is not a time"),
    ],
)
def test_who_is_nobody_or_oneself_is_said_and_nothing_is_changed(people, arguments, code, says):
    refused = respond(people, "run", *arguments, "--yes")
    assert refused.returncode == code, refused.stderr
    assert says in refused.stderr
