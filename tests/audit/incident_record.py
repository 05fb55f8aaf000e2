"""An incident in a journal: a key and a service user leaked; with every way that a step ends."""

from datetime import datetime

from responder.journal import EventKind, Holder, Journal
from responder.playbook import read

SEALED = {"sealed": "Y2lwaGVydGV4dA==", "fingerprint": "sha256:9208ff810916"}
PRINT = {"fingerprint": "sha256:9208ff810916"}
LEAKED_KEY = {
    "credential": "s3",
    "identifier": "AKIARZPUZDIKBBGIPCNN",
    "known": True,
    "life": "live",
    "note": "",
    "secret": SEALED,
    "user": "rentagpu-s3",
}
LEAKED_USER = {
    **LEAKED_KEY,
    "credential": "ci-prod",
    "identifier": "ak-TMKlNketYYVNw5WZ7j9X0G",
    "name": "ci-prod",
}
UNIDENTIFIED = {
    "kind": "github-token",
    "identifier": "sha256:1f2e3d4c5b6a",
    "secret": None,
    "note": "GitHub: 404.",
}
ACCOUNTS = {
    "aws": "arn:aws:iam::123456789012:user/respond-operator",
    "modal": "member ada in workspace rentagpu",
    "github": "oncall",
    "local": "ada@laptop",
}
REQUESTS = [
    {"provider": "aws", "operation": "iam:UpdateAccessKey", "id": "6f1d"},
    {"provider": "aws", "operation": "iam:ListAccessKeys", "id": "7a2e"},
]


def step(name, label, phase, action, *needs, wait=0, active=True, irreversible=False):
    return {
        "id": f"{name}[{label}]",
        "title": name.replace("_", " ").capitalize(),
        "label": label,
        "credential": label,
        "phase": phase,
        "action": action,
        "irreversible": irreversible,
        "needs": list(needs),
        "wait_seconds": wait,
        "active": active,
    }


STEPS = [
    step("deactivate_key", "s3", "contain", "aws.deactivate_access_key"),
    step("deny_sessions", "s3", "contain", "aws.deny_sessions"),
    step("delete_service_user", "ci-prod", "contain", "modal.delete_service_user", irreversible=True),
    step("recheck_key", "s3", "contain", "aws.deactivate_access_key", "deactivate_key[s3]", wait=10),
    step("create_key", "s3", "rotate", "aws.create_access_key", "deactivate_key[s3]", "deny_sessions[s3]"),
    step("redeploy_from_here", "s3", "recover", "modal.deploy_app", "create_key[s3]", active=False),
    step(
        "verify_workload",
        "s3",
        "recover",
        "modal.verify_workload",
        "create_key[s3]",
        "redeploy_from_here[s3]",
    ),
    step("delete_key", "s3", "retire", "aws.delete_access_key", "verify_workload[s3]", "recheck_key[s3]"),
]


def started(at: datetime, **more):
    name, text = read("leak")
    return {
        "version": "1.2.3",
        "playbook": {"name": name, "text": text},
        "exposure": {
            "source": "prod.env",
            "seen_at": at.isoformat(),
            "access_keys": [LEAKED_KEY],
            "service_users": [LEAKED_USER],
            "member_tokens": [],
            "proxy_tokens": [],
            "github_tokens": [],
            "unidentified": [UNIDENTIFIED],
        },
        "options": {"redeploy": "workflow", "delete_key": None},
        "strategy": "contain-first",
        "began_at": at.isoformat(),
        "confirmed_at": at.isoformat(),
        "confirmed_by": "typed prod",
        "operator": ACCOUNTS,
        "steps": STEPS,
        **more,
    }


class Player:
    """Writes what the engine would."""

    def __init__(self, journal: Journal, run: str, holder: Holder, life: str = "unknown") -> None:
        """`life` is that of the token that nobody identified."""
        data = started(journal.clock())
        data["exposure"]["unidentified"] = [{**UNIDENTIFIED, "life": life}]
        self.writer = journal.begin(run, holder, data)

    def intend(self, step_id, given, attempt=1):
        action = next(one["action"] for one in STEPS if one["id"] == step_id)
        data = {"action": action, "digest": "d", "input": given, "seen": {}}
        self.writer.append(EventKind.STEP_INTENDED, step=step_id, attempt=attempt, data=data)

    def succeed(self, step_id, evidence, output=None, *, applied=True, attempt=1):
        if applied:
            data = {"output": output or {}, "requests": REQUESTS}
            self.writer.append(EventKind.STEP_APPLIED, step=step_id, attempt=attempt, data=data)
        data = {"action": "", "output": output or {}, "evidence": evidence, "applied": applied}
        self.writer.append(EventKind.STEP_SUCCEEDED, step=step_id, attempt=attempt, data=data)

    def end(self, kind, step_id, why, attempt=1, **more):
        data = {"action": "", "code": "denied", "why": why, "state": "", "next_step": "Ask ada.", **more}
        self.writer.append(kind, step=step_id, attempt=attempt, data=data)


