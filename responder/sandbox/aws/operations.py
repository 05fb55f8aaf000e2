"""Which permissions a request needs: the action's name and the resource's ARN, as policies spell them.

https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsidentityandaccessmanagementiam.html
https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-with-s3-policy-actions.html
"""

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import unquote

from responder.sandbox.aws.account import Account
from responder.sandbox.aws.errors import ServiceError, not_in_sandbox
from responder.sandbox.aws.principal import Principal
from responder.sandbox.aws.wire import Request

# IAM acts on the caller's own user where no name is given.
_ON_SELF = frozenset(
    {"GetUser", "ListAccessKeys", "CreateAccessKey", "UpdateAccessKey", "DeleteAccessKey", "ChangePassword"}
)
_LISTS = {"ListUsers": "user/", "ListRoles": "role/", "ListGroups": "group/", "ListPolicies": "policy/"}

# All there is of these services, and on no resource.
_WHOLE = frozenset(
    {
        "cloudtrail:LookupEvents",
        "cloudtrail:DescribeTrails",
        "cloudtrail:GetTrailStatus",
        "cloudtrail:GetEventSelectors",
        "ec2:DescribeRegions",
    }
)

_BUCKET = {
    ("HEAD", ""): "ListBucket",
    ("GET", ""): "ListBucket",
    ("GET", "location"): "GetBucketLocation",
    ("GET", "versions"): "ListBucketVersions",
    ("GET", "versioning"): "GetBucketVersioning",
    ("GET", "policy"): "GetBucketPolicy",
    ("GET", "acl"): "GetBucketAcl",
    ("GET", "object-lock"): "GetBucketObjectLockConfiguration",
    ("GET", "uploads"): "ListBucketMultipartUploads",
    ("PUT", ""): "CreateBucket",
    ("PUT", "versioning"): "PutBucketVersioning",
    ("PUT", "policy"): "PutBucketPolicy",
    ("DELETE", ""): "DeleteBucket",
    ("DELETE", "policy"): "DeleteBucketPolicy",
}
_OBJECT = {
    ("HEAD", ""): "GetObject",
    ("HEAD", "versionId"): "GetObjectVersion",
    ("GET", ""): "GetObject",
    ("GET", "versionId"): "GetObjectVersion",
    ("GET", "acl"): "GetObjectAcl",
    ("GET", "tagging"): "GetObjectTagging",
    ("GET", "uploadId"): "ListMultipartUploadParts",
    ("PUT", ""): "PutObject",
    ("PUT", "uploadId"): "PutObject",
    ("PUT", "acl"): "PutObjectAcl",
    ("PUT", "tagging"): "PutObjectTagging",
    ("POST", "uploads"): "PutObject",
    ("POST", "uploadId"): "PutObject",
    ("DELETE", ""): "DeleteObject",
    ("DELETE", "versionId"): "DeleteObjectVersion",
    ("DELETE", "uploadId"): "AbortMultipartUpload",
}
S3_ACTIONS = frozenset({"ListAllMyBuckets", *_BUCKET.values(), *_OBJECT.values()})


@dataclass(frozen=True)
class Operation:
    action: str
    """`service:Name`."""
    resource: str


def operations_of(
    request: Request, service: str, account: Account, principal: Principal
) -> tuple[Operation, ...]:
    """Every permission that the request needs; nearly always one.

    Raises:
        ServiceError: NotImplemented, for services and S3 subresources that the sandbox does not have.
    """
    if service == "s3":
        return _s3(request)
    if service not in {"iam", "sts", "cloudtrail", "ec2"}:
        raise not_in_sandbox(f"the service {service!r}, only cloudtrail, ec2, iam, s3 and sts")
    name = action_of(request)
    if f"{service}:{name}" in _WHOLE:
        return (Operation(f"{service}:{name}", "*"),)
    if service not in {"iam", "sts"}:
        raise not_in_sandbox(f"{service}:{name}")
    if not name:
        raise ServiceError("MissingAction", "The request has no Action.", 400)
    resource = _sts_resource if service == "sts" else _iam_resource
    return (Operation(f"{service}:{name}", resource(name, request.parameters, account, principal)),)


