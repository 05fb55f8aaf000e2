"""Checkpoints of the journal in an S3 bucket with Object Lock: who rewrites the journal cannot follow here.

In compliance mode nobody deletes or overwrites a version before its time, the account's root included:
https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-lock.html
"""

import shlex
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final

from responder.action import Connections
from responder.errors import DeniedError, NotFoundError, RejectedError
from responder.finding import Finding, failed, ok, warning
from responder.providers.aws.connection import AwsConnection
from responder.providers.aws.errors import PROVIDER, ask
from responder.providers.aws.preflight import allowing, decided, policies

__all__ = ["examine", "is_locked", "notes", "place"]

_ON_BUCKET: Final = ("s3:ListBucketVersions", "s3:GetBucketObjectLockConfiguration")
_ON_OBJECTS: Final = ("s3:PutObject", "s3:PutObjectRetention", "s3:GetObjectRetention", "s3:GetObjectVersion")
_NEWEST: Final = 20  # one that holds vouches for all before it


def place(connections: Connections, bucket: str, origin: str, size: int, note: str, until: datetime) -> str:
    """Put a checkpoint there, locked until then; gives where it is.

    Raises:
        ProviderError: it is not there, or not locked.
    """
    s3 = connections.get(AwsConnection).s3
    key = f"{origin}/{size:012d}.note"
    put = ask(
        "s3:PutObject",
        s3.put_object,
        Bucket=bucket,
        Key=key,
        Body=note.encode(),
        ContentType="text/plain; charset=utf-8",
        ObjectLockMode="COMPLIANCE",
        ObjectLockRetainUntilDate=until,
    )
    where = f"s3://{bucket}/{key}"
    version = put.get("VersionId", "null")
    # Told to who may s3:GetObjectRetention; to others it looks unlocked.
    kept = ask("s3:GetObjectVersion", s3.head_object, Bucket=bucket, Key=key, VersionId=version)
    locked = kept.get("ObjectLockMode") == "COMPLIANCE"
    if not locked or kept["ObjectLockRetainUntilDate"] < until - timedelta(seconds=1):
        raise RejectedError(
            PROVIDER,
            "s3:GetObjectRetention",
            f"{where} was written, and is not seen to be locked until {until:%Y-%m-%d}",
            next_step="Turn on Object Lock for the bucket, and allow the operator s3:GetObjectRetention.",
        )
    return f"{where}?versionId={version}, locked until {until:%Y-%m-%d}"


def notes(connections: Connections, bucket: str, origin: str) -> Iterator[tuple[str, bytes]]:
    """The newest checkpoints of the journal, each with where it is; hidden and overwritten versions too.

    Raises:
        ProviderError: they cannot be read.
    """
    s3 = connections.get(AwsConnection).s3
    found: list[tuple[str, str]] = []
    pages = iter(s3.get_paginator("list_object_versions").paginate(Bucket=bucket, Prefix=f"{origin}/"))
    while page := ask("s3:ListBucketVersions", next, pages, None):
        found += [(one.get("Key", ""), one.get("VersionId", "")) for one in page.get("Versions", [])]
        found = sorted(found)[-_NEWEST:]
    for key, version in found:
        body = ask("s3:GetObjectVersion", s3.get_object, Bucket=bucket, Key=key, VersionId=version)["Body"]
        yield f"s3://{bucket}/{key}?versionId={version}", ask("s3:GetObjectVersion", body.read)


def examine(connections: Connections, bucket: str, retain_days: int) -> Iterator[Finding]:
    """Before an incident: that the bucket is there with Object Lock on, and that we may anchor in it.

    Raises:
        ProviderError: S3 does not answer.
    """
    name, arn = shlex.quote(bucket), f"arn:aws:s3:::{bucket}"
    mend = allowing(connections, (*_ON_BUCKET, *_ON_OBJECTS), (arn, f"{arn}/*"), "respond-anchor")
    try:
        locked = is_locked(connections, bucket)
    except DeniedError as error:
        yield failed(error.what, mend)
        return
    except NotFoundError:
        yield failed(
            f"There is no bucket {bucket}.",
            f"aws s3api create-bucket --object-lock-enabled-for-bucket --bucket {name}, or name the right "
            "one in respond.toml: [audit] s3_bucket.",
        )
        return
    if not locked:
        yield failed(
            f"Object Lock is off in the bucket {bucket}: nothing can be put there that nobody can remove.",
            f"aws s3api put-bucket-versioning --bucket {name} --versioning-configuration Status=Enabled && "
            f"aws s3api put-object-lock-configuration --bucket {name} "
            "--object-lock-configuration ObjectLockEnabled=Enabled",
        )
        return
    yield ok(
        f"Object Lock is on in the bucket {bucket}: checkpoints are put there in compliance mode, for "
        f"{retain_days} days."
    )
    yield _may(connections, f"{arn}/*", mend)


def is_locked(connections: Connections, bucket: str) -> bool:
    """Whether Object Lock is on.

    Raises:
        NotFoundError: there is no such bucket.
        ProviderError: it could not be asked.
    """
    s3 = connections.get(AwsConnection).s3
    ask("s3:ListBucketVersions", s3.list_object_versions, Bucket=bucket, MaxKeys=1)
    try:
        ask("s3:GetBucketObjectLockConfiguration", s3.get_object_lock_configuration, Bucket=bucket)
    except NotFoundError:
        return False
    return True


def _may(connections: Connections, objects: str, mend: str) -> Finding:
    """By the operator's own policies: the bucket's, which may be another account's, is not looked at."""
    found = decided(connections, _ON_OBJECTS, objects)
    lacking = [one for one in _ON_OBJECTS if found.get(one) != "allowed"]
    if not lacking:
        return ok(f"You may {', '.join(_ON_OBJECTS)} on {objects}.")
    if any(found.get(one) == "explicitDeny" for one in lacking):
        return failed(
            f"A policy's Deny keeps you from {', '.join(lacking)} on {objects}.",
            f"Take it out of the policy that has it: {policies(connections)}",
        )
    return warning(
        f"Whether you may {', '.join(lacking)} on {objects} could not be found out: your own policies do not "
        "say so, and the bucket's may. `respond audit checkpoint --anchor` tries it.",
        mend,
    )
