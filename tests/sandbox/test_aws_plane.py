"""S3 in path style, and the plane's own life from start to stop."""

import io
import socket
import time
import urllib.error
import urllib.request

import pytest
from aws_clients import BUCKET, refusal
from botocore.exceptions import EndpointConnectionError

from responder.sandbox.aws import AwsPlane

pytest_plugins = ("aws_world",)


def test_objects_are_put_listed_and_read_with_the_users_key(aws):
    _, key = aws.new_user()
    s3 = aws.client("s3", key)
    s3.put_object(Bucket=BUCKET, Key="runs/a b+ü.txt", Body=b"result")
    assert s3.get_object(Bucket=BUCKET, Key="runs/a b+ü.txt")["Body"].read() == b"result"
    listed = s3.list_objects_v2(Bucket=BUCKET, Prefix="runs/a b+")["Contents"]
    assert [found["Key"] for found in listed] == ["runs/a b+ü.txt"]
    assert s3.head_object(Bucket=BUCKET, Key="runs/a b+ü.txt")["ContentLength"] == 6
    bucket = next(b for b in aws.plane.world()["buckets"] if b["name"] == BUCKET)
    assert "runs/a b+ü.txt" in bucket["objects"]
    assert refusal(s3.delete_object, Bucket=BUCKET, Key="runs/a b+ü.txt")[0] == "AccessDenied"
    assert refusal(s3.list_buckets)[0] == "AccessDenied"
    assert [b["Name"] for b in aws.client("s3", aws.operator).list_buckets()["Buckets"]] == [BUCKET]


def test_a_large_upload_in_parts_works(aws):
    _, key = aws.new_user()
    s3 = aws.client("s3", key)
    s3.upload_fileobj(io.BytesIO(b"x" * (9 << 20)), BUCKET, "large")
    assert s3.head_object(Bucket=BUCKET, Key="large")["ContentLength"] == 9 << 20


def test_a_missing_object_is_missing_and_not_forbidden(aws):
    _, key = aws.new_user()
    assert refusal(aws.client("s3", key).get_object, Bucket=BUCKET, Key="nothing")[:2] == ("NoSuchKey", 404)


def test_a_presigned_url_works_until_it_expires_or_its_key_is_inactive(aws):
    user, key = aws.new_user()
    aws.client("s3", key).put_object(Bucket=BUCKET, Key="shared", Body=b"shared")
    url = aws.client("s3", key, signature_version="s3v4").generate_presigned_url(
        "get_object", Params={"Bucket": BUCKET, "Key": "shared"}, ExpiresIn=600
    )
    aws.clock.now, kept = time.time(), aws.clock.now
    assert fetched(url) == (200, b"shared")
    assert fetched(url.replace("shared", "other"))[0] == 403
    aws.clock.now += 3600
    assert fetched(url)[0] == 403
    aws.clock.now = time.time()
    aws.iam.update_access_key(UserName=user, AccessKeyId=key.access_key_id, Status="Inactive")
    status, body = fetched(url)
    assert (status, b"InvalidAccessKeyId" in body) == (403, True)
    aws.clock.now = kept


def fetched(url):
    try:
        with urllib.request.urlopen(url) as answer:  # noqa: S310 - the sandbox's own URL
            return answer.status, answer.read()
    except urllib.error.HTTPError as refused:
        return refused.code, refused.read()


def test_a_body_that_was_changed_on_the_way_is_refused(aws):
    def tamper(request, **_):
        body = request.body.read() if hasattr(request.body, "read") else request.body
        request.body = (body.encode() if isinstance(body, str) else body).replace(b"ListUsers", b"ListRoles")

    s3, iam = aws.client("s3", aws.operator), aws.client("iam", aws.operator)
    for client in (s3, iam):
        client.meta.events.register("before-send.*", tamper)
    assert refusal(s3.put_object, Bucket=BUCKET, Key="k", Body=b"ListUsers")[0] == "XAmzContentSHA256Mismatch"
    assert refusal(iam.list_users)[0] == "SignatureDoesNotMatch"


def test_what_the_sandbox_does_not_have_is_never_mistaken_for_a_refusal(aws):
    assert refusal(aws.client("sts", aws.operator).decode_authorization_message, EncodedMessage="m")[1] == 501
    assert refusal(aws.client("cloudtrail", aws.operator).list_trails)[1] == 501
    assert refusal(aws.iam.get_organizations_access_report, JobId="0" * 36)[1] == 501


def test_a_client_that_stalls_in_mid_request_keeps_nobody_waiting(aws):
    host, _, port = aws.url.removeprefix("http://").partition(":")
    with socket.create_connection((host, int(port))) as stalled:
        stalled.sendall(b"PUT /bucket/key HTTP/1.1\r\nHost: stalled\r\nContent-Length: 10\r\n\r\nhalf")
        client = aws.client("sts", aws.operator, read_timeout=60)
        assert client.get_caller_identity()["Account"] == "123456789012"


def test_it_listens_on_loopback_only_and_says_when_a_port_is_taken():
    plane = AwsPlane(account="210987654321")
    url = plane.start()
    port = int(url.rpartition(":")[2])
    assert url == f"http://127.0.0.1:{port}"
    with pytest.raises(OSError, match="in use"):
        AwsPlane(account="210987654322").start(port)
    with pytest.raises(OSError, match="refused"):
        socket.create_connection(("127.0.0.2", port), timeout=60).close()
    plane.stop()


def test_a_stopped_plane_is_unreachable_and_leaves_nothing_behind(aws):
    plane = AwsPlane(account="210987654321")
    url = plane.start()
    port = int(url.rpartition(":")[2])
    key = plane.add_administrator("respond-operator")
    plane.add_bucket("elsewhere")
    other = type(aws)(plane, url, key, aws.clock)
    sts = other.client("sts", key)
    session = sts.get_session_token()["Credentials"]
    assert sts.get_caller_identity()["Account"] == "210987654321"
    assert refusal(aws.client("sts", key).get_caller_identity)[0] == "InvalidClientTokenId"
    plane.stop()
    plane.stop()
    with pytest.raises(EndpointConnectionError):
        sts.get_caller_identity()
    plane.start(port)
    assert refusal(sts.get_caller_identity)[0] == "InvalidClientTokenId"
    assert refusal(other.client("sts", session).get_caller_identity)[0] == "InvalidClientTokenId"
    plane.add_bucket("elsewhere")
    assert [b["name"] for b in plane.world()["buckets"]] == ["elsewhere"]
    assert plane.world()["users"] == plane.world()["sessions"] == []
    plane.stop()


def test_a_snapshot_brings_back_users_keys_buckets_and_sessions(aws):
    plane = AwsPlane(account="210987654321")
    other = type(aws)(plane, plane.start(), plane.add_administrator("respond-operator"), aws.clock)
    plane.add_bucket("kept")
    user, key = other.new_user()
    session = plane.add_session(key)
    before, seen = plane.snapshot(), plane.world()
    other.iam.delete_access_key(UserName=user, AccessKeyId=key.access_key_id)
    other.deny(user)
    other.client("s3", other.operator).create_bucket(Bucket="made-later")
    for _ in range(2):
        plane.restore(before)
        assert plane.world() == seen
        answer = other.client("sts", key).get_caller_identity()
        assert answer["Arn"].endswith(f":user/{user}")
        other.iam.create_access_key(UserName=user)
    assert [s["access_key_id"] for s in plane.world()["sessions"]] == [session.key_id]
    plane.stop()
