"""Journals as runs write them, with times and outcomes of a test's choice, and secrets really sealed."""

import base64
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from responder.engine.record import freeze, shown
from responder.exposure import (
    Exposure,
    GithubEnvironmentPlacement,
    LeakedAccessKey,
    LeakedServiceUser,
    ModalSecretPlacement,
    Unidentified,
    Workload,
)
from responder.found import Kind
from responder.journal import EventKind, Holder, Journal, Seals, Writer
from responder.secret import Secret

BEGAN = datetime(2026, 1, 31, 3, tzinfo=UTC)
CONFIRMED = 30.0  # seconds after that
SEAL_KEY = base64.b64encode(b"k" * 32).decode()
HOLDER = Holder("laptop", 4711, "boot ns 1", "ada")
LEAKED, FRESH, TOKEN = "canary-leaked-aWSsEcReT0001", "canary-fresh-aWSsEcReT0002", "canary-token-as-0003"
KEY_ID, FRESH_ID = "AKIAAAAAAAAAAAAAAAAA", "AKIABBBBBBBBBBBBBBBB"

STEPS = (
    # id, title, credential, label, phase, action, wait
    ("deactivate_key[s3]", "Deactivate the key", "s3", "s3", "contain", "aws.deactivate_access_key", 0),
    ("deny_sessions[s3]", "Deny the sessions", "s3", "s3", "contain", "aws.deny_sessions", 0),
    ("delete_user[ci]", "Delete the user", "ci", "ci", "contain", "modal.delete_service_user", 0),
    ("recheck_key[s3]", "Look again", "s3", "s3", "contain", "aws.deactivate_access_key", 10),
    ("create_key[s3]", "Create a fresh key", "s3", "s3", "rotate", "aws.create_access_key", 0),
    ("update_secret[prod/app]", "Update the Secret", "s3", "prod/app", "recover", "modal.update_secret", 0),
    ("redeploy[web]", "Redeploy", None, "web", "recover", "github.run_workflow", 0),
    ("verify[web]", "Prove the workload", None, "web", "recover", "modal.verify_workload", 0),
)


def exposure(*, note="", unidentified=False, life="live"):
    return Exposure(
        source="prod.env",
        seen_at=BEGAN,
        access_keys=(
            LeakedAccessKey(
                credential="s3",
                known=True,
                identifier=KEY_ID,
                secret=Secret(LEAKED),
                life="live",
                user="rentagpu-s3",
                note=note,
            ),
        ),
        service_users=(
            LeakedServiceUser(
                credential="ci",
                known=True,
                identifier="ak-1",
                secret=Secret(TOKEN),
                life=life,
                name="ci",
                base="ci",
                roles={"prod": "contributor"},
            ),
        ),
        unidentified=(
            Unidentified(kind=Kind.GITHUB_TOKEN, identifier="sha256:abc", note="GitHub knows it not."),
        )
        if unidentified
        else (),
        modal_secrets=(
            ModalSecretPlacement(
                credential="s3", environment="prod", secret="app", identifier_key="ID", secret_key="SECRET"
            ),
        ),
        github_environments=(
            GithubEnvironmentPlacement(
                credential="ci",
                repository="rentagpu/executor",
                environment="prod",
                identifier_key="ID",
                secret_key="SECRET",
            ),
        ),
        workloads=(Workload(name="web", app="executor", environment="prod", function="identity"),),
    )


