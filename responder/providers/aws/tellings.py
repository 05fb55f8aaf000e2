"""What is told of each action that leaves something behind, by service; what is in none is told in groups."""

import re
from collections.abc import Mapping
from typing import Final

from responder.providers.aws.following import SESSIONS, issued, session_of
from responder.providers.aws.history import Event
from responder.providers.aws.telling import OUTLIVES, Part, Telling, asked, each_answered
from responder.providers.aws.telling_iam import IAM, policy_version

__all__ = ["telling_of"]

_VERSION: Final = re.compile(r"\d{8}(v\d+)?$")  # with which Lambda names its actions: CreateFunction20150331
_OLDER_SESSIONS: Final = (  # as AWS's own AWSRevokeOlderSessions; the shell puts in the time
    '\'{{"Version": "2012-10-17", "Statement": [{{"Effect": "Deny", "Action": "*", "Resource": "*", '
    '"Condition": {{"DateLessThan": {{"aws:TokenIssueTime": "\'$(date -u +%Y-%m-%dT%H:%M:%SZ)\'"}}}}}}]}}\''
)
_ALL_BLOCKED: Final = (
    "BlockPublicAcls=true,IgnorePublicAcls=true,BlockPublicPolicy=true,RestrictPublicBuckets=true"
)
_ALL_SELECTED: Final = '\'[{{"ReadWriteType": "All", "IncludeManagementEvents": true}}]\''


def telling_of(event: Event) -> Telling | None:
    """None for what was refused, for what left nothing, and for what nobody has written down here."""
    if event.error:
        return None
    action = _VERSION.sub("", event.action)
    if (event.service, action) == ("iam", "CreatePolicyVersion"):
        return policy_version(event)
    if event.service == "sts" and session_of(event)[0] == "elsewhere":
        return _SESSION_ELSEWHERE
    return _TELLINGS.get(f"{event.service}:{action}")


def _region(event: Event) -> str:
    return event.region


def _logging(what: str, parameter: str, undo: str) -> Telling:
    return Telling(
        "aws.logging-changed",
        f"The trail {{subject}} {what}",
        "critical",
        "What came after it may be written down nowhere but in the 90 days of the event history.",
        asked(parameter),
        undo=undo,
    )


def _bucket(what: str, because: str, undo: str) -> Telling:
    return Telling(
        "aws.bucket-policy-changed",
        f"{what} the bucket {{subject}} was changed",
        "critical",
        because,
        asked("bucketName"),
        undo=undo,
    )


def _function(kind: str, what: str, because: str, undo: str, of: Part = _region) -> Telling:
    return Telling(kind, what, "critical", because, asked("functionName"), of, undo=undo)


def _shared(what: str, attribute: str) -> Telling:
    return Telling(
        "aws.shared",
        f"Who may use the {what} {{subject}} was changed",
        "high",
        "Whoever it is shared with has what is on it, with no key of this account.",
        asked(f"{what}Id"),
        _region,
        undo=f"aws ec2 reset-{what}-attribute --region {{of}} --{what}-id {{subject}} "
        f"--attribute {attribute}",
    )


