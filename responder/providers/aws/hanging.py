"""The commands that delete a user or role: first what hangs on it, else AWS answers DeleteConflict."""

import shlex
from collections.abc import Iterable, Iterator

from responder.providers.aws.made import Iam


def deletion(kind: str, name: str, iam: Iam, also: Iterable[str] = ()) -> str:
    """To paste as one; each says for itself whether it worked.

    Args:
        kind: user or role.
        name: its.
        iam: what is known to hang on it.
        also: commands for what else is.
    """
    last = f"aws iam delete-{kind} --{kind}-name {shlex.quote(name)}"
    return "; ".join([*dict.fromkeys((*also, *_of(kind, name, iam))), last])


def _of(kind: str, name: str, iam: Iam) -> Iterator[str]:
    whose = f"--{kind}-name {shlex.quote(name)}"
    if kind == "user":
        if name in (iam.passwords or ()):
            yield f"aws iam delete-login-profile {whose}"
        for key in (iam.keys or {}).values():
            if key.of == name:
                yield f"aws iam delete-access-key {whose} --access-key-id {key.name}"
    if iam.details is None:
        return
    found = (iam.details.users if kind == "user" else iam.details.roles).get(name, {})
    for one in found.get(f"{kind.title()}PolicyList", ()):
        yield f"aws iam delete-{kind}-policy {whose} --policy-name {shlex.quote(one['PolicyName'])}"
    for one in found.get("AttachedManagedPolicies", ()):
        yield f"aws iam detach-{kind}-policy {whose} --policy-arn {shlex.quote(one['PolicyArn'])}"
    for group in found.get("GroupList", ()):
        yield f"aws iam remove-user-from-group --group-name {shlex.quote(group)} {whose}"
    for one in found.get("InstanceProfileList", ()):
        profile = shlex.quote(one["InstanceProfileName"])
        yield f"aws iam remove-role-from-instance-profile --instance-profile-name {profile} {whose}"