def action_of(request: Request) -> str:
    """The action's name without its service, whoever asks; empty for what the sandbox does not have."""
    if target := request.headers.get("x-amz-target"):
        return target.rpartition(".")[2]
    if "Action" in request.parameters:
        return request.parameters["Action"]
    try:
        return _s3(request)[-1].action.removeprefix("s3:")
    except ServiceError:
        return ""


def _sts_resource(name: str, parameters: Mapping[str, str], account: Account, _: Principal) -> str:
    if name == "AssumeRole":
        return parameters.get("RoleArn", "*")
    if name == "GetFederationToken":
        return f"arn:aws:sts::{account.number}:federated-user/{parameters.get('Name', '')}"
    return "*"


def _iam_resource(name: str, parameters: Mapping[str, str], account: Account, principal: Principal) -> str:
    prefix = f"arn:aws:iam::{account.number}:"
    if name in _LISTS:
        return prefix + _LISTS[name]
    if name == "GetAccessKeyLastUsed":
        key = account.key(parameters.get("AccessKeyId", ""))
        return key.owner.arn if key else "*"
    if name == "SimulatePrincipalPolicy":
        return parameters.get("PolicySourceArn", "*")
    # GroupName first: adding a user to a group is a permission on the group.
    for parameter, kind in (("GroupName", "group"), ("UserName", "user"), ("RoleName", "role")):
        if parameter in parameters:
            known = account.user(parameters[parameter]) if kind == "user" else None
            return known.arn if known else f"{prefix}{kind}/{parameters[parameter]}"
    if name in _ON_SELF and principal.user_name:
        own = account.user(principal.user_name)
        return own.arn if own else "*"
    return parameters.get("PolicyArn", "*")


def _s3(request: Request) -> tuple[Operation, ...]:
    """Path style only: the bucket is the path's first part."""
    bucket, _, key = unquote(request.path).lstrip("/").partition("/")
    if not bucket:
        return (Operation("s3:ListAllMyBuckets", "arn:aws:s3:::*"),)
    arn = f"arn:aws:s3:::{bucket}"
    names = {name for name, _ in request.query_pairs}
    if not key:
        if request.method == "POST" and "delete" in names:
            return (Operation("s3:DeleteObject", f"{arn}/*"),)
        return (Operation(f"s3:{_action(_BUCKET, request.method, names)}", arn),)
    wanted = Operation(f"s3:{_action(_OBJECT, request.method, names)}", f"{arn}/{key}")
    source = request.headers.get("x-amz-copy-source")
    if source is None:
        return (wanted,)
    return (Operation("s3:GetObject", f"arn:aws:s3:::{unquote(source).lstrip('/')}"), wanted)


# Subresources select another action; other parameters (prefix, max-keys, partNumber) do not.
_SUBRESOURCES = frozenset(
    {"accelerate", "acl", "analytics", "cors", "encryption", "intelligent-tiering", "inventory", "legal-hold"}
    | {"lifecycle", "location", "logging", "metrics", "notification", "object-lock", "ownershipControls"}
    | {"policy", "policyStatus", "publicAccessBlock", "replication", "requestPayment", "restore", "retention"}
    | {
        "select",
        "tagging",
        "torrent",
        "uploadId",
        "uploads",
        "versionId",
        "versioning",
        "versions",
        "website",
    }
)


def _action(table: Mapping[tuple[str, str], str], method: str, names: set[str]) -> str:
    chosen = sorted(names & _SUBRESOURCES)
    found = table.get((method, chosen[0] if chosen else ""))
    if found is None:
        raise not_in_sandbox(f"S3's {method} of {' and '.join(chosen) or 'this path'}")
    return found
