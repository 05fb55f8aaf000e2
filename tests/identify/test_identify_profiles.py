"""Whose a credential is, whether it lives and what it may do, asked with the operator's rights alone."""

import json

import modal
import pytest
from leaky import NOWHERE, S3, document, of_key, of_session, of_token
from modal_proto import api_pb2

from responder import profiling
from responder.identify import OWN_PATIENCE, PATIENCE
from responder.profiling import OWN
from responder.secret import Secret

pytest_plugins = ("leaky",)

BOUNDARY = "arn:aws:iam::aws:policy/PowerUserAccess"
GHP = "ghp_" + "aB3dE5gH7jK9mN1pQ3sT5vW7yZ9bC1dE3fG5"


def lines(profile):
    return [(power.reach, power.what, power.by) for power in profile.powers]


def test_of_a_key_of_the_inventory_everything_is_known_and_the_key_itself_is_never_used(company):
    _, key = company.user(name="rentagpu-s3")
    (found,) = company.profiles(of_key(key))
    assert (found.identifier, found.life, found.credential) == (key.access_key_id, "live", "s3")
    assert found.owner == "IAM user rentagpu-s3"
    assert found.life_by == "IAM lists it as Active"
    assert found.created
    assert found.never_used
    assert lines(found) == [
        ("", "s3:GetObject, s3:PutObject on arn:aws:s3:::artifacts/*", "inline policy access")
    ]
    assert "Modal Secret prod/my-app-secrets/AWS_ACCESS_KEY_ID" in found.placements
    assert "rentagpu-executor in prod runs with it" in found.workloads
    assert (found.where, found.secret_seen) == ("a.env, line 1", True)
    assert company.uses_of(key.access_key_id) == 0
    assert key.secret_access_key not in found.model_dump_json()


def test_with_probe_the_key_itself_is_asked_which_is_not_told_as_its_last_use(company):
    user, key = company.user()
    (found,) = company.profiles(of_key(key), probe=True)
    assert found.life == "live"
    assert "asked with the key itself" in found.life_by
    assert company.uses_of(key.access_key_id) == 1
    assert found.never_used
    assert found.last_used is None
    assert found.owner == f"IAM user {user}"


def test_when_and_from_where_a_key_was_used_is_told(company):
    user, key = company.user()
    company.client("sts", key).get_caller_identity()
    (found,) = company.profiles(of_key(key))
    assert found.last_used
    assert found.last_used_where == "sts:GetCallerIdentity in us-east-1 from 127.0.0.1"
    assert found.owner == f"IAM user {user}"


def test_a_key_that_is_inactive_is_dead_by_what_iam_lists(company):
    user, key = company.user()
    company.client("iam").update_access_key(UserName=user, AccessKeyId=key.access_key_id, Status="Inactive")
    (found,) = company.profiles(of_key(key))
    assert (found.life, found.life_by) == ("dead", "IAM lists it as Inactive")


