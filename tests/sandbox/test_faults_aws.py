"""Bad weather at AWS, and what boto3 makes of it."""

import errno
import json
import socket
import time

import pytest
from aws_clients import BUCKET, AwsWorld, Clock, refusal
from botocore.exceptions import ClientError, ConnectionClosedError, EndpointConnectionError, ReadTimeoutError

from responder.sandbox.aws import AwsPlane
from responder.sandbox.faults import Faults, read_rule

pytest_plugins = ("aws_world",)

DEAD = "InvalidClientTokenId"


def keys(aws, user):
    return [key["access_key_id"] for key in aws.user(user)["access_keys"]]


@pytest.mark.parametrize(
    ("kind", "iam", "s3"),
    [
        ("500", ("InternalFailure", 500), ("InternalError", 500)),
        ("502", ("502", 502), ("502", 502)),
        ("503", ("ServiceUnavailable", 503), ("ServiceUnavailable", 503)),
        ("504", ("504", 504), ("504", 504)),
        ("429", ("Throttling", 400), ("SlowDown", 503)),
    ],
)
def test_an_error_is_in_the_services_own_words_and_nothing_is_done(aws, weather, kind, iam, s3):
    user, _ = aws.new_user()
    weather(f"aws:{kind}*2")
    assert refusal(aws.iam.create_access_key, UserName=user)[:2] == iam
    assert refusal(aws.client("s3", aws.operator).create_bucket, Bucket="never")[:2] == s3
    assert len(keys(aws, user)) == 1
    assert [bucket["name"] for bucket in aws.plane.world()["buckets"]] == [BUCKET]
    aws.iam.create_access_key(UserName=user)
    assert len(keys(aws, user)) == 2


def test_throttling_says_how_long_to_wait(aws, weather):
    weather("aws:429=2*1")
    with pytest.raises(ClientError) as throttled:
        aws.iam.get_user()
    assert throttled.value.response["ResponseMetadata"]["HTTPHeaders"]["retry-after"] == "2"


def test_an_operations_fault_leaves_all_others_alone(aws, weather, faults):
    user, key = aws.new_user()
    weather("aws:CreateAccessKey:500", "aws:PutObject:503")
    aws.iam.list_access_keys(UserName=user)
    s3 = aws.client("s3", key)
    s3.list_objects_v2(Bucket=BUCKET)
    assert refusal(s3.put_object, Bucket=BUCKET, Key="a", Body=b"a")[1] == 503
    assert refusal(aws.iam.create_access_key, UserName=user)[1] == 500
    assert [rule["happened"] for rule in faults.world()] == [1, 1]


def test_a_reset_comes_before_anything_is_done(aws, weather):
    user, _ = aws.new_user()
    weather("aws:reset*1")
    with pytest.raises(ConnectionClosedError):
        aws.iam.create_access_key(UserName=user)
    assert len(keys(aws, user)) == 1
    aws.iam.create_access_key(UserName=user)


def test_a_lost_reply_is_to_a_request_that_took_effect(aws, weather):
    user, _ = aws.new_user()
    weather("aws:CreateAccessKey:lost-reply*1")
    with pytest.raises(ConnectionClosedError):
        aws.iam.create_access_key(UserName=user)
    listed = aws.iam.list_access_keys(UserName=user)["AccessKeyMetadata"]
    assert [key["AccessKeyId"] for key in listed] == keys(aws, user)
    assert len(listed) == 2


@pytest.mark.parametrize("kind", ["reset", "lost-reply"])
def test_a_reset_is_one_of_tcp_and_not_an_orderly_end(aws, weather, kind):
    weather(f"aws:{kind}*1")
    host, port = aws.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=5) as connection:
        connection.sendall(b"GET / HTTP/1.1\r\nHost: sandbox\r\n\r\n")
        with pytest.raises(ConnectionResetError):
            connection.recv(1)


def test_a_stalled_request_has_taken_effect_when_the_client_gives_up(aws, weather):
    user, _ = aws.new_user()
    weather("aws:stall=0.5*1")
    impatient = aws.client("iam", aws.operator, read_timeout=0.1)
    with pytest.raises(ReadTimeoutError):
        impatient.create_access_key(UserName=user)
    assert len(keys(aws, user)) == 2


def test_a_stalled_answer_comes_in_the_end(aws, weather):
    weather("aws:stall=0.2*1")
    start = time.monotonic()
    aws.iam.get_user()
    assert time.monotonic() - start >= 0.2


def test_a_slow_body_outlasts_a_read_timeout_that_starts_anew_with_every_byte(aws, weather):
    weather("aws:slow-body=0.6*1")
    start = time.monotonic()
    answer = aws.client("sts", aws.operator, read_timeout=0.4).get_caller_identity()
    assert time.monotonic() - start >= 0.6
    assert answer["Arn"].endswith("user/respond-operator")


