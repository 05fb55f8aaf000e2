"""What policies allow and deny, asked of the running service by real clients."""

import json

import pytest
from aws_clients import BUCKET, refusal

pytest_plugins = ("aws_world",)

LIST = {"Effect": "Allow", "Action": "s3:ListBucket", "Resource": f"arn:aws:s3:::{BUCKET}"}
DENY = {"Effect": "Deny", "Action": "*", "Resource": "*"}


def may_list(aws, key):
    try:
        aws.client("s3", key).list_objects_v2(Bucket=BUCKET)
    except aws.client("s3", key).exceptions.ClientError as error:
        assert error.response["Error"]["Code"] == "AccessDenied"  # noqa: PT017 - the rest is True
        return False
    return True


def test_what_no_policy_allows_is_denied_and_the_refusal_says_so(aws):
    user, key = aws.new_user(LIST)
    arn = f"arn:aws:iam::123456789012:user/{user}"
    code, status, message = refusal(aws.client("iam", key).list_access_keys)
    assert (code, status) == ("AccessDenied", 403)
    assert message == (
        f"User: {arn} is not authorized to perform: iam:ListAccessKeys on resource: {arn} "
        "because no identity-based policy allows the iam:ListAccessKeys action"
    )


def test_an_explicit_deny_wins_and_the_refusal_says_so(aws):
    user, key = aws.new_user({"Effect": "Allow", "Action": "*", "Resource": "*"})
    aws.client("iam", key).list_users()
    aws.deny(user)
    assert refusal(aws.client("iam", key).list_users)[2] == (
        f"User: arn:aws:iam::123456789012:user/{user} is not authorized to perform: iam:ListUsers "
        "on resource: arn:aws:iam::123456789012:user/ with an explicit deny in an identity-based policy"
    )
    aws.client("sts", key).get_caller_identity()
    aws.iam.delete_user_policy(UserName=user, PolicyName="contain")
    aws.client("iam", key).list_users()


def test_a_policy_reaches_only_the_resources_it_names(aws):
    _, key = aws.new_user(
        {"Effect": "Allow", "Action": "iam:*AccessKey*", "Resource": "arn:aws:iam::*:user/${aws:username}"}
    )
    other, _ = aws.new_user()
    iam = aws.client("iam", key)
    iam.list_access_keys()
    assert refusal(iam.list_access_keys, UserName=other)[0] == "AccessDenied"


def test_what_not_action_leaves_out_stays_allowed(aws):
    _, key = aws.new_user(LIST, {"Effect": "Deny", "NotAction": "s3:ListBucket", "Resource": "*"})
    assert may_list(aws, key)
    assert "explicit deny" in refusal(aws.client("s3", key).list_buckets)[2]


def test_attached_and_group_policies_count_like_inline_ones(aws):
    aws.plane.add_user("plain")
    key = aws.plane.add_access_key("plain")
    document = json.dumps({"Version": "2012-10-17", "Statement": [LIST]})
    assert not may_list(aws, key)
    arn = aws.iam.create_policy(PolicyName="list", PolicyDocument=document)["Policy"]["Arn"]
    aws.iam.attach_user_policy(UserName="plain", PolicyArn=arn)
    assert may_list(aws, key)
    assert aws.user("plain")["attached_policies"] == [arn]
    aws.iam.detach_user_policy(UserName="plain", PolicyArn=arn)
    assert not may_list(aws, key)
    aws.iam.create_group(GroupName="listers")
    aws.iam.put_group_policy(GroupName="listers", PolicyName="list", PolicyDocument=document)
    aws.iam.add_user_to_group(GroupName="listers", UserName="plain")
    assert may_list(aws, key)


