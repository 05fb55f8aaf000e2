"""What a run leaves for an auditor: who did what, found again in the providers' logs, vouched for outside."""

import json
import shutil
import sqlite3
from contextlib import closing

import pytest
from incident import RESPOND

from responder.errors import Exit

REPOSITORY = "rentagpu/executor"


@pytest.fixture
def done(incident, quick_playbook, tmp_path):
    """A whole run, and a way to ask about it."""
    incident.reset()

    def respond(*arguments):
        return incident.run(*RESPOND, "--home", str(tmp_path / "home"), *arguments)

    run = respond("leak", "--playbook", str(quick_playbook), "--file", str(incident.leak), "--yes")
    assert run.returncode == Exit.DONE, run.stderr
    return run, respond


def test_a_run_is_matched_with_the_providers_logs_and_anchored_where_its_operator_cannot_follow(
    done, incident, tmp_path
):
    run, respond = done
    lines = respond("audit", "log", "--json").stdout.splitlines()
    records = [json.loads(line) for line in lines]
    for record in records:
        assert record["actor"]["user"]
        assert record["actor"]["accounts"]["aws"].endswith(":user/respond-operator")
        assert len(record["playbook"]["sha256"]) == (64 if record["run"] else 0)  # before it, the session got
    for record in records:
        provider = ((record["step"] or {}).get("action") or "").partition(".")[0]
        if record["outcome"] == "applied" and provider in ("aws", "github"):
            assert provider in {request["provider"] for request in record["requests"]}, record
    [created] = [
        request
        for record in records
        for request in record["requests"]
        if request["operation"] == "iam:CreateAccessKey"
    ]
    assert created["id"]

    assert f"Checkpoint of {len(records)} events: s3://rentagpu-audit/" in run.stderr
    [comment] = incident.world()["github"]["repositories"][REPOSITORY]["issues"]["1"]
    assert f"at {len(records)} events" in comment["body"]
    verified = respond("audit", "verify", "--anchor")
    assert "3 checkpoints signed by respond/" in verified.stdout
    assert "2 of them anchored outside" in verified.stdout

    journal = tmp_path / "home" / "journal"
    shutil.rmtree(journal / "checkpoints")
    with closing(sqlite3.connect(journal / "journal.db", isolation_level=None)) as intruder:
        guards = intruder.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'").fetchall()
        for name, _ in guards:
            intruder.execute(f"DROP TRIGGER {name}")
        intruder.execute("DELETE FROM events WHERE seq > 20")
        intruder.execute("UPDATE sqlite_sequence SET seq = 20")
        for _, guard in guards:
            intruder.execute(guard)
    assert respond("audit", "verify").returncode == Exit.DONE
    found = respond("audit", "verify", "--anchor")
    assert found.returncode == Exit.TAMPERED
    assert "the journal ends at event 20" in found.stderr
