"""Temporary credentials: what they may do, and what stops them."""

import json
from datetime import UTC, datetime

import pytest
from aws_clients import BUCKET, refusal

pytest_plugins = ("aws_world",)

TRUST_ACCOUNT = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": {"AWS": "arn:aws:iam::123456789012:root"},
            "Action": "sts:AssumeRole",
        }
    ],
}
MAY_FEDERATE = [
    {"Effect": "Allow", "Action": ["sts:GetFederationToken", "sts:AssumeRole"], "Resource": "*"},
    {"Effect": "Allow", "Action": "s3:*", "Resource": "*"},
]
READ_ONLY = json.dumps(
    {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:ListBucket", "Resource": "*"}]}
)


def older_than(clock):
    return {"DateLessThan": {"aws:TokenIssueTime": datetime.fromtimestamp(clock.now, UTC).isoformat()}}


def session_of(aws, key, **options):
    return aws.client("sts", key).get_session_token(**options)["Credentials"]


@pytest.fixture
def role(aws):
    """One that everybody in the account may assume and that may list buckets."""
    name = "deployer"
    aws.iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(TRUST_ACCOUNT))
    allow = {"Effect": "Allow", "Action": ["s3:*", "iam:ListUsers"], "Resource": "*"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [allow]})
    aws.iam.put_role_policy(RoleName=name, PolicyName="access", PolicyDocument=document)
    yield f"arn:aws:iam::123456789012:role/{name}"
    aws.iam.delete_role_policy(RoleName=name, PolicyName="access")
    aws.iam.delete_role(RoleName=name)


def test_a_session_outlives_the_deactivation_and_the_deletion_of_its_key(aws):
    user, key = aws.new_user()
    session = session_of(aws, key)
    s3 = aws.client("s3", session)
    aws.iam.update_access_key(UserName=user, AccessKeyId=key.access_key_id, Status="Inactive")
    s3.list_objects_v2(Bucket=BUCKET)
    aws.iam.delete_access_key(UserName=user, AccessKeyId=key.access_key_id)
    s3.list_objects_v2(Bucket=BUCKET)
    assert aws.client("sts", session).get_caller_identity()["Arn"] == f"arn:aws:iam::123456789012:user/{user}"
    issued = [s for s in aws.plane.world()["sessions"] if s["access_key_id"] == session["AccessKeyId"]]
    assert [(s["parent_access_key_id"], s["owner"]) for s in issued] == [(key.access_key_id, user)]


def test_a_session_that_an_intruder_got_beforehand_works_after_its_key_is_gone(aws):
    user, key = aws.new_user()
    session = aws.plane.add_session(key)
    aws.iam.delete_access_key(UserName=user, AccessKeyId=key.access_key_id)
    intruder = {
        "AccessKeyId": session.key_id,
        "SecretAccessKey": session.secret,
        "SessionToken": session.token,
    }
    aws.client("s3", intruder).list_objects_v2(Bucket=BUCKET)
    with pytest.raises(KeyError):
        aws.plane.add_session(key)


def test_a_session_ends_when_it_expires(aws):
    _, key = aws.new_user()
    session = session_of(aws, key, DurationSeconds=900)
    assert session["Expiration"].timestamp() == int(aws.clock.now) + 900
    aws.clock.now += 899
    aws.client("s3", session).list_objects_v2(Bucket=BUCKET)
    aws.clock.now += 1
    assert refusal(aws.client("s3", session).list_objects_v2, Bucket=BUCKET)[:2] == ("ExpiredToken", 400)
    assert refusal(aws.client("sts", session).get_caller_identity)[:2] == ("ExpiredToken", 403)


def test_a_session_is_for_at_least_fifteen_minutes_and_at_most_thirty_six_hours(aws):
    _, key = aws.new_user()
    sts = aws.client("sts", key, parameter_validation=False)
    for seconds in (899, 129_601):
        assert refusal(sts.get_session_token, DurationSeconds=seconds)[:2] == ("ValidationError", 400)
    sts.get_session_token(DurationSeconds=129_600)


def test_a_deny_of_older_sessions_stops_them_and_neither_the_key_nor_a_newer_session(aws):
    user, key = aws.new_user()
    old = session_of(aws, key)
    aws.clock.now += 5
    aws.deny(user, older_than(aws.clock))
    code, status, message = refusal(aws.client("s3", old).list_objects_v2, Bucket=BUCKET)
    assert (code, status) == ("AccessDenied", 403)
    assert message == (
        f"User: arn:aws:iam::123456789012:user/{user} is not authorized to perform: s3:ListBucket "
        f'on resource: "arn:aws:s3:::{BUCKET}" with an explicit deny in an identity-based policy'
    )
    aws.client("s3", key).list_objects_v2(Bucket=BUCKET)
    aws.clock.now += 1
    aws.client("s3", session_of(aws, key)).list_objects_v2(Bucket=BUCKET)


def test_a_denied_session_may_still_ask_who_it_is(aws):
    user, key = aws.new_user()
    session = session_of(aws, key)
    aws.deny(user)
    refusal(aws.client("s3", session).list_objects_v2, Bucket=BUCKET)
    assert aws.client("sts", session).get_caller_identity()["Arn"].endswith(f"user/{user}")


def test_an_active_key_gets_new_sessions_whatever_its_policies_deny(aws):
    user, key = aws.new_user()
    aws.deny(user)
    session = session_of(aws, key)
    assert refusal(aws.client("s3", session).list_objects_v2, Bucket=BUCKET)[0] == "AccessDenied"