def test_a_service_that_is_down_refuses_connections_keeps_its_port_and_comes_up_again(aws, weather, faults):
    sts = aws.client("sts", aws.operator)
    sts.get_caller_identity()
    weather("aws:down")
    with pytest.raises(EndpointConnectionError):
        sts.get_caller_identity()
    with socket.socket() as other, pytest.raises(OSError, match="in use") as taken:
        other.bind(("127.0.0.1", int(aws.url.rpartition(":")[2])))
    assert taken.value.errno == errno.EADDRINUSE
    weather("aws:503*1")
    faults.clear()
    sts.get_caller_identity()


def test_a_plane_that_is_down_stops_like_any_other():
    faults = Faults([read_rule("aws:down")])
    plane = AwsPlane(account="310987654321", faults=faults)
    port = int(plane.start().rpartition(":")[2])
    plane.stop()
    with socket.create_server(("127.0.0.1", port)):
        faults.clear()


def test_latency_delays_every_answer():
    plane = AwsPlane(account="410987654321", faults=Faults(latency=0.1))
    aws = AwsWorld(plane, plane.start(), plane.add_administrator("op"), Clock(time.time()))
    start = time.monotonic()
    aws.client("sts", aws.operator).get_caller_identity()
    first = time.monotonic() - start
    with pytest.raises(ClientError):
        aws.iam.get_user(UserName="nobody")
    plane.stop()
    assert first >= 0.1
    assert time.monotonic() - start >= 0.2


def test_a_new_key_is_refused_for_its_first_seconds_and_a_seeded_one_never(aws, weather):
    weather("aws:new-keys=5")
    user, seeded = aws.new_user()
    made = aws.iam.create_access_key(UserName=user)["AccessKey"]
    sts = aws.client("sts", made)
    aws.clock.now += 4.9
    assert refusal(sts.get_caller_identity)[0] == DEAD
    aws.client("sts", seeded).get_caller_identity()
    aws.clock.now += 0.2
    sts.get_caller_identity()


@pytest.mark.parametrize("end", ["deactivated", "deleted"])
def test_an_old_key_is_accepted_for_a_while_after_its_end(aws, weather, end):
    weather("aws:old-keys=4")
    user, key = aws.new_user()
    naming = {"UserName": user, "AccessKeyId": key.access_key_id}
    if end == "deactivated":
        aws.iam.update_access_key(**naming, Status="Inactive")
    else:
        aws.iam.delete_access_key(**naming)
    sts, s3 = aws.client("sts", key), aws.client("s3", key)
    aws.clock.now += 3.9
    sts.get_caller_identity()
    s3.list_objects_v2(Bucket=BUCKET)
    aws.clock.now += 0.2
    assert refusal(sts.get_caller_identity)[0] == DEAD
    assert refusal(s3.list_objects_v2, Bucket=BUCKET)[0] == "InvalidAccessKeyId"


def test_a_deleted_key_dies_with_its_user_whatever_is_late(aws, weather):
    weather("aws:old-keys=4")
    user, key = aws.new_user()
    aws.iam.delete_access_key(UserName=user, AccessKeyId=key.access_key_id)
    aws.iam.delete_user_policy(UserName=user, PolicyName="access")
    aws.iam.delete_user(UserName=user)
    assert refusal(aws.client("sts", key).get_caller_identity)[0] == DEAD


def test_a_policys_change_takes_effect_late_for_the_key_and_for_its_sessions(aws, weather):
    weather("aws:policies=4")
    user, key = aws.new_user()
    session = aws.plane.add_session(key)
    temporary = {
        "AccessKeyId": session.key_id,
        "SecretAccessKey": session.secret,
        "SessionToken": session.token,
    }
    clients = [aws.client("s3", key), aws.client("s3", temporary)]
    aws.deny(user)
    aws.clock.now += 2
    aws.iam.delete_user_policy(UserName=user, PolicyName="contain")
    aws.clock.now += 1.9
    for s3 in clients:
        s3.list_objects_v2(Bucket=BUCKET)
    aws.clock.now += 0.2
    for s3 in clients:
        assert refusal(s3.list_objects_v2, Bucket=BUCKET)[0] == "AccessDenied"
    aws.clock.now += 2
    for s3 in clients:
        s3.list_objects_v2(Bucket=BUCKET)


def test_a_roles_policy_is_late_too(aws, weather):
    weather("aws:policies=4")
    trust = {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}
    role = aws.iam.create_role(RoleName="reader", AssumeRolePolicyDocument=json.dumps({"Statement": [trust]}))
    allow = {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}],
    }
    aws.iam.put_role_policy(RoleName="reader", PolicyName="all", PolicyDocument=json.dumps(allow))
    sts = aws.client("sts", aws.operator)
    session = sts.assume_role(RoleArn=role["Role"]["Arn"], RoleSessionName="me")["Credentials"]
    s3 = aws.client("s3", session)
    assert refusal(s3.list_objects_v2, Bucket=BUCKET)[0] == "AccessDenied"
    aws.clock.now += 4.1
    s3.list_objects_v2(Bucket=BUCKET)
