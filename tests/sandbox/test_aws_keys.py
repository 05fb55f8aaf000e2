"""Which long-term keys the sandbox's AWS accepts, and what it says to the others."""

from functools import partial

import boto3
import pytest
from aws_clients import BUCKET, refusal
from botocore import UNSIGNED
from botocore.config import Config

from responder.sandbox.aws import KeyPair

pytest_plugins = ("aws_world",)

DEAD = ("InvalidClientTokenId", 403, "The security token included in the request is invalid.")


def test_an_inactive_key_is_refused_until_it_is_active_again(aws):
    user, key = aws.new_user()
    sts = aws.client("sts", key)
    assert sts.get_caller_identity()["Arn"] == f"arn:aws:iam::123456789012:user/{user}"
    aws.iam.update_access_key(UserName=user, AccessKeyId=key.access_key_id, Status="Inactive")
    assert refusal(sts.get_caller_identity) == DEAD
    assert refusal(aws.client("iam", key).get_user) == DEAD
    assert refusal(aws.client("s3", key).list_objects_v2, Bucket=BUCKET)[:2] == ("InvalidAccessKeyId", 403)
    assert [k["status"] for k in aws.user(user)["access_keys"]] == ["Inactive"]
    aws.iam.update_access_key(UserName=user, AccessKeyId=key.access_key_id, Status="Active")
    sts.get_caller_identity()


def test_a_deleted_key_is_refused_on_its_next_request_while_the_operator_passes(aws):
    user, key = aws.new_user()
    sts = aws.client("sts", key)
    sts.get_caller_identity()
    aws.iam.delete_access_key(UserName=user, AccessKeyId=key.access_key_id)
    assert refusal(sts.get_caller_identity) == DEAD
    assert refusal(aws.client("s3", key).list_buckets)[:2] == ("InvalidAccessKeyId", 403)
    assert aws.user(user)["access_keys"] == []
    aws.client("sts", aws.operator).get_caller_identity()


@pytest.mark.parametrize(
    "call", [("sts", "get_caller_identity"), ("iam", "list_users"), ("s3", "list_buckets")]
)
def test_a_right_key_id_with_a_wrong_secret_is_refused(aws, call):
    service, operation = call
    wrong = KeyPair(aws.operator.access_key_id, "x" * 40)
    code, status, _ = refusal(getattr(aws.client(service, wrong), operation))
    assert (code, status) == ("SignatureDoesNotMatch", 403)


def test_a_key_that_never_existed_is_refused(aws):
    stranger = KeyPair("AKIAQQQQQQQQQQQQQQQQ", "x" * 40)
    assert refusal(aws.client("sts", stranger).get_caller_identity) == DEAD


def test_a_long_term_key_with_a_session_token_is_refused(aws):
    key = {"AccessKeyId": aws.operator.access_key_id, "SecretAccessKey": aws.operator.secret_access_key}
    assert refusal(aws.client("sts", key | {"SessionToken": "t"}).get_caller_identity) == DEAD
    assert refusal(aws.client("s3", key | {"SessionToken": "t"}).list_buckets)[:2] == ("InvalidToken", 400)


def test_an_unsigned_request_is_refused(aws):
    def unsigned(service):
        config = Config(signature_version=UNSIGNED, retries={"max_attempts": 0})
        return boto3.client(service, endpoint_url=aws.url, region_name="us-east-1", config=config)

    assert refusal(unsigned("sts").get_caller_identity)[:2] == ("MissingAuthenticationToken", 403)
    assert refusal(unsigned("s3").list_objects_v2, Bucket=BUCKET)[:2] == ("AccessDenied", 403)


def test_a_user_has_at_most_two_keys_and_both_work(aws):
    user, first = aws.new_user()
    made = aws.iam.create_access_key(UserName=user)["AccessKey"]
    for key in (first, KeyPair(made["AccessKeyId"], made["SecretAccessKey"])):
        aws.client("sts", key).get_caller_identity()
    assert refusal(aws.iam.create_access_key, UserName=user)[0] == "LimitExceeded"
    listed = aws.iam.list_access_keys(UserName=user)["AccessKeyMetadata"]
    assert [k["AccessKeyId"] for k in listed] == [first.access_key_id, made["AccessKeyId"]]


def test_last_used_names_the_owner_and_the_latest_use_even_a_refused_one(aws):
    user, key = aws.new_user()
    ask = aws.iam.get_access_key_last_used
    assert ask(AccessKeyId=key.access_key_id)["AccessKeyLastUsed"]["ServiceName"] == "N/A"
    aws.clock.now += 60
    aws.client("sts", key).get_caller_identity()
    used = ask(AccessKeyId=key.access_key_id)
    assert used["UserName"] == user
    assert used["AccessKeyLastUsed"]["ServiceName"] == "sts"
    assert used["AccessKeyLastUsed"]["LastUsedDate"].timestamp() == pytest.approx(aws.clock.now, abs=1)
    aws.clock.now += 60
    refusal(aws.client("s3", key, region="eu-west-1").list_buckets)
    used = ask(AccessKeyId=key.access_key_id)["AccessKeyLastUsed"]
    assert (used["ServiceName"], used["Region"]) == ("s3", "eu-west-1")
    assert used["LastUsedDate"].timestamp() == pytest.approx(aws.clock.now, abs=1)


def test_a_key_may_delete_itself(aws):
    user, key = aws.new_user({"Effect": "Allow", "Action": "iam:*", "Resource": "*"})
    aws.client("iam", key).delete_access_key(AccessKeyId=key.access_key_id)
    assert aws.user(user)["access_keys"] == []


def test_the_secret_stays_out_of_a_key_pairs_repr(aws):
    assert aws.operator.secret_access_key not in repr(aws.operator)


def test_a_user_who_has_anything_is_not_deleted(aws):
    user, key = aws.new_user()
    delete = partial(aws.iam.delete_user, UserName=user)
    aws.iam.create_login_profile(UserName=user, Password="Sommer-2026-x")
    ssh = aws.iam.upload_ssh_public_key(UserName=user, SSHPublicKeyBody="ssh-ed25519 AAAA")["SSHPublicKey"]
    made = aws.iam.create_service_specific_credential(UserName=user, ServiceName="codecommit.amazonaws.com")
    git = made["ServiceSpecificCredential"]["ServiceSpecificCredentialId"]
    listed = aws.iam.list_service_specific_credentials(UserName=user)["ServiceSpecificCredentials"]
    assert [one["ServiceSpecificCredentialId"] for one in listed] == [git]
    for why, remove, what in (
        ("login profile", aws.iam.delete_login_profile, {}),
        ("access keys", aws.iam.delete_access_key, {"AccessKeyId": key.access_key_id}),
        ("referenced objects", aws.iam.delete_ssh_public_key, {"SSHPublicKeyId": ssh["SSHPublicKeyId"]}),
        ("referenced", aws.iam.delete_service_specific_credential, {"ServiceSpecificCredentialId": git}),
        ("policies", aws.iam.delete_user_policy, {"PolicyName": "access"}),
    ):
        code, status, said = refusal(delete)
        assert (code, status) == ("DeleteConflict", 409)
        assert why in said
        remove(UserName=user, **what)
    delete()