@pytest.mark.parametrize(
    ("statement", "reach", "what"),
    [
        ({"Effect": "Allow", "Action": "*", "Resource": "*"}, "admin", "everything on everything"),
        ({"Effect": "Allow", "Action": ["iam:Put*"], "Resource": "*"}, "admin", "iam:Put* on everything"),
        (
            {"Effect": "Allow", "Action": "iam:CreateAccessKey", "Resource": "arn:aws:iam::1:user/*"},
            "admin",
            "",
        ),
        ({"Effect": "Allow", "Action": "iam:CreateAccessKey", "Resource": "arn:aws:iam::1:user/me"}, "", ""),
        ({"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"}, "wildcard", "everything but iam:*"),
        ({"Effect": "Allow", "Action": "s3:*", "Resource": "arn:aws:s3:::one"}, "wildcard", "s3:* on arn"),
        ({"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}, "wildcard", "on everything"),
        ({**S3, "Condition": {"Bool": {"aws:SecureTransport": "true"}}}, "", ", under a condition"),
        ({"Effect": "Deny", "Action": "*", "Resource": "*"}, "", "everything on everything"),
    ],
)
def test_what_a_policy_opens_is_told_and_how_far_it_reaches(company, statement, reach, what):
    _, key = company.user(statement)
    (found,) = company.profiles(of_key(key))
    (power,) = found.powers
    assert (power.reach, power.denied) == (reach, statement["Effect"] == "Deny")
    assert what in power.what


def test_policies_of_groups_and_attached_ones_are_told(company):
    user, key = company.user()
    iam = company.client("iam")
    wide = json.dumps(document({"Effect": "Allow", "Action": "*", "Resource": "*"}))
    arn = iam.create_policy(PolicyName=f"all-{user}", PolicyDocument=wide)["Policy"]["Arn"]
    iam.create_group(GroupName=f"team-{user}")
    iam.attach_group_policy(GroupName=f"team-{user}", PolicyArn=arn)
    iam.add_user_to_group(GroupName=f"team-{user}", UserName=user)
    iam.attach_user_policy(UserName=user, PolicyArn=arn)
    (found,) = company.profiles(of_key(key))
    assert {by for reach, _, by in lines(found) if reach == "admin"} == {
        f"policy all-{user}",
        f"group team-{user}, policy all-{user}",
    }
    assert any("roles" in gap for gap in found.untold)


def test_a_session_is_asked_only_with_probe_and_belongs_to_its_role(company):
    role, got = company.role(
        {"Effect": "Allow", "Action": "*", "Resource": "*"}, PermissionsBoundary=BOUNDARY
    )
    (unasked,) = company.profiles(of_session(got))
    assert (unasked.life, unasked.owner) == ("unknown", "")
    assert any("CloudTrail has no event of it" in gap for gap in unasked.untold)
    assert "not here" not in unasked.note, "it is, and was only not used"
    (in_part,) = company.profiles(of_session(got).partition("aws_session_token")[0], probe=True)
    assert "It was not tried: its session token is not here." in in_part.note
    assert company.uses_of(got["AccessKeyId"]) == 0
    (asked,) = company.profiles(of_session(got), probe=True)
    assert (asked.life, asked.owner) == ("live", f"IAM role {role}")
    assert asked.powers[0].reach == "admin"
    assert BOUNDARY in asked.powers[-1].what
    assert asked.powers[-1].denied
    assert "cannot be deactivated" in asked.note


def test_whose_a_used_session_is_cloudtrail_knows_without_asking_it(company):
    user, key = company.user()
    got = company.client("sts", key).get_session_token()["Credentials"]
    company.profiles(of_session(got), probe=True)
    (found,) = company.profiles(of_session(got))
    assert (found.life, found.owner) == ("unknown", f"IAM user {user}")
    assert found.last_used_where.startswith("sts:GetCallerIdentity")
    (by_its_id,) = company.profiles(got["AccessKeyId"])
    assert by_its_id.owner == f"IAM user {user}"


def test_of_a_service_user_its_roles_and_dates_are_told_and_what_modal_does_not_say(company):
    (found,) = company.profiles(of_token(company.ci_prod))
    assert (found.owner, found.credential, found.life) == (
        "service user ci-prod, made by ada",
        "ci-prod",
        "live",
    )
    assert found.never_used
    assert found.powers[0].what.startswith("contributor in environment prod: ")
    assert any("From where" in gap for gap in found.untold)
    assert "GitHub environment rentagpu/executor/prod/MODAL_TOKEN_ID" in found.placements
    (probed,) = company.profiles(of_token(company.ci_prod), probe=True)
    assert "said hello" in probed.life_by
    (later,) = company.profiles(of_token(company.ci_prod))
    assert later.last_used


def test_a_members_token_is_as_strong_as_its_owner(company):
    ada = company.modal.add_member_token("ada")
    sams, adas = company.profiles(of_token(company.sam) + "\n" + of_token(ada))
    assert (sams.owner, sams.powers[0].reach) == ("member sam", "")
    assert "viewer in environment prod: sees apps, logs and the names of Secrets" in says(sams)
    assert (adas.owner, adas.powers[0].reach) == ("member ada", "admin")
    assert adas.powers[0].what.startswith("owner of the workspace")


def test_of_a_proxy_token_it_is_told_which_environments_it_opens(company):
    ada = (company.environ["MODAL_TOKEN_ID"], company.environ["MODAL_TOKEN_SECRET"])
    client = modal.Client(company.environ["MODAL_SERVER_URL"], api_pb2.CLIENT_TYPE_CLIENT, ada)
    with client:
        proxies = modal.Workspace.from_context(client=client).proxy_tokens
        anywhere, scoped = proxies.create("edge"), proxies.create("edge-prod")
        proxies.allow(scoped.token_id, "prod")
    text = "".join(f"{one.token_id} {one.token_secret}\n" for one in (anywhere, scoped))
    told = [says(one)[0] for one in company.profiles(text)]
    assert [one.rpartition(", in ")[2] for one in told] == ["every environment", "prod"]


def says(profile):
    return [one.what for one in profile.powers]


def test_of_a_github_token_little_is_known_unless_it_is_asked_itself(company):
    token = company.github.add_token("grace", expires_at=4102444800)
    (unasked,) = company.profiles(f"GITHUB_TOKEN={token}")
    assert (unasked.what, unasked.life, unasked.owner) == (
        "GitHub personal access token (classic)",
        "unknown",
        "",
    )
    assert any("--probe" in gap for gap in unasked.untold)
    (asked,) = company.profiles(f"GITHUB_TOKEN={token}", probe=True)
    assert (asked.life, asked.owner) == ("live", "GitHub account grace")
    assert [reach for reach, _, _ in lines(asked)] == ["wildcard", "", ""]
    assert asked.expires.year == 2100
    (dead,) = company.profiles(f"GITHUB_TOKEN={GHP}", probe=True)
    assert dead.life == "dead"


def test_an_apps_token_is_known_to_live_and_that_its_app_is_not_told(company):
    (found,) = company.profiles(f"GITHUB_TOKEN={company.github.add_installation_token('grace')}", probe=True)
    assert (found.what, found.life) == ("GitHub App installation token (ends within the hour)", "live")
    assert any("Of which app" in gap for gap in found.untold)


def test_what_the_operator_is_signed_in_with_is_said_to_be_that(company):
    (found,) = company.profiles(f"token: {company.oncall}")
    assert found.identifier == Secret(company.oncall).fingerprint
    assert OWN in found.note


def test_a_service_out_of_reach_is_told_and_holds_up_no_other(company):
    _, key = company.user()
    text = of_key(key) + "\n" + of_token(company.sam)
    aws, modal = company.profiles(text, AWS_ENDPOINT_URL=NOWHERE)
    assert (aws.life, aws.identifier) == ("unknown", key.access_key_id)
    assert any("sts:GetCallerIdentity: no answer" in gap for gap in aws.untold)
    assert (aws.answered, modal.answered) == (False, True)
    assert modal.owner == "member sam"


def test_an_operator_who_may_not_look_is_told_what_could_not_be_seen(company):
    user, key = company.user()
    _, weak = company.user(
        {"Effect": "Allow", "Action": ["iam:GetAccessKeyLastUsed", "iam:ListAccessKeys"], "Resource": "*"}
    )
    (found,) = company.profiles(
        of_key(key),
        AWS_ACCESS_KEY_ID=weak.access_key_id,
        AWS_SECRET_ACCESS_KEY=weak.secret_access_key,
    )
    assert found.owner == f"IAM user {user}"
    assert found.powers == ()
    assert any("iam:ListUserPolicies" in gap for gap in found.untold)


def test_that_a_service_is_silent_is_told_within_ten_seconds():
    """What we are signed in with, then all services at once; a second is left for the start."""
    assert OWN_PATIENCE + PATIENCE <= 9
    assert profiling.PATIENCE <= 9
