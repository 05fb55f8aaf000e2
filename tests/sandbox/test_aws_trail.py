"""CloudTrail in the sandbox: what LookupEvents of the real one would show of the same requests."""

import json

import pytest
from aws_clients import AwsWorld, Clock
from botocore.exceptions import ClientError

from responder.sandbox.aws import AwsPlane

EVERYTHING = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "iam:*", "Resource": "*"}]}


@pytest.fixture(scope="module")
def account():
    """A user who looked, made another, took a session far away, and was refused something."""
    clock = Clock()
    plane = AwsPlane(clock, account="222222222222")
    try:
        world = AwsWorld(plane, plane.start(), plane.add_administrator("operator"), clock)
        plane.add_user("ada", EVERYTHING)
        key = plane.add_access_key("ada")
        iam = world.client("iam", key)
        iam.list_users()
        iam.create_user(UserName="bob")
        iam.create_login_profile(UserName="bob", Password="hunter2-Hunter2")
        session = world.client("sts", key, region="eu-north-1").get_session_token()["Credentials"]
        with pytest.raises(ClientError):
            world.client("s3", key).list_buckets()
        with pytest.raises(ClientError):
            iam.get_user(UserName="nobody")
        yield world, key, session
    finally:
        plane.stop()


@pytest.fixture
def lookup(account):
    world = account[0]

    def look(region="us-east-1", attribute=None, **options):
        if attribute:
            key, value = attribute
            options["LookupAttributes"] = [{"AttributeKey": key, "AttributeValue": value}]
        return world.client("cloudtrail", world.operator, region=region).lookup_events(**options)

    return look


def names(answer):
    return [event["EventName"] for event in answer["Events"]]


def test_every_request_of_a_key_is_found_the_newest_first(account, lookup):
    found = lookup(attribute=("AccessKeyId", account[1].access_key_id))
    expected = ["GetUser", "ListBuckets", "CreateLoginProfile", "CreateUser", "ListUsers"]
    assert names(found) == expected
    assert {event["Username"] for event in found["Events"]} == {"ada"}


def test_a_record_has_who_where_what_and_how_it_was_answered(account, lookup):
    (found,) = lookup(attribute=("EventName", "CreateUser"))["Events"]
    record = json.loads(found["CloudTrailEvent"])
    assert record["userIdentity"]["accessKeyId"] == account[1].access_key_id
    assert record["userIdentity"]["userName"] == "ada"
    assert record["sourceIPAddress"] == "127.0.0.1"
    assert "Boto3" in record["userAgent"]
    assert record["requestParameters"] == {"userName": "bob"}
    assert record["responseElements"]["user"]["userName"] == "bob"
    assert (record["readOnly"], "errorCode" in record) == (False, False)
    assert found["EventTime"].timestamp() == int(account[0].clock())


@pytest.mark.parametrize(("event", "code"), [("ListBuckets", "AccessDenied"), ("GetUser", "NoSuchEntity")])
def test_what_was_refused_is_there_with_its_code(lookup, event, code):
    (found,) = lookup(attribute=("EventName", event))["Events"]
    assert json.loads(found["CloudTrailEvent"])["errorCode"] == code


def test_a_session_is_named_where_it_was_taken_and_its_requests_with_it(account, lookup):
    (taken,) = lookup(region="eu-north-1")["Events"]
    record = json.loads(taken["CloudTrailEvent"])
    assert record["responseElements"]["credentials"]["accessKeyId"] == account[2]["AccessKeyId"]
    assert names(lookup(attribute=("EventName", "GetSessionToken"))) == []


def test_no_password_and_no_secret_key_is_in_the_record(account):
    said = json.dumps([event.record for event in account[0].plane._trail.all()])
    assert "hunter2" not in said
    assert account[2]["SecretAccessKey"] not in said


def test_the_attributes_select_and_pages_follow_one_another(account, lookup):
    assert "ListUsers" not in names(lookup(attribute=("ReadOnly", "false")))
    assert set(names(lookup(attribute=("ResourceName", "bob")))) == {"CreateUser", "CreateLoginProfile"}
    assert names(lookup(attribute=("Username", "nobody"))) == []
    first = lookup(attribute=("Username", "ada"), MaxResults=2)
    second = lookup(attribute=("Username", "ada"), MaxResults=2, NextToken=first["NextToken"])
    assert names(first) + names(second) == ["GetUser", "ListBuckets", "CreateLoginProfile", "CreateUser"]
    assert names(lookup(attribute=("Username", "ada"), StartTime=account[0].clock() + 60)) == []


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        ({"MaxResults": 51}, "InvalidMaxResultsException"),
        ({"LookupAttributes": [{"AttributeKey": "EventName", "AttributeValue": "x"}] * 2}, "InvalidLookup"),
        ({"StartTime": 2e9, "EndTime": 1e9}, "InvalidTimeRangeException"),
    ],
)
def test_what_the_service_does_not_take_is_refused_in_its_words(lookup, asked, code):
    with pytest.raises(ClientError, match=code):
        lookup(**asked)


def test_who_may_not_look_is_told_so_as_by_a_service_with_json(account):
    world, key, _ = account
    with pytest.raises(ClientError, match="AccessDeniedException"):
        world.client("cloudtrail", key).lookup_events()
    with pytest.raises(ClientError, match="UnauthorizedOperation"):
        world.client("ec2", key).describe_regions()
