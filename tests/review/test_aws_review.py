"""What a review of an AWS account tells: all that was done with what leaked, and nothing that nobody did."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from aws_company import NOBODY, USER, company, only, things, trust
from botocore.exceptions import ClientError

from responder.found import Found, Kind
from responder.providers.aws.connection import AwsConnection
from responder.providers.aws.following import MOST_KEYS
from responder.providers.aws.history import History
from responder.providers.aws.identify import identify
from responder.providers.aws.telling import OUTLIVES
from responder.questions import Questions
from responder.sandbox.attack import aws as attack
from responder.secret import Secret

FOREIGN = "999988887777"


@pytest.fixture(scope="module")
def running():
    with company("555555555555") as opened:
        yield opened


@pytest.fixture
def aws(running):
    """As it was at the start, after each test."""
    before = running.plane.snapshot()
    yield running
    running.plane.restore(before)


def test_all_that_the_intruder_left_is_found_and_nothing_else(aws):
    left = [one for deed in attack.DEEDS for one in deed(aws.loot())]
    reviewed = aws.review()
    assert len(left) >= 5
    assert things(reviewed) == {(one.kind, one.of, one.subject) for one in left}
    assert reviewed.unread == ()


def test_where_nobody_did_anything_there_is_nothing_to_look_at(aws):
    reviewed = aws.review()
    assert (things(reviewed), reviewed.unread) == (set(), ())


def test_what_respond_itself_does_is_nobodys_trace(aws):
    text = Found(
        kind=Kind.AWS_ACCESS_KEY,
        identifier=aws.leaked.access_key_id,
        secret=Secret(aws.leaked.secret_access_key),
    )
    leaked = identify(aws.connections(aws.operator), text)
    iam = aws.client("iam", aws.operator)
    iam.put_user_policy(UserName=USER, PolicyName="respond-deny-sessions", PolicyDocument=NOBODY)
    fresh = iam.create_access_key(UserName=USER)["AccessKey"]["AccessKeyId"]
    assert things(aws.review(ours=(fresh, leaked.session_id, None))) == set()
    assert things(aws.review(ours=(fresh,))) == {("aws.session-taken", "", leaked.session_id)}


def test_a_leaked_key_that_an_earlier_run_had_made_is_followed_as_any_other(aws):
    left = [one for deed in attack.DEEDS for one in deed(aws.loot())]
    reviewed = aws.review(ours=(aws.leaked.access_key_id,))
    assert things(reviewed) == {(one.kind, one.of, one.subject) for one in left}


def test_a_key_beside_the_leaked_one_that_nobody_is_known_to_have_made_is_grave(aws):
    key = aws.plane.add_access_key(USER).access_key_id
    trace = only(aws.review(), "aws.key-created")
    assert (trace.subject, trace.severity) == (key, "high")
    assert "nothing says that one of you made it" in trace.because


def test_what_others_made_meanwhile_is_told_with_who_and_weighs_little(aws):
    colleague = aws.plane.add_administrator("ada")
    aws.plane.backdate(timedelta(days=30))
    aws.client("iam", colleague).create_user(UserName="intern")
    aws.client("iam", aws.operator).create_user(UserName="by-us")
    traces = {one.subject: one for one in aws.review(known=("rentagpu-s3",)).traces}
    assert (traces["intern"].severity, "ada with AKIA" in traces["intern"].by) == ("low", True)
    assert traces["by-us"].severity == "info"


def test_what_the_inventory_knows_is_only_told_where_cloudtrail_says_who_made_it(aws):
    colleague = aws.plane.add_administrator("ada")
    aws.plane.backdate(timedelta(days=30))
    aws.client("iam", colleague).create_user(UserName="rentagpu-s4")
    assert only(aws.review(), "aws.user-created").severity == "low"
    assert only(aws.review(known=("rentagpu-s4",)), "aws.user-created").severity == "info"


def test_a_chain_is_followed_from_key_to_session_to_role_to_whatever_that_did(aws):
    iam = aws.client("iam", aws.operator)
    iam.create_role(RoleName="deployer", AssumeRolePolicyDocument=trust("555555555555"))
    aws.plane.put_user_policy(USER, "assume", allowed("sts:AssumeRole"))
    role = "arn:aws:iam::555555555555:role/deployer"
    everything = json.dumps(allowed("iam:*"))
    iam.put_role_policy(RoleName="deployer", PolicyName="x", PolicyDocument=everything)
    session = aws.client("sts", aws.leaked, "sa-east-1").assume_role(RoleArn=role, RoleSessionName="evil")
    taken = session["Credentials"]
    aws.client("iam", taken).create_user(UserName="ghost")
    reviewed = aws.review()
    found = {one.thing: one for one in reviewed.traces}
    assert found["aws.session-taken", "deployer", taken["AccessKeyId"]].severity == "critical"
    assert "deployer" in found["aws.session-taken", "deployer", taken["AccessKeyId"]].undo
    assert found["aws.user-created", "", "ghost"].severity == "critical"


def test_of_many_keys_no_more_is_asked_than_of_one_and_what_they_changed_is_found_all_the_same(
    aws, monkeypatch
):
    asked = []
    pages = History._pages
    monkeypatch.setattr(
        History, "_pages", lambda self, region, what: asked.append(what) or pages(self, region, what)
    )
    left = [one for deed in attack.DEEDS for one in deed(aws.loot())]
    others = tuple(f"AKIA{number:016}" for number in range(MOST_KEYS))
    reviewed = aws.review(leaked=(aws.leaked.access_key_id, *others, "ak-of-modal"), user="")
    assert {(one.kind, one.of, one.subject) for one in left} <= things(reviewed)
    assert not [one for one in asked if one[1] in others], "not key by key"
    looked_for = f"of {MOST_KEYS + 1} keys only what changed something, and sessions, were looked for"
    assert reviewed.unread == (f"what was only read at AWS: {looked_for}",)


def test_a_chain_is_followed_however_long_it_is(aws):
    key = aws.leaked
    for name in (names := [f"ghost-{number}" for number in range(6)]):
        iam = aws.client("iam", key)
        iam.create_user(UserName=name)
        iam.put_user_policy(UserName=name, PolicyName="x", PolicyDocument=json.dumps(allowed("*")))
        key = iam.create_access_key(UserName=name)["AccessKey"]
    reviewed = aws.review()
    made = {one.subject for one in reviewed.traces if one.because == OUTLIVES}
    assert {*names} <= made
    assert reviewed.unread == ()


def test_what_there_was_no_time_to_look_for_is_told_by_number_and_name(aws):
    questions = Questions(0)
    history = History(
        aws.connections(aws.operator).get(AwsConnection),
        ["eu-west-1", "us-east-1"],
        datetime.now(UTC),
        datetime.now(UTC),
        questions,
    )
    assert history.look_up([("Username", f"ghost-{number:02}") for number in range(25)]) == []
    assert history.missed(("Username", "ghost-24"))
    history.tell_unread()
    (unread,) = questions.unread
    assert unread.startswith("25 names in CloudTrail: no time was left to look for ghost-00, ghost-01, ")
    assert unread.endswith("ghost-19 and 5 more in all 2 regions")


def test_a_region_that_fails_while_it_is_told_what_was_not_read_breaks_nothing(aws, monkeypatch):
    questions = Questions(0)
    connection = aws.connections(aws.operator).get(AwsConnection)
    now = datetime.now(UTC)
    history = History(connection, ["eu-west-1", "us-east-1"], now, now, questions)
    history._failed["AccessDenied"] = {"eu-west-1"}

    def late(_, regions):
        history._failed["no answer"] = {"us-east-1"}
        return " and ".join(regions)

    monkeypatch.setattr(History, "_worded_regions", late)
    history.tell_unread()
    assert questions.unread == ("CloudTrail in eu-west-1: AccessDenied",)


def test_a_known_role_that_was_opened_to_another_account_is_told_with_whom(aws):
    iam = aws.client("iam", aws.operator)
    iam.create_role(RoleName="reader", AssumeRolePolicyDocument=NOBODY.replace("Resource", "Principal"))
    aws.plane.backdate(timedelta(days=30))
    aws.client("iam", aws.leaked).update_assume_role_policy(RoleName="reader", PolicyDocument=trust(FOREIGN))
    trace = only(aws.review(), "aws.trust-changed")
    assert (trace.subject, trace.severity) == ("reader", "critical")
    assert FOREIGN in trace.what


def test_a_second_factor_that_was_taken_away_is_told(aws):
    iam = aws.client("iam", aws.operator)
    device = iam.create_virtual_mfa_device(VirtualMFADeviceName="ada")["VirtualMFADevice"]["SerialNumber"]
    iam.enable_mfa_device(
        UserName=USER, SerialNumber=device, AuthenticationCode1="123456", AuthenticationCode2="654321"
    )
    aws.client("iam", aws.leaked).deactivate_mfa_device(UserName=USER, SerialNumber=device)
    trace = only(aws.review(), "aws.mfa-removed")
    assert (trace.subject, trace.of) == (device, USER)


def test_what_left_nothing_is_grouped_with_how_often_and_where_from(aws):
    iam, far = aws.client("iam", aws.leaked), aws.client("s3", aws.leaked, "eu-west-3")
    for _ in range(3):
        iam.list_users()
    with pytest.raises(ClientError):
        far.get_bucket_policy(Bucket="rentagpu-artifacts")
    told = {one.subject: one for one in aws.review().traces if one.kind == "aws.activity"}
    assert told["iam:ListUsers"].what.startswith("iam:ListUsers in us-east-1 from 127.0.0.1: 3 times from ")
    assert told["iam:ListUsers"].severity == "info"
    assert "refused (AccessDenied)" in told["s3:GetBucketPolicy"].what
    assert "eu-west-3" in told["s3:GetBucketPolicy"].what
    assert told["s3:GetBucketPolicy"].severity == "low"


def test_the_quarantine_of_aws_is_told_as_a_sign_that_others_found_the_key(aws):
    aws.plane.quarantine(USER)
    trace = only(aws.review(), "aws.quarantined")
    assert (trace.subject, trace.of) == ("AWSCompromisedKeyQuarantineV3", USER)
    assert "detach-user-policy" in trace.undo


def test_what_is_gone_by_now_is_only_told_and_is_new_as_such(aws):
    made = aws.client("iam", aws.leaked)
    made.create_user(UserName="ghost")
    was = only(aws.review(), "aws.user-created")
    made.delete_user(UserName="ghost")
    now = only(aws.review(), "aws.user-created")
    assert (was.severity, now.severity, now.undo, now.remove_with) == ("critical", "info", "", "")
    assert was.thing == now.thing
    assert was.key != now.key


def test_nothing_of_before_the_exposure_is_told(aws):
    aws.client("iam", aws.leaked).create_user(UserName="ghost")
    assert things(aws.review(since=datetime.now(UTC) + timedelta(minutes=1))) == set()


def test_no_session_token_and_no_control_character_is_in_a_trace(aws):
    session = aws.client("sts", aws.leaked, agent="evil\x1b[2J/1")
    token = session.get_session_token()["Credentials"]["SessionToken"]
    said = repr(aws.review().traces)
    assert "evil" in said
    assert token not in said
    assert "\\x1b" not in said


def test_what_may_not_be_read_is_told_once_and_what_may_be_is_found_all_the_same(aws):
    aws.plane.add_user("half-blind", allowed("iam:*", "sts:*", "ec2:DescribeRegions"))
    key = aws.plane.add_access_key("half-blind")
    aws.plane.backdate(timedelta(days=30))
    aws.plane.add_access_key(USER)
    reviewed = aws.review(key)
    (unread,) = reviewed.unread
    assert unread.startswith("CloudTrail in all 17 regions: ")
    assert "cloudtrail:LookupEvents" in unread
    assert only(reviewed, "aws.key-created").of == USER


def test_without_the_list_of_regions_it_says_that_only_one_was_looked_at(aws):
    aws.plane.add_user("no-regions", allowed("iam:*", "sts:*", "cloudtrail:LookupEvents"))
    key = aws.plane.add_access_key("no-regions")
    (unread,) = aws.review(key).unread
    assert unread.startswith("which regions are on, so that us-east-1 alone was looked at: ")


def allowed(*actions):
    statement = {"Effect": "Allow", "Action": list(actions), "Resource": "*"}
    return {"Version": "2012-10-17", "Statement": [statement]}
