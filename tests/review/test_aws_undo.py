"""The command that stands beside what somebody left takes it away, and the next look knows it."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from aws_company import NOBODY, USER, company, only, self_signed, things, trust
from pasted import paste

ACCOUNT = "444444444444"
EVERYTHING = NOBODY.replace("Deny", "Allow")
BUCKET = "rentagpu-artifacts"
MANAGED = "arn:aws:iam::444444444444:policy/all"


@pytest.fixture(scope="module")
def running():
    with company(ACCOUNT, regions=("us-east-1", "eu-west-1")) as opened:
        yield opened


@pytest.fixture
def aws(running):
    before = running.plane.snapshot()
    yield running
    running.plane.restore(before)


def role(iam):
    iam.create_role(RoleName="backup", AssumeRolePolicyDocument=trust("999988887777"))
    iam.put_role_policy(RoleName="backup", PolicyName="all", PolicyDocument=EVERYTHING)
    iam.create_instance_profile(InstanceProfileName="machines")
    iam.add_role_to_instance_profile(RoleName="backup", InstanceProfileName="machines")


def user(iam):
    """Everything that can hang on one, and a name that no shell should see bare."""
    name = {"UserName": "o+ps@ghost"}
    iam.create_user(**name)
    iam.create_login_profile(**name, Password="Sommer-2026-12")
    iam.create_access_key(**name)
    iam.upload_ssh_public_key(**name, SSHPublicKeyBody="ssh-ed25519 AAAA")
    iam.upload_signing_certificate(**name, CertificateBody=self_signed())
    iam.create_service_specific_credential(**name, ServiceName="codecommit.amazonaws.com")
    device = iam.create_virtual_mfa_device(VirtualMFADeviceName="x")["VirtualMFADevice"]["SerialNumber"]
    iam.enable_mfa_device(
        **name, SerialNumber=device, AuthenticationCode1="1" * 6, AuthenticationCode2="2" * 6
    )
    iam.put_user_policy(**name, PolicyName="all", PolicyDocument=EVERYTHING)
    iam.create_policy(PolicyName="all", PolicyDocument=EVERYTHING)
    iam.attach_user_policy(**name, PolicyArn=MANAGED)
    iam.create_group(GroupName="ops")
    iam.add_user_to_group(**name, GroupName="ops")


def beside_the_user(iam):
    iam.put_user_policy(UserName=USER, PolicyName="tmp", PolicyDocument=EVERYTHING)
    iam.create_policy(PolicyName="all", PolicyDocument=EVERYTHING)
    iam.create_policy_version(PolicyArn=MANAGED, PolicyDocument=EVERYTHING, SetAsDefault=True)
    iam.attach_user_policy(UserName=USER, PolicyArn=MANAGED)
    iam.create_group(GroupName="ops")
    iam.put_group_policy(GroupName="ops", PolicyName="all", PolicyDocument=EVERYTHING)
    iam.add_user_to_group(UserName=USER, GroupName="ops")
    iam.create_access_key(UserName=USER)
    iam.create_login_profile(UserName=USER, Password="Sommer-2026-12")


def doors(iam):
    iam.create_open_id_connect_provider(Url="https://evil.invalid", ThumbprintList=["a" * 40])
    iam.create_role(RoleName="mine", AssumeRolePolicyDocument=trust(ACCOUNT))
    iam.update_assume_role_policy(RoleName="reader", PolicyDocument=trust("999988887777"))


@pytest.mark.parametrize("left", [role, user, beside_the_user, doors])
def test_what_was_left_is_taken_away_by_what_is_pasted_and_then_nothing_is_open(aws, left, tmp_path):
    operator = aws.client("iam", aws.operator)
    operator.create_role(RoleName="reader", AssumeRolePolicyDocument=trust(ACCOUNT))
    left(aws.client("iam", aws.leaked))
    told = [one for one in aws.review().traces if one.to_look_at]
    assert told
    assert all(one.undo for one in told), [one.what for one in told if not one.undo]
    for one in sorted(told, key=last_what_has_to_be_empty):
        paste(one.undo, tmp_path, lambda service, region: aws.client(service, aws.operator, region))
    assert things(aws.review()) == set()


def last_what_has_to_be_empty(trace):
    """As the findings say of these themselves; a user after its key, which goes with it."""
    if "policy-version" in trace.undo:
        return 0
    if "can be deleted once" in trace.because:
        return 3
    return 2 if trace.kind in ("aws.user-created", "aws.role-created") else 1


def test_what_nobody_says_who_made_is_taken_away_with_what_hangs_on_it_too(aws, tmp_path):
    aws.plane.add_user("fresh", json.loads(EVERYTHING))
    aws.plane.add_access_key("fresh")
    (user,) = [one for one in aws.review().traces if one.kind == "aws.user-created"]
    paste(user.undo, tmp_path, lambda service, region: aws.client(service, aws.operator, region))
    assert things(aws.review()) == set()


def test_a_bucket_that_was_opened_is_closed_by_what_is_pasted(aws, tmp_path):
    aws.client("iam", aws.leaked).put_user_policy(UserName=USER, PolicyName="x", PolicyDocument=EVERYTHING)
    s3 = aws.client("s3", aws.leaked)
    policy = json.loads(EVERYTHING)
    policy["Statement"][0] |= {"Principal": "*", "Resource": f"arn:aws:s3:::{BUCKET}/*"}
    s3.put_bucket_policy(Bucket=BUCKET, Policy=json.dumps(policy))
    (opened,) = [one for one in aws.review().traces if one.kind == "aws.bucket-policy-changed"]
    paste(opened.undo, tmp_path, lambda service, region: aws.client(service, aws.operator, region))
    with pytest.raises(s3.exceptions.ClientError, match="NoSuchBucketPolicy"):
        aws.client("s3", aws.operator).get_bucket_policy(Bucket=BUCKET)


def denial(until):
    document = json.loads(NOBODY)
    document["Statement"][0]["Condition"] = {"DateLessThan": {"aws:TokenIssueTime": until}}
    return document


def test_the_sessions_of_a_role_are_ended_by_what_is_pasted(aws, tmp_path):
    iam = aws.client("iam", aws.operator)
    iam.create_role(RoleName="reader", AssumeRolePolicyDocument=trust(ACCOUNT))
    aws.plane.put_user_policy(USER, "assume", json.loads(EVERYTHING))
    arn = f"arn:aws:iam::{ACCOUNT}:role/reader"
    aws.client("sts", aws.leaked).assume_role(RoleArn=arn, RoleSessionName="evil")
    (taken,) = [one for one in aws.review().traces if one.kind == "aws.session-taken"]
    began = datetime.now(UTC).replace(microsecond=0)
    paste(taken.undo, tmp_path, lambda service, region: aws.client(service, aws.operator, region))
    put = iam.get_role_policy(RoleName="reader", PolicyName="AWSRevokeOlderSessions")["PolicyDocument"]
    until = put["Statement"][0]["Condition"]["DateLessThan"]["aws:TokenIssueTime"]
    assert datetime.fromisoformat(until) >= began
    assert put == denial(until)


def test_a_session_is_told_as_it_is_open_then_denied_then_over_with_its_user(aws, tmp_path):
    soon = f"{datetime.now(UTC) + timedelta(minutes=1):%Y-%m-%dT%H:%M:%SZ}"
    iam = aws.client("iam", aws.leaked)
    iam.create_user(UserName="ghost")
    iam.put_user_policy(UserName="ghost", PolicyName="all", PolicyDocument=EVERYTHING)
    key = iam.create_access_key(UserName="ghost")["AccessKey"]
    aws.client("sts", key).get_session_token()

    def session():
        return only(aws.review(), "aws.session-taken")

    assert session().severity == "high"
    aws.plane.put_user_policy("ghost", "respond-deny-sessions", denial(soon))
    assert (session().severity, session().undo) == ("low", "")
    assert "by the policy respond-deny-sessions" in session().because
    undo = only(aws.review(), "aws.user-created").undo
    paste(undo, tmp_path, lambda service, region: aws.client(service, aws.operator, region))
    assert session().severity == "info"


def test_a_session_is_over_when_its_time_is(aws):
    aws.client("sts", aws.leaked).get_session_token(DurationSeconds=900)
    (one,) = [one for one in aws.review().traces if one.kind == "aws.session-taken"]
    assert one.severity == "high"
    (event,) = [one for one in aws.plane.snapshot()[2] if one.name == "GetSessionToken"]
    hour_ago = replace(event, at=event.at - 3600)
    account, sessions, events, keeping = aws.plane.snapshot()
    aws.plane.restore((account, sessions, [hour_ago if one is event else one for one in events], keeping))
    assert only(aws.review(), "aws.session-taken").severity == "info"