_SESSION: Final = Telling(
    "aws.session-taken",
    "A session was got with what leaked",
    "high",
    "A session lives when its key is dead; what denies the user's sessions is all that stops it.",
    issued,
    undo="aws iam put-user-policy --user-name {holder} --policy-name AWSRevokeOlderSessions "
    f"--policy-document {_OLDER_SESSIONS}",
)
_ROLE_SESSION: Final = Telling(
    "aws.session-taken",
    "A session of the role {of} was got with what leaked",
    "critical",
    "A role's session is stopped neither with the key nor by what denies the user's own sessions; the "
    "command ends all that the role has now.",
    issued,
    lambda event: session_of(event)[1],
    undo="aws iam put-role-policy --role-name {holder} --policy-name AWSRevokeOlderSessions "
    f"--policy-document {_OLDER_SESSIONS}",
)
_SESSION_ELSEWHERE: Final = Telling(
    "aws.session-taken",
    "A session of a role of another account was got with what leaked: {of}",
    "critical",
    "Nothing here stops it, and nothing here shows what it did: whoever runs that account has to end the "
    "role's sessions, and to review it.",
    issued,
    lambda event: session_of(event)[1],
)
_INSTANCES: Final = Telling(
    "aws.instances-started",
    "Instances were started in {of}: {subject}",
    "critical",
    "They run, and cost, when the leaked key is dead; each may hold a role's credentials.",
    each_answered("instanceId", "instancesSet"),
    _region,
    undo="aws ec2 terminate-instances --region {of} --instance-ids {subject}",
    several=True,
)
_KEY_PAIR: Final = Telling(
    "aws.key-pair-added",
    "The key pair {subject} for instances was added in {of}",
    "medium",
    "Instances that are started with it let its holder in.",
    asked("keyName"),
    _region,
    undo="aws ec2 delete-key-pair --region {of} --key-name {subject}",
)
_DOOR: Final = Telling(
    "aws.security-group-opened",
    "The security group {of} was opened by the rules {subject}",
    "high",
    "What is behind it is reached from wherever the rules say.",
    each_answered("securityGroupRuleId", "securityGroupRuleSet"),
    asked("groupId"),
    undo="aws ec2 revoke-security-group-ingress --region {region} --group-id {of} --security-group-rule-ids "
    "{subject}",
    several=True,
)
_TELLINGS: Final[Mapping[str, Telling]] = {
    **{f"iam:{action}": telling for action, telling in IAM.items()},
    **{f"sts:{one}": _ROLE_SESSION if one.startswith("AssumeRole") else _SESSION for one in SESSIONS},
    "ec2:RunInstances": _INSTANCES,
    "ec2:CreateKeyPair": _KEY_PAIR,
    "ec2:ImportKeyPair": _KEY_PAIR,
    "ec2:AuthorizeSecurityGroupIngress": _DOOR,
    "ec2:ModifySnapshotAttribute": _shared("snapshot", "createVolumePermission"),
    "ec2:ModifyImageAttribute": _shared("image", "launchPermission"),
    "lambda:CreateFunction": _function(
        "aws.function-created",
        "The Lambda function {subject} was made in {of}",
        OUTLIVES,
        "aws lambda delete-function --region {of} --function-name {subject}",
    ),
    **{
        f"lambda:UpdateFunction{one}": _function(
            "aws.function-changed",
            "The Lambda function {subject} in {of} was changed",
            "It does what the intruder wants, with your role; deploy it again from where you keep it.",
            "",
        )
        for one in ("Code", "Configuration")
    },
    "lambda:AddPermission": _function(
        "aws.function-opened",
        "Who may call the Lambda function {subject} was changed, by the statement {of}",
        "Whoever it lets in needs no key of this account.",
        "aws lambda remove-permission --region {region} --function-name {subject} --statement-id {of}",
        asked("statementId"),
    ),
    "lambda:CreateFunctionUrlConfig": _function(
        "aws.function-opened",
        "The Lambda function {subject} in {of} was given an address of its own",
        "Whoever knows the address may call it.",
        "aws lambda delete-function-url-config --region {of} --function-name {subject}",
    ),
    "s3:PutBucketPolicy": _bucket(
        "Who may read and write",
        "Whoever it lets in needs no key of this account; put back the one of before, if there was one.",
        "aws s3api delete-bucket-policy --bucket {subject}",
    ),
    "s3:PutBucketAcl": _bucket(
        "Who else may use",
        "Whoever it lets in needs no key of this account.",
        "aws s3api put-bucket-acl --bucket {subject} --acl private",
    ),
    "s3:PutBucketReplication": _bucket(
        "Where to is copied what comes into",
        "What is written there goes to wherever the intruder wants; put back the one of before.",
        "aws s3api delete-bucket-replication --bucket {subject}",
    ),
    **{
        f"s3:{did}BucketPublicAccessBlock": _bucket(
            "What keeps from the public",
            "What it blocked may be open to everybody.",
            "aws s3api put-public-access-block --bucket {subject} --public-access-block-configuration "
            + _ALL_BLOCKED,
        )
        for did in ("Put", "Delete")
    },
    "cloudtrail:StopLogging": _logging(
        "was stopped", "name", "aws cloudtrail start-logging --region {region} --name {subject}"
    ),
    "cloudtrail:DeleteTrail": _logging("was deleted: make it again", "name", ""),
    "cloudtrail:UpdateTrail": _logging("was changed: put back what it was", "name", ""),
    "cloudtrail:PutEventSelectors": _logging(
        "writes down something else now",
        "trailName",
        "aws cloudtrail put-event-selectors --region {region} --trail-name {subject} --event-selectors "
        + _ALL_SELECTED,
    ),
}
