"""Whose doing it was: told by requests, identities and CloudTrail's chain, and never by a name alone."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from aws_company import NOBODY, USER, company, only, self_signed, things, trust

from responder.action import Connections
from responder.errors import DeniedError
from responder.providers.aws import history
from responder.providers.aws.review import ReviewAws
from responder.sandbox.aws import KeyPair
from responder.sandbox.faults.rule import read_rule

ACCOUNT = "888888888888"
FOREIGN = "999988887777"
EVERYTHING = NOBODY.replace("Deny", "Allow")
TRUSTS_NOBODY = NOBODY.replace("Resource", "Principal")


@pytest.fixture(scope="module")
def running():
    with company(ACCOUNT, regions=("us-east-1", "eu-west-1")) as opened:
        yield opened


@pytest.fixture
def aws(running):
    """As it was at the start, after each test."""
    before = running.plane.snapshot()
    yield running
    running.plane.restore(before)


def rewrite_trail(aws, change):
    """`change` gives an event's record as it is to be, or None for none."""
    account, sessions, events, keeping = aws.plane.snapshot()
    kept = [replace(one, record=record) for one in events if (record := change(dict(one.record)))]
    aws.plane.restore((account, sessions, kept, keeping))


def test_a_name_that_a_run_put_out_makes_nothing_ours_where_cloudtrail_does_not_say_who_made_it(aws):
    aws.client("iam", aws.operator).create_role(
        RoleName="contributor", AssumeRolePolicyDocument=trust(FOREIGN)
    )
    rewrite_trail(aws, lambda record: record["eventName"] != "CreateRole" and record)
    trace = only(aws.review(ours=("contributor",)), "aws.role-created")
    assert (trace.subject, trace.severity) == ("contributor", "low")
    assert "anybody may have taken that name" in trace.because
    assert FOREIGN in trace.what


def test_a_name_that_a_run_put_out_hides_nothing_that_the_intruder_made(aws):
    aws.client("iam", aws.leaked).create_role(RoleName="contributor", AssumeRolePolicyDocument=trust(FOREIGN))
    trace = only(aws.review(ours=("contributor",), known=("contributor",)), "aws.role-created")
    assert trace.severity == "critical"


def test_what_a_request_of_ours_made_is_nobodys_trace_whoever_was_signed_in(aws):
    ada = aws.client("iam", aws.plane.add_administrator("ada"))
    aws.plane.backdate(timedelta(days=30))
    made = ada.create_user(UserName="rentagpu-s9")
    assert things(aws.review()) == {("aws.user-created", "", "rentagpu-s9")}
    assert things(aws.review(ours=(made["ResponseMetadata"]["RequestId"],))) == set()


def test_what_was_made_minutes_ago_is_told_with_how_late_cloudtrail_may_be(aws):
    aws.plane.add_user("fresh")
    told = only(aws.review(), "aws.user-created").because
    assert told.endswith("CloudTrail does not say by whom, which it may take 15 minutes to.")
    aws.plane.backdate(timedelta(hours=1))
    assert only(aws.review(), "aws.user-created").because.endswith("CloudTrail does not say by whom.")


def test_an_operator_in_a_roles_session_is_known_by_the_whole_of_their_arn(aws):
    iam = aws.client("iam", aws.operator)
    iam.create_role(RoleName="admin", AssumeRolePolicyDocument=trust(ACCOUNT))
    iam.put_role_policy(RoleName="admin", PolicyName="all", PolicyDocument=EVERYTHING)
    ada = aws.client("iam", aws.plane.add_administrator("ada"))
    aws.plane.backdate(timedelta(days=30))
    arn = f"arn:aws:iam::{ACCOUNT}:role/admin"
    got = aws.client("sts", aws.operator).assume_role(RoleArn=arn, RoleSessionName="ada")["Credentials"]
    key = KeyPair(got["AccessKeyId"], got["SecretAccessKey"])
    environ = {**aws.environ_of(key), "AWS_SESSION_TOKEN": got["SessionToken"]}
    aws._connections[key.access_key_id] = Connections(environ)
    aws.client("iam", got).create_user(UserName="by-us")
    ada.create_user(UserName="by-ada")
    traces = {one.subject: one.severity for one in aws.review(key).traces}
    assert traces == {"by-us": "info", "by-ada": "low"}


