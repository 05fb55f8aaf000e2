"""What an event that leaves something behind is told as, with the command that takes it away."""

import json
from datetime import UTC, datetime

import pytest
from aws_company import NOBODY, USER, company, only

from responder.providers.aws.history import _event
from responder.providers.aws.tellings import telling_of

NOW = datetime(2026, 1, 31, tzinfo=UTC)
BUCKET = "rentagpu-artifacts"
OIDC = "arn:aws:iam::777777777777:oidc-provider/evil.invalid"


@pytest.fixture(scope="module")
def aws():
    with company("777777777777") as opened:
        yield opened


def ssh_key(iam, _s3, _key):
    answer = iam.upload_ssh_public_key(UserName=USER, SSHPublicKeyBody="ssh-ed25519 AAAA")
    name = answer["SSHPublicKey"]["SSHPublicKeyId"]
    return name, f"aws iam delete-ssh-public-key --user-name {USER} --ssh-public-key-id {name}"


def git_password(iam, _s3, _key):
    answer = iam.create_service_specific_credential(UserName=USER, ServiceName="codecommit.amazonaws.com")
    name = answer["ServiceSpecificCredential"]["ServiceSpecificCredentialId"]
    option = "--service-specific-credential-id"
    return name, f"aws iam delete-service-specific-credential --user-name {USER} {option} {name}"


def provider(iam, _s3, _key):
    iam.create_open_id_connect_provider(Url="https://evil.invalid", ThumbprintList=["a" * 40])
    option = "--open-id-connect-provider-arn"
    return OIDC, f"aws iam delete-open-id-connect-provider {option} {OIDC}"


def key_status(iam, _s3, key):
    iam.update_access_key(UserName=USER, AccessKeyId=key, Status="Active")
    return key, f"aws iam update-access-key --user-name {USER} --access-key-id {key} --status Inactive"


def bucket(iam, s3, _key):
    iam.put_user_policy(UserName=USER, PolicyName="x", PolicyDocument=NOBODY.replace("Deny", "Allow"))
    policy = NOBODY.replace('"*"}', f'"arn:aws:s3:::{BUCKET}/*", "Principal": "*"}}')
    s3.put_bucket_policy(Bucket=BUCKET, Policy=policy)
    return BUCKET, f"aws s3api delete-bucket-policy --bucket {BUCKET}"


def policy(iam, _s3, _key):
    iam.put_user_policy(UserName=USER, PolicyName="x", PolicyDocument=NOBODY.replace("Deny", "Allow"))
    iam.delete_user_policy(UserName=USER, PolicyName="x")
    return "x", ""


@pytest.mark.parametrize(
    ("kind", "done"),
    [
        ("aws.credential-added", ssh_key),
        ("aws.credential-added", git_password),
        ("aws.identity-provider-added", provider),
        ("aws.key-status-changed", key_status),
        ("aws.bucket-policy-changed", bucket),
        ("aws.policy-removed", policy),
    ],
)
def test_what_was_left_is_told_with_what_takes_it_away(aws, kind, done):
    before = aws.plane.snapshot()
    iam, s3 = aws.client("iam", aws.leaked), aws.client("s3", aws.leaked)
    subject, undo = done(iam, s3, aws.leaked.access_key_id)
    trace = only(aws.review(), kind)
    assert (trace.subject, trace.undo) == (subject, undo)
    assert trace.severity in ("critical", "high")
    aws.plane.restore(before)


def test_instances_that_were_started_are_told_with_the_region_that_they_run_in():
    record = {
        "eventID": "1",
        "eventSource": "ec2.amazonaws.com",
        "eventName": "RunInstances",
        "awsRegion": "ap-southeast-2",
        "userIdentity": {"userName": USER, "accessKeyId": "AKIA1"},
        "responseElements": {"instancesSet": {"items": [{"instanceId": "i-1"}, {"instanceId": "i-2"}]}},
    }
    event = _event({"EventTime": NOW, "CloudTrailEvent": json.dumps(record)})
    trace = telling_of(event).trace(event)
    assert trace.what == "Instances were started in ap-southeast-2: i-1 i-2"
    assert trace.undo == "aws ec2 terminate-instances --region ap-southeast-2 --instance-ids i-1 i-2"
