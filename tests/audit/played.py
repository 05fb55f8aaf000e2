"""A run as the engine writes it, in five events."""

from datetime import UTC, datetime, timedelta

from responder.journal import EventKind, Holder, Journal

ACCOUNTS = {
    "aws": "arn:aws:iam::123456789012:user/respond-operator",
    "modal": "member ada in workspace rentagpu",
    "github": "oncall",
    "local": "ada@laptop",
}
STEP = {
    "id": "deactivate_key[s3]",
    "title": "Deactivate the leaked AWS key",
    "label": "s3",
    "credential": "s3",
    "phase": "contain",
    "action": "aws.deactivate_access_key",
    "irreversible": False,
}
REQUEST = {"provider": "aws", "operation": "iam:ListAccessKeys", "id": "req-1"}


class Clock:
    """Starts at three in the morning and goes on by a second each time it is read."""

    def __init__(self) -> None:
        self.now = datetime(2026, 1, 31, 3, tzinfo=UTC)

    def __call__(self) -> datetime:
        self.now += timedelta(seconds=1)
        return self.now


def started(**more):
    return {
        "version": "1.2.3",
        "playbook": {"name": "leak.yaml", "text": "steps: []\n"},
        "operator": ACCOUNTS,
        "steps": [STEP],
        **more,
    }


def play(journal: Journal, run: str, holder: Holder, *, finish: bool = True) -> None:
    """A run of one step; five events with its end, four without."""
    writer = journal.begin(run, holder, started())
    step, evidence = STEP["id"], "iam:ListAccessKeys: AKIA is Inactive"
    what = {"action": STEP["action"], "digest": "d", "input": {"user": "u"}, "seen": {}}
    writer.append(EventKind.STEP_INTENDED, step=step, attempt=1, data=what)
    writer.append(EventKind.STEP_APPLIED, step=step, attempt=1, data={"output": {}, "requests": [REQUEST]})
    proof = {"action": STEP["action"], "applied": True, "evidence": evidence, "output": {}}
    writer.append(EventKind.STEP_SUCCEEDED, step=step, attempt=1, data=proof)
    if finish:
        writer.append(EventKind.RUN_FINISHED, data={"outcome": "succeeded"})