def play_undo(journal: Journal, run: str, holder: Holder) -> None:
    """Of a finished run: one thing given back, one that was so already, one that could not be."""
    writer = journal.take_up(run, holder, {"version": "1.2.4", "operator": ACCOUNTS})
    writer.append(
        EventKind.RUN_UNDOING, data={"confirmed_by": "--yes", "re_enabled": [LEAKED_KEY["identifier"]]}
    )
    back = {"user": "rentagpu-s3", "access_key_id": LEAKED_KEY["identifier"], "secret": PRINT}
    for step_id, number in (("deactivate_key[s3]", 1), ("deny_sessions[s3]", 1)):
        what = {"action": "", "input": back, "seen": {}, "found": "so"}
        writer.append(EventKind.STEP_UNDO_INTENDED, step=step_id, attempt=number, data=what)
    proof = {"evidence": "iam:ListAccessKeys: it is Active", "requests": []}
    writer.append(EventKind.STEP_UNDONE, step="deactivate_key[s3]", attempt=1, data=proof)
    writer.append(EventKind.STEP_UNDONE, step="recheck_key[s3]", attempt=1, data=proof)
    failed = {
        "action": "",
        "code": "denied",
        "why": "iam:DeleteUserPolicy: denied",
        "state": "",
        "next_step": "Ask.",
    }
    writer.append(EventKind.STEP_UNDO_FAILED, step="deny_sessions[s3]", attempt=1, data=failed)
    writer.append(EventKind.RUN_FINISHED, data={"outcome": "partly undone"})


def look(journal: Journal, run: str, holder: Holder, *results: str) -> None:
    """Looks at the deactivated key, after the run."""
    writer = journal.take_up(run, holder, {"version": "1.2.4", "operator": ACCOUNTS})
    stranger = {
        "identifier": "AKIASTRANGER",
        "what": "rentagpu-s3's, made a minute ago",
        "command": "aws iam …",
    }
    for number, result in enumerate(results, 1):
        data = {"action": "", "result": result, "detail": f"It is {result}.", "requests": []}
        data["strangers"] = [stranger] if result == "lost" else []
        writer.append(EventKind.STEP_CHECKED, step="deactivate_key[s3]", attempt=number, data=data)


def play_incident(
    journal: Journal, run: str, holder: Holder, taker: Holder, *, life="dead", outcome="succeeded"
) -> None:
    """To its end, by two people: the second takes it over where the first one's service failed."""
    play = Player(journal, run, holder, life)
    play.end(EventKind.STEP_SKIPPED, "redeploy_from_here[s3]", "Its condition is not met.")
    key = {"user": "rentagpu-s3", "access_key_id": LEAKED_KEY["identifier"], "secret": PRINT}
    play.intend("deactivate_key[s3]", key)
    play.succeed("deactivate_key[s3]", "iam:ListAccessKeys: it is Inactive (request 7a2e)")
    play.intend("deny_sessions[s3]", {"user": "rentagpu-s3", "session": PRINT})
    play.succeed("deny_sessions[s3]", "iam:GetUserPolicy: sessions are denied")
    user = {"name": "ci-prod", "token_id": LEAKED_USER["identifier"], "token_secret": PRINT}
    play.intend("delete_service_user[ci-prod]", user)
    why = {"why": "No answer.", "pause_seconds": 0.5}
    play.writer.append(EventKind.STEP_RETRIED, step="delete_service_user[ci-prod]", attempt=1, data=why)
    play.succeed("delete_service_user[ci-prod]", "ServiceUserList: no such user")
    play.intend("create_key[s3]", {"user": "rentagpu-s3"})
    play.end(EventKind.STEP_FAILED, "create_key[s3]", "iam:CreateAccessKey: denied")
    play.end(EventKind.STEP_PARKED, "recheck_key[s3]", "It could not be found out.")
    data = {"version": "1.2.4", "operator": {**ACCOUNTS, "github": "grace"}, "took_over": True}
    play.writer = journal.take_up(run, taker, data)
    fresh = {"identifier": "AKIARZPUZDIKCFUZDN4I", "secret": SEALED}
    play.intend("create_key[s3]", {"user": "rentagpu-s3"}, attempt=2)
    play.succeed("create_key[s3]", "sts:GetCallerIdentity answers", fresh, attempt=2)
    play.succeed("recheck_key[s3]", "it is Inactive", applied=False, attempt=2)
    play.succeed("verify_workload[s3]", "identity answered with the fresh key", applied=False)
    play.intend("delete_key[s3]", key)
    play.succeed("delete_key[s3]", "iam:ListAccessKeys: it is gone")
    play.writer.append(EventKind.RUN_SHREDDED, data={})
    play.writer.append(EventKind.RUN_FINISHED, data={"outcome": outcome})
