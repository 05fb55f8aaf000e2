"""What an event that leaves something behind is told as, with the command that takes it away."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from types import SimpleNamespace

import pytest
from aws_company import NOBODY, USER, company, only
from pasted import paste

from responder.providers.aws.activity import activity
from responder.providers.aws.history import _event
from responder.providers.aws.made import Details, Iam, foreign_principals
from responder.providers.aws.still_listed import no_longer_listed
from responder.providers.aws.still_so import denied_by, still_so
from responder.providers.aws.tellings import telling_of

NOW = datetime(2026, 1, 31, tzinfo=UTC)
BUCKET = "rentagpu-artifacts"
OK = SimpleNamespace(status_code=200)
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


def event_of(source, name, asked, answer):
    record = {
        "eventID": "1",
        "eventSource": f"{source}.amazonaws.com",
        "eventName": name,
        "awsRegion": "ap-southeast-2",
        "userIdentity": {"userName": USER, "accessKeyId": "AKIA1", "arn": f"arn:aws:iam::1:user/{USER}"},
        "recipientAccountId": "777777777777",
        "requestParameters": asked,
        "responseElements": answer,
    }
    return _event({"EventTime": NOW, "CloudTrailEvent": json.dumps(record)})


INSTANCES = {"instancesSet": {"items": [{"instanceId": "i-1"}, {"instanceId": "i-2"}]}}
RULES = {"securityGroupRuleSet": {"items": [{"securityGroupRuleId": "sgr-1"}]}}
POLICY = "arn:aws:iam::777777777777:policy/p"


def test_instances_that_were_started_are_told_with_the_region_that_they_run_in():
    event = event_of("ec2", "RunInstances", {}, INSTANCES)
    trace = telling_of(event).trace(event)
    assert trace.what == "Instances were started in ap-southeast-2: i-1 i-2"
    assert trace.undo == "aws ec2 terminate-instances --region ap-southeast-2 --instance-ids i-1 i-2"


@pytest.mark.parametrize(
    ("source", "name", "asked", "answer", "undone"),
    [
        ("ec2", "RunInstances", {}, INSTANCES, ["TerminateInstances"]),
        ("ec2", "ImportKeyPair", {"keyName": "a --key"}, {}, ["DeleteKeyPair"]),
        ("ec2", "AuthorizeSecurityGroupIngress", {"groupId": "sg-1"}, RULES, ["RevokeSecurityGroupIngress"]),
        ("ec2", "ModifySnapshotAttribute", {"snapshotId": "snap-1"}, {}, ["ResetSnapshotAttribute"]),
        ("ec2", "ModifyImageAttribute", {"imageId": "ami-1"}, {}, ["ResetImageAttribute"]),
        ("lambda", "CreateFunction20150331", {"functionName": "f"}, {}, ["DeleteFunction"]),
        (
            *("lambda", "AddPermission20150331v2", {"functionName": "f", "statementId": "s"}, {}),
            ["RemovePermission"],
        ),
        ("lambda", "CreateFunctionUrlConfig", {"functionName": "f"}, {}, ["DeleteFunctionUrlConfig"]),
        ("s3", "PutBucketAcl", {"bucketName": "b12"}, {}, ["PutBucketAcl"]),
        ("s3", "PutBucketReplication", {"bucketName": "b12"}, {}, ["DeleteBucketReplication"]),
        ("s3", "DeleteBucketPublicAccessBlock", {"bucketName": "b12"}, {}, ["PutPublicAccessBlock"]),
        ("cloudtrail", "StopLogging", {"name": "t"}, {}, ["StartLogging"]),
        ("cloudtrail", "PutEventSelectors", {"trailName": "t"}, {}, ["PutEventSelectors"]),
        ("iam", "DetachRolePolicy", {"roleName": "r", "policyArn": POLICY}, {}, ["AttachRolePolicy"]),
        ("iam", "EnableMFADevice", {"userName": "u", "serialNumber": OIDC}, {}, ["DeactivateMFADevice"]),
        (
            *("iam", "CreatePolicyVersion", {"policyArn": POLICY, "setAsDefault": True}),
            {"policyVersion": {"versionId": "v4"}},
            ["SetDefaultPolicyVersion", "DeletePolicyVersion"],
        ),
    ],
)
def test_the_command_of_what_the_sandbox_does_not_have_is_one_that_aws_has(
    source, name, asked, answer, undone, tmp_path, aws
):
    event, done = event_of(source, name, asked, answer), []

    def client(service, region):
        made = aws.client(service, aws.operator, region)
        made.meta.events.register("before-call", lambda model, **_: done.append(model.name) or (OK, {}))
        return made

    trace = telling_of(event).trace(event)
    assert trace.to_look_at
    paste(trace.undo, tmp_path, client)
    assert done == undone


@pytest.mark.parametrize(
    ("source", "name"),
    [
        ("secretsmanager", "GetSecretValue"),
        ("ssm", "GetParametersByPath"),
        ("ec2", "GetPasswordData"),
        ("lambda", "GetFunction20150331v2"),
    ],
)
def test_a_read_that_gives_out_secrets_is_not_told_as_nothing(source, name):
    read = replace(event_of(source, name, {}, {}), read_only=True)
    assert [one.severity for one in activity([read])] == ["high"]
    assert [one.severity for one in activity([replace(read, error="AccessDeniedException")])] == ["low"]
    assert [one.severity for one in activity([replace(read, action="DescribeIt")])] == ["info"]


DENIES = json.loads(NOBODY)
DENIES["Statement"][0]["Condition"] = {"DateLessThan": {"aws:TokenIssueTime": "2026-02-01T00:00:00Z"}}
HERE = {"RolePolicyList": [{"PolicyName": "respond-deny-sessions", "PolicyDocument": DENIES}]}
SESSION = {"credentials": {"accessKeyId": "ASIA1"}}


@pytest.mark.parametrize("roles", [{}, {"deploy": HERE}])
def test_a_session_in_another_account_is_neither_over_nor_denied_by_what_is_here(roles):
    arn = "arn:aws:iam::999988887777:role/deploy"
    event = event_of("sts", "AssumeRole", {"roleArn": arn}, SESSION)
    iam = Iam((), details=Details({}, roles, {}, {}))
    assert still_so(event, iam, NOW)
    assert denied_by(event, iam) == ""
    trace = telling_of(event).trace(event)
    assert (trace.of, trace.severity, trace.undo) == (arn, "critical", "")
    assert "whoever runs that account" in trace.because


@pytest.mark.parametrize(
    ("name", "asked"),
    [
        ("CreateAccessKey", {"userName": USER}),
        ("CreateUser", {}),
        ("PutUserPolicy", {}),
        ("CreatePolicy", {}),
        ("CreatePolicyVersion", {"policyArn": POLICY}),
    ],
)
def test_what_cloudtrail_does_not_name_is_not_taken_for_gone(name, asked):
    policies = {POLICY: {"PolicyVersionList": []}}
    iam = Iam((), details=Details({}, {}, {}, policies), keys={}, passwords=())
    assert still_so(event_of("iam", name, asked, None), iam, NOW)


def test_what_has_no_identifier_is_not_looked_for_in_a_list():
    event = event_of("iam", "UploadSSHPublicKey", {"userName": USER}, None)
    assert list(no_longer_listed(None, [(event, telling_of(event).trace(event))], None)) == []


def test_whoever_changes_a_key_of_their_own_need_not_say_whose_it_is():
    event = event_of("iam", "UpdateAccessKey", {"accessKeyId": "AKIA2", "status": "Inactive"}, None)
    trace = telling_of(event).trace(event)
    assert trace.of == USER
    assert f"--user-name {USER} --access-key-id AKIA2 --status Active" in trace.undo


@pytest.mark.parametrize(
    ("principal", "is_foreign"),
    [
        ("arn:aws:iam::999988887777:user/777777777777", True),
        ("arn:aws:iam::777777777777:root", False),
        ("777777777777", False),
        ("*", True),
    ],
)
def test_whom_a_role_lets_in_is_told_by_the_account_and_not_by_a_name(principal, is_foreign):
    document = {"Statement": [{"Effect": "Allow", "Principal": {"AWS": principal}}]}
    assert bool(foreign_principals(document, "777777777777")) is is_foreign