# The clock of the test stands in January 2027, and a long-term key carries no token issue time and no MFA.
@pytest.mark.parametrize(
    ("condition", "denied"),
    [
        ({"DateLessThan": {"aws:TokenIssueTime": "2099-01-01T00:00:00Z"}}, False),
        ({"DateGreaterThan": {"aws:TokenIssueTime": "2000-01-01T00:00:00Z"}}, False),
        ({"DateNotEquals": {"aws:TokenIssueTime": "2000-01-01T00:00:00Z"}}, True),
        ({"DateLessThanIfExists": {"aws:TokenIssueTime": "2000-01-01T00:00:00Z"}}, True),
        ({"Null": {"aws:TokenIssueTime": "true"}}, True),
        ({"Null": {"aws:TokenIssueTime": False}}, False),
        ({"DateGreaterThan": {"aws:CurrentTime": "2027-01-01T00:00:00Z"}}, True),
        ({"DateLessThan": {"aws:CurrentTime": "2027-01-01"}}, False),
        ({"DateLessThan": {"aws:EpochTime": "1700000000"}}, False),
        ({"NumericGreaterThan": {"aws:EpochTime": "1700000000"}}, True),
        ({"StringEquals": {"AWS:PrincipalType": ["AssumedRole", "User"]}}, True),
        ({"StringNotEquals": {"aws:PrincipalType": ["AssumedRole", "User"]}}, False),
        ({"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*:user/user-*"}}, True),
        ({"StringLike": {"aws:username": "us?r-*"}}, True),
        ({"Bool": {"aws:SecureTransport": False}}, True),
        ({"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}}, True),
        ({"Bool": {"aws:MultiFactorAuthPresent": "false"}}, False),
        ({"IpAddress": {"aws:SourceIp": "127.0.0.0/8"}}, True),
        ({"NotIpAddress": {"aws:SourceIp": ["10.0.0.0/8", "127.0.0.1"]}}, False),
        ({"Bool": {"aws:SecureTransport": "false"}, "StringEquals": {"aws:username": "nobody"}}, False),
    ],
)
def test_a_deny_counts_only_where_its_condition_holds(aws, condition, denied):
    _, key = aws.new_user(LIST, {**DENY, "Condition": condition})
    assert may_list(aws, key) is not denied


def test_an_operator_that_is_not_evaluated_is_an_error_and_never_a_guess(aws):
    _, key = aws.new_user(LIST, {**DENY, "Condition": {"BinaryEquals": {"key": "QmluYXJ5"}}})
    assert refusal(aws.client("s3", key).list_objects_v2, Bucket=BUCKET)[:2] == ("NotImplemented", 501)


def test_the_policies_of_a_user_can_be_put_read_listed_and_deleted(aws):
    user, _ = aws.new_user(LIST)
    aws.deny(user)
    assert aws.iam.list_user_policies(UserName=user)["PolicyNames"] == ["access", "contain"]
    assert aws.iam.get_user_policy(UserName=user, PolicyName="contain")["PolicyDocument"]["Statement"] == [
        DENY
    ]
    assert aws.user(user)["inline_policies"]["contain"]["Statement"] == [DENY]
    aws.iam.delete_user_policy(UserName=user, PolicyName="contain")
    assert refusal(aws.iam.get_user_policy, UserName=user, PolicyName="contain")[0] == "NoSuchEntity"
    malformed = {"UserName": user, "PolicyName": "p", "PolicyDocument": "{"}
    assert refusal(aws.iam.put_user_policy, **malformed)[0] == "MalformedPolicyDocument"


def test_a_quarantined_user_shows_it_is_limited_by_it_and_is_freed_by_detaching(aws):
    user, key = aws.new_user({"Effect": "Allow", "Action": "*", "Resource": "*"})
    arn = aws.plane.quarantine(user)
    attached = aws.iam.list_attached_user_policies(UserName=user)["AttachedPolicies"]
    assert attached == [{"PolicyName": "AWSCompromisedKeyQuarantineV3", "PolicyArn": arn}]
    assert arn == "arn:aws:iam::aws:policy/AWSCompromisedKeyQuarantineV3"
    assert "explicit deny" in refusal(aws.client("iam", key).create_access_key, UserName=user)[2]
    aws.client("iam", key).list_access_keys()
    aws.iam.detach_user_policy(UserName=user, PolicyArn=arn)
    aws.client("iam", key).create_access_key(UserName=user)


def test_a_simulation_answers_as_the_service_would(aws):
    user, _ = aws.new_user(LIST, {**DENY, "Action": "iam:*"})
    results = aws.iam.simulate_principal_policy(
        PolicySourceArn=f"arn:aws:iam::123456789012:user/{user}",
        ActionNames=["s3:ListBucket", "iam:CreateUser"],
        ResourceArns=[f"arn:aws:s3:::{BUCKET}", "arn:aws:s3:::other"],
    )["EvaluationResults"]
    assert [r["EvalDecision"] for r in results] == ["allowed", "implicitDeny", "explicitDeny", "explicitDeny"]
    nobody = {"PolicySourceArn": "arn:aws:iam::123456789012:user/nobody", "ActionNames": ["s3:ListBucket"]}
    assert refusal(aws.iam.simulate_principal_policy, **nobody)[:2] == ("NoSuchEntity", 404)
