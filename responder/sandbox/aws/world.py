"""The ground truth as JSON: everything there is, secret values in clear. Times are Unix seconds."""

import json
from datetime import UTC, datetime
from typing import Any

from responder.sandbox.aws.account import Account
from responder.sandbox.aws.sessions import Session, Sessions


def world(account: Account, sessions: Sessions, now: float) -> dict[str, Any]:
    return {
        "account": account.number,
        "users": [
            {
                **_holder(user),
                "user_id": user.id,
                "groups": [group.name for group in account.iam.get_groups_for_user(user.name)],
                "access_keys": [
                    {
                        "access_key_id": key.access_key_id,
                        "secret_access_key": key.secret_access_key,
                        "status": key.status,
                        "created_at": _seconds(key.create_date),
                        "last_used_at": _seconds(key.last_used.timestamp) if key.last_used else None,
                    }
                    for key in user.access_keys
                ],
            }
            for user in account.iam.users.values()
        ],
        "roles": [
            {**_holder(role), "trust_policy": json.loads(role.assume_role_policy_document)}
            for role in account.iam.get_roles()
        ],
        "sessions": [_session(session, now) for session in sessions.all()],
        "buckets": [
            {
                "name": bucket.name,
                "created_at": _seconds(bucket.creation_date),
                "objects": sorted(bucket.keys),
            }
            for bucket in account.s3.buckets.values()
        ],
    }


def _holder(holder: Any) -> dict[str, Any]:  # noqa: ANN401 - moto's user or role
    return {
        "name": holder.name,
        "arn": holder.arn,
        "created_at": _seconds(holder.create_date),
        "inline_policies": {name: json.loads(document) for name, document in holder.policies.items()},
        "attached_policies": sorted(holder.managed_policies),
    }


def _session(session: Session, now: float) -> dict[str, Any]:
    return {
        "kind": session.kind,
        "access_key_id": session.key_id,
        "secret_access_key": session.secret,
        "session_token": session.token,
        "parent_access_key_id": session.parent_key_id,
        "owner": session.owner,
        "label": session.label,
        "issued_at": session.issued_at,
        "expires_at": session.expires_at,
        "expired": now >= session.expires_at,
    }


def _seconds(moment: datetime) -> float:
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