@dataclass
class Tale:
    """A journal being written. Times are seconds from the confirmation of the run."""

    home: Path
    now: datetime = BEGAN
    began: datetime = BEGAN
    run: str = ""
    journal: Journal = field(init=False, repr=False)
    seals: Seals = field(init=False, repr=False)
    writer: Writer = field(init=False, repr=False)

    def __post_init__(self):
        self.path = self.home / "journal" / "journal.db"
        self.journal = Journal.open(self.path, clock=lambda: self.now)
        self.seals = Seals(self.journal, Secret(SEAL_KEY))

    def begin(
        self,
        run="r1",
        began=BEGAN,
        exposed=None,
        inactive=(),
        steps=STEPS,
        without=(),
        playbook="leak.yaml",
        **changed,
    ):
        """`changed` is put into the exposure's first access key as the journal has it."""
        self.run, self.began, self.now = run, began, began + timedelta(seconds=CONFIRMED)
        frozen = freeze(exposed or exposure(), self._seal, "exposure")
        if changed:
            frozen["access_keys"][0].update(changed)
        for kind, name in without:
            for one in frozen[kind]:
                one.pop(name, None)
        self.writer = self.journal.begin(
            run,
            HOLDER,
            {
                "version": "0.1",
                "playbook": {"name": playbook, "text": "name: leak\n"},
                "exposure": frozen,
                "options": {"redeploy": "workflow", "delete_key": None},
                "strategy": "contain-first",
                "began_at": began.isoformat(),
                "confirmed_at": self.now.isoformat(),
                "confirmed_by": "typed prod",
                "operator": {"local": "ada@laptop", "aws": "arn:aws:iam::1:user/op"},
                "steps": [_described(step, active=step[0] not in inactive) for step in steps],
            },
        )
        return self

    def proves(
        self, step, at, took=0.2, evidence="the service said so", output=None, *, attempt=1, undone=""
    ):
        """`undone`: the step that had proven it, where it was found that somebody undid it."""
        self.intends(step, at - took, attempt=attempt, undone=undone)
        frozen = freeze(output or {}, self._seal, f"{step}/{attempt}")
        self._add(EventKind.STEP_APPLIED, step, at - took / 2, attempt, {"output": frozen})
        data = {"action": "x", "output": frozen, "evidence": evidence, "applied": True}
        self._add(EventKind.STEP_SUCCEEDED, step, at, attempt, data)
        return self

    def finds_so(self, step, at, evidence="it was so"):
        data = {"action": "x", "output": {}, "evidence": evidence, "applied": False}
        return self._add(EventKind.STEP_SUCCEEDED, step, at, 1, data)

    def intends(self, step, at, *, attempt=1, undone=""):
        given = shown({"secret": Secret(LEAKED)})
        data = {"action": "x", "input": given, "digest": "d", "seen": {}}
        data |= {"undone": {"step": undone, "why": "It is live."}} if undone else {}
        return self._add(EventKind.STEP_INTENDED, step, at, attempt, data)

    def retries(self, step, at, why="503", *, attempt=1):
        return self._add(EventKind.STEP_RETRIED, step, at, attempt, {"why": why, "pause_seconds": 1})

    def fails(self, step, at, why="AccessDenied", kind=EventKind.STEP_FAILED, *, attempt=1):
        data = {"action": "x", "code": "denied", "why": why, "state": "s", "next_step": "Allow it."}
        return self._add(kind, step, at, attempt, data)

    def looks(self, step, at, result, *, attempt=1):
        return self._add(EventKind.STEP_CHECKED, step, at, attempt, {"result": result, "detail": "a look"})

    def ends(self, at):
        self.now = self.began + timedelta(seconds=CONFIRMED + at)
        self.seals.shred(self.run)
        self.writer.append(EventKind.RUN_FINISHED, data={"outcome": "succeeded"})
        return self

    def goes_well(self, slow=0.0):
        """All of it; the redeployment takes `slow` seconds more."""
        self.proves("deactivate_key[s3]", 0.6).proves("deny_sessions[s3]", 1.2).proves("delete_user[ci]", 1.4)
        fresh = {"identifier": FRESH_ID, "secret": Secret(FRESH)}
        self.proves("create_key[s3]", 2.0, output=fresh).proves("update_secret[prod/app]", 2.6)
        self.finds_so("recheck_key[s3]", 11.0)
        self.proves("redeploy[web]", 20.0 + slow, took=15 + slow).finds_so("verify[web]", 21.0 + slow)
        return self.ends(22.0 + slow)

    def _add(self, kind, step, at, attempt, data):
        self.now = max(self.now, self.began + timedelta(seconds=CONFIRMED + at))
        self.writer.append(kind, step=step, attempt=attempt, data=data)
        return self

    def _seal(self, label, secret):
        return self.seals.seal(self.run, label, secret)


def _described(step, *, active):
    name, title, credential, label, phase, action, wait = step
    return {
        "id": name,
        "title": title,
        "label": label,
        "credential": credential,
        "phase": phase,
        "action": action,
        "irreversible": False,
        "needs": [],
        "wait_seconds": wait,
        "active": active,
    }