def test_a_flood_of_reads_hides_neither_what_was_made_nor_what_only_cloudtrail_tells(aws, monkeypatch):
    monkeypatch.setattr(history, "_MOST_PAGES", 1)
    iam = aws.client("iam", aws.leaked)
    iam.create_user(UserName="ghost")
    iam.put_user_policy(UserName=USER, PolicyName="tmp", PolicyDocument=EVERYTHING)
    session = aws.client("sts", aws.leaked).get_session_token()["Credentials"]["AccessKeyId"]
    for _ in range(51):
        iam.list_users()
    reviewed = aws.review()
    assert things(reviewed) == {
        ("aws.user-created", "", "ghost"),
        ("aws.policy-put", USER, "tmp"),
        ("aws.session-taken", "", session),
    }
    assert only(reviewed, "aws.user-created").severity == "critical"
    assert any("only the newest 50 events" in one for one in reviewed.unread)


def test_a_long_history_is_read_page_by_page_also_of_a_cloudtrail_that_is_busy(aws):
    iam = aws.client("iam", aws.leaked)
    iam.create_user(UserName="ghost")
    for _ in range(60):
        iam.get_user()
    aws.faults.add([read_rule("aws:LookupEvents:429*2")])
    try:
        reviewed = aws.review()
    finally:
        aws.faults.clear()
    assert reviewed.unread == ()
    assert things(reviewed) == {("aws.user-created", "", "ghost")}
    assert ": 60 times from " in only(reviewed, "aws.activity").what


def test_what_was_read_until_cloudtrail_broke_off_is_told(aws, monkeypatch):
    aws.client("iam", aws.leaked).put_user_policy(UserName=USER, PolicyName="tmp", PolicyDocument=EVERYTHING)
    real = history.History._pages

    def breaking_off(self, region, attribute):
        yield from real(self, region, attribute)
        raise DeniedError("aws", "cloudtrail:LookupEvents", "no more")

    monkeypatch.setattr(history.History, "_pages", breaking_off)
    reviewed = aws.review()
    assert things(reviewed) == {("aws.policy-put", USER, "tmp")}
    assert any("no more" in one for one in reviewed.unread)


def test_what_iam_shows_is_tied_to_the_intruder_where_its_key_says_nothing_in_time(aws, monkeypatch):
    aws.client("iam", aws.leaked).create_user(UserName="ghost")
    real = history.History._of_region

    def asked(self, region, attribute):
        return [] if attribute[0] != "ResourceName" else real(self, region, attribute)

    monkeypatch.setattr(history.History, "_of_region", asked)
    assert only(aws.review(), "aws.user-created").severity == "critical"


def test_whoever_of_elsewhere_takes_on_a_role_that_was_opened_to_them_is_followed(aws):
    iam = aws.client("iam", aws.operator)
    iam.create_role(RoleName="reader", AssumeRolePolicyDocument=TRUSTS_NOBODY)
    iam.put_role_policy(RoleName="reader", PolicyName="all", PolicyDocument=EVERYTHING)
    stranger = aws.plane.add_administrator("stranger")
    aws.plane.backdate(timedelta(days=30))
    aws.client("iam", aws.leaked).update_assume_role_policy(RoleName="reader", PolicyDocument=trust(ACCOUNT))
    arn = f"arn:aws:iam::{ACCOUNT}:role/reader"
    got = aws.client("sts", stranger).assume_role(RoleArn=arn, RoleSessionName="evil")["Credentials"]
    aws.client("iam", got).create_user(UserName="ghost")

    def of_elsewhere(record):
        if record["eventName"] != "AssumeRole":
            return record
        account = {"type": "AWSAccount", "accountId": FOREIGN, "principalId": "AIDA", "arn": ""}
        return {**record, "userIdentity": {**account, "accessKeyId": stranger.access_key_id}}

    rewrite_trail(aws, of_elsewhere)
    reviewed = aws.review()
    assert ("aws.session-taken", "reader", got["AccessKeyId"]) in things(reviewed)
    assert only(reviewed, "aws.user-created").severity == "critical"


def test_a_user_of_the_intruders_with_the_name_of_a_role_or_group_hides_nothing_done_to_those(aws):
    ours, theirs = aws.client("iam", aws.operator), aws.client("iam", aws.leaked)
    ours.create_role(RoleName="deployer", AssumeRolePolicyDocument=TRUSTS_NOBODY)
    ours.create_group(GroupName="deployer")
    aws.plane.backdate(timedelta(days=30))
    theirs.create_user(UserName="deployer")
    theirs.put_role_policy(RoleName="deployer", PolicyName="a", PolicyDocument=EVERYTHING)
    theirs.put_group_policy(GroupName="deployer", PolicyName="b", PolicyDocument=EVERYTHING)
    put = {one.subject for one in aws.review().traces if one.kind == "aws.policy-put"}
    assert put == {"a", "b"}