def test_a_session_may_call_neither_iam_nor_the_rest_of_sts(aws):
    _, key = aws.new_user({"Effect": "Allow", "Action": "*", "Resource": "*"})
    session = session_of(aws, key)
    aws.client("s3", session).list_buckets()
    assert refusal(aws.client("iam", session).list_users)[:2] == ("InvalidClientTokenId", 403)
    sts = aws.client("sts", session)
    assert refusal(sts.get_session_token)[0] == "AccessDenied"
    assert refusal(sts.get_federation_token, Name="mallory")[0] == "AccessDenied"


def test_a_session_without_its_own_token_is_refused(aws):
    _, key = aws.new_user()
    session, other = session_of(aws, key), session_of(aws, key)
    for token in (other["SessionToken"], None):
        stolen = session | {"SessionToken": token}
        assert refusal(aws.client("s3", stolen).list_buckets)[:2] == ("InvalidToken", 400)
        assert refusal(aws.client("sts", stolen).get_caller_identity)[0] == "InvalidClientTokenId"
    forged = session | {"SecretAccessKey": "x" * 40}
    assert refusal(aws.client("sts", forged).get_caller_identity)[0] == "SignatureDoesNotMatch"


def test_a_session_dies_with_its_user_even_if_the_name_comes_back(aws):
    user, key = aws.new_user()
    session = session_of(aws, key)
    aws.iam.delete_access_key(UserName=user, AccessKeyId=key.access_key_id)
    aws.iam.delete_user_policy(UserName=user, PolicyName="access")
    aws.iam.delete_user(UserName=user)
    assert refusal(aws.client("sts", session).get_caller_identity)[0] == "InvalidClientTokenId"
    aws.plane.add_user(user)
    assert refusal(aws.client("sts", session).get_caller_identity)[0] == "InvalidClientTokenId"


def test_a_federated_user_may_do_what_both_its_own_and_the_users_policies_allow(aws):
    _, key = aws.new_user(*MAY_FEDERATE)
    answer = aws.client("sts", key).get_federation_token(Name="mallory", Policy=READ_ONLY)
    arn = "arn:aws:sts::123456789012:federated-user/mallory"
    assert answer["FederatedUser"]["Arn"] == arn
    federated = answer["Credentials"]
    assert aws.client("sts", federated).get_caller_identity()["Arn"] == arn
    s3 = aws.client("s3", federated)
    s3.list_objects_v2(Bucket=BUCKET)
    message = refusal(s3.put_object, Bucket=BUCKET, Key="k", Body=b"")[2]
    assert message.endswith("because no session policy allows the s3:PutObject action")
    bare = aws.client("sts", key).get_federation_token(Name="mallory")["Credentials"]
    assert refusal(aws.client("s3", bare).list_objects_v2, Bucket=BUCKET)[0] == "AccessDenied"


def test_a_federated_user_outlives_the_key_and_is_stopped_by_a_deny_on_the_user(aws):
    user, key = aws.new_user(*MAY_FEDERATE)
    federated = aws.client("sts", key).get_federation_token(Name="mallory", Policy=READ_ONLY)["Credentials"]
    aws.iam.update_access_key(UserName=user, AccessKeyId=key.access_key_id, Status="Inactive")
    s3 = aws.client("s3", federated)
    s3.list_objects_v2(Bucket=BUCKET)
    aws.clock.now += 5
    aws.deny(user, older_than(aws.clock))
    assert "explicit deny in an identity-based policy" in refusal(s3.list_objects_v2, Bucket=BUCKET)[2]
    aws.client("sts", federated).get_caller_identity()


def test_federation_needs_a_permission(aws):
    _, key = aws.new_user()
    assert refusal(aws.client("sts", key).get_federation_token, Name="mallory")[0] == "AccessDenied"


def test_a_role_session_lives_on_the_roles_policies_and_a_deny_of_older_sessions_stops_it(aws, role):
    user, key = aws.new_user(*MAY_FEDERATE)
    answer = aws.client("sts", key).assume_role(RoleArn=role, RoleSessionName="deploy")
    assumed = answer["Credentials"]
    arn = "arn:aws:sts::123456789012:assumed-role/deployer/deploy"
    assert aws.client("sts", assumed).get_caller_identity()["Arn"] == arn == answer["AssumedRoleUser"]["Arn"]
    aws.iam.delete_access_key(UserName=user, AccessKeyId=key.access_key_id)
    aws.client("s3", assumed).list_buckets()
    aws.client("iam", assumed).list_users()
    aws.clock.now += 5
    deny = {"Effect": "Deny", "Action": "*", "Resource": "*", "Condition": older_than(aws.clock)}
    document = json.dumps({"Version": "2012-10-17", "Statement": [deny]})
    aws.iam.put_role_policy(RoleName="deployer", PolicyName="AWSRevokeOlderSessions", PolicyDocument=document)
    assert "explicit deny" in refusal(aws.client("s3", assumed).list_buckets)[2]
    aws.iam.delete_role_policy(RoleName="deployer", PolicyName="AWSRevokeOlderSessions")


def test_a_role_that_does_not_trust_the_caller_cannot_be_assumed(aws, role):
    _, key = aws.new_user(*MAY_FEDERATE)
    nobody = json.loads(json.dumps(TRUST_ACCOUNT).replace(":root", ":user/somebody-else"))
    aws.iam.update_assume_role_policy(RoleName="deployer", PolicyDocument=json.dumps(nobody))
    sts = aws.client("sts", key)
    assert refusal(sts.assume_role, RoleArn=role, RoleSessionName="deploy")[:2] == ("AccessDenied", 403)