def test_a_session_that_an_honest_key_of_the_same_user_got_is_not_the_intruders(aws):
    honest = aws.plane.add_access_key(USER)
    aws.plane.backdate(timedelta(days=30))
    got = aws.client("sts", honest).get_session_token()["Credentials"]
    aws.client("s3", got).list_buckets()
    assert aws.review().traces == ()


def test_what_cloudtrail_does_not_keep_is_told_once_for_a_limit_and_asked_for_by_nobody(aws):
    aws.client("iam", aws.leaked).create_user(UserName="ghost")
    reviewed = aws.review(since=datetime.now(UTC) - timedelta(days=100))
    (unread,) = reviewed.unread
    assert unread.startswith("what was done more than 90 days ago: CloudTrail shows no more")
    assert reviewed.limited == reviewed.unread
    assert ("aws.user-created", "", "ghost") in things(reviewed)


def test_what_was_deleted_is_told_and_what_the_intruder_deletes_of_its_own_is_only_gone(aws):
    colleague = aws.plane.add_access_key(USER).access_key_id
    aws.plane.backdate(timedelta(days=30))
    iam = aws.client("iam", aws.leaked)
    iam.create_user(UserName="ghost")
    own = iam.create_access_key(UserName="ghost")["AccessKey"]["AccessKeyId"]
    iam.delete_access_key(UserName="ghost", AccessKeyId=own)
    iam.delete_user(UserName="ghost")
    iam.delete_access_key(UserName=USER, AccessKeyId=colleague)
    assert things(aws.review()) == {("aws.identity-deleted", USER, colleague)}


def test_a_policy_of_ones_own_with_the_name_of_a_quarantine_is_not_said_to_be_from_aws(aws):
    iam = aws.client("iam", aws.operator)
    policy = {"PolicyName": "AWSCompromisedKeyQuarantineV9", "PolicyDocument": NOBODY}
    arn = iam.create_policy(**policy)["Policy"]["Arn"]
    iam.attach_user_policy(UserName=USER, PolicyArn=arn)
    assert "aws.quarantined" not in {one.kind for one in aws.review().traces}


def test_a_policy_that_the_intruder_made_is_told_once(aws):
    iam = aws.client("iam", aws.leaked)
    arn = iam.create_policy(PolicyName="all", PolicyDocument=EVERYTHING)["Policy"]["Arn"]
    assert things(aws.review()) == {("aws.policy-changed", "", arn)}
    iam.create_policy_version(PolicyArn=arn, PolicyDocument=NOBODY, SetAsDefault=True)
    reviewed = aws.review()
    assert things(reviewed) == {("aws.policy-changed", "", arn), ("aws.policy-changed", "v2", arn)}
    assert json.dumps([one.undo for one in reviewed.traces]).count("delete-policy-version") == 1


def everything_that_is_asked_for(aws):
    """As an intruder leaves it who wants each of the review's questions to be asked."""
    iam = aws.client("iam", aws.leaked)
    iam.create_open_id_connect_provider(Url="https://evil.invalid", ThumbprintList=["a" * 40])
    iam.create_saml_provider(Name="evil", SAMLMetadataDocument="x" * 1000)
    iam.create_instance_profile(InstanceProfileName="machines")
    iam.upload_ssh_public_key(UserName=USER, SSHPublicKeyBody="ssh-ed25519 AAAA")
    iam.upload_signing_certificate(UserName=USER, CertificateBody=self_signed())
    iam.create_service_specific_credential(UserName=USER, ServiceName="codecommit.amazonaws.com")
    device = iam.create_virtual_mfa_device(VirtualMFADeviceName="x")["VirtualMFADevice"]["SerialNumber"]
    codes = {"AuthenticationCode1": "123456", "AuthenticationCode2": "654321"}
    iam.enable_mfa_device(UserName=USER, SerialNumber=device, **codes)


def test_a_question_that_is_denied_is_told_by_its_name_and_makes_nothing_clean(aws):
    everything_that_is_asked_for(aws)
    asked = [one for one in ReviewAws.permissions if one != "sts:GetCallerIdentity"]
    aws.plane.add_administrator("half-blind")
    key = aws.plane.add_access_key("half-blind")
    aws.plane.backdate(timedelta(days=30))
    left = things(aws.review(key))
    assert len(left) == 7
    for one in asked:
        denial = {"Effect": "Deny", "Action": one, "Resource": "*"}
        aws.plane.put_user_policy("half-blind", "not", {"Version": "2012-10-17", "Statement": [denial]})
        reviewed = aws.review(key)
        assert [why for why in reviewed.unread if one in why], one
        if one != "cloudtrail:LookupEvents":
            assert things(reviewed) == left, one
