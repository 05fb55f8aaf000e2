"""`respond doctor`: a healthy world passes, and each thing that is wrong is told with its mending."""

import json
import os
import socket
import sqlite3
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

import preloaded
import pytest
from doctor_world import AWS, ONE_USER, SIMULATE, Report

from responder.doctor import Subject, examine
from responder.inventory import EXAMPLE, NoInventoryError
from responder.journal import Holder, Journal
from responder.sandbox import seed

pytest_plugins = ["doctor_world"]

SEAL_KEY = "A" * 43 + "="
NOWHERE = "http://127.0.0.1:1"  # tcpmux: nothing listens there
ENDPOINTS = {"AWS": "AWS_ENDPOINT_URL", "Modal": "MODAL_SERVER_URL", "GitHub": "GITHUB_API_URL"}


@pytest.fixture
def silent():
    """An address that takes connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"http://127.0.0.1:{server.getsockname()[1]}"


@pytest.fixture
def read_only():
    """A journal that the test may read and not write, be it run by root or not."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "journal"
        with Journal.open(folder / "journal.db") as opened:
            opened.begin("r1", Holder.current(), {})
        (folder / "journal.db").chmod(0o444)
        Path(name).chmod(0o755)
        folder.chmod(0o555)
        us = os.geteuid()
        if us == 0:
            os.seteuid(65534)
        try:
            yield folder / "journal.db"
        finally:
            os.seteuid(us)
            folder.chmod(0o755)


def respond(world, tmp_path, *arguments, **environ):
    """The command, as a process."""
    env = {"PATH": os.defpath, "HOME": str(tmp_path), "RESPOND_INVENTORY": str(EXAMPLE), **world.environ}
    env |= {"AWS_EC2_METADATA_DISABLED": "true", **environ}
    return preloaded.run("respond", *arguments, env=env)


class TestHealthy:
    def test_nothing_fails_and_nothing_is_warned_of(self, world, journal):
        report = world.examined(journal)
        assert not report.of("failed", "warning")

    def test_it_says_who_we_are_everywhere(self, world, journal):
        fine = world.examined(journal).of("ok")
        assert "aws.identity: You are arn:aws:iam::333333333333:user/respond-operator." in fine
        assert "modal.identity: You are member ada in workspace rentagpu." in fine
        assert any(line.startswith("github.identity: You are oncall.") for line in fine)

    def test_it_says_who_must_approve(self, world, journal):
        fine = "\n".join(world.examined(journal).of("ok"))
        assert "environment prod of rentagpu/executor; grace must approve" in fine
        assert "environment dev of rentagpu/executor; nobody has to approve" in fine

    def test_everything_that_the_inventory_names_is_looked_up(self, world, journal):
        fine = "\n".join(world.examined(journal).of("ok"))
        for named in (
            f"Access key {world.leaked.access_key_id} of rentagpu-s3",
            "Service user ci-dev",
            "Service user ci-prod",
            "Secret my-app-secrets of dev has AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY",
            "Secret my-app-secrets of prod",
            "function identity of app rentagpu-executor in dev",
            "function identity of app rentagpu-executor in prod",
            "MODAL_TOKEN_ID, MODAL_TOKEN_SECRET are in environment dev of rentagpu/executor",
            "MODAL_TOKEN_ID, MODAL_TOKEN_SECRET are in environment prod of rentagpu/executor",
            ".github/workflows/modal_deploy.yml of rentagpu/executor on main can be dispatched",
        ):
            assert named in fine

    @pytest.mark.parametrize("may_simulate", [True, False])
    def test_it_changes_nothing_at_any_service(self, world, journal, may_simulate):
        allowed = (*AWS, *(SIMULATE if may_simulate else ()))
        environ = world.operator("respond-careful", *allowed)

        def state():
            now = world.world()
            for user in now["aws"]["users"]:
                for key in user["access_keys"]:
                    key.pop("last_used_at")
            return json.dumps([now["aws"]["users"], now["modal"]["secrets"], now["github"]], sort_keys=True)

        before = state()
        world.examined(journal, environ)
        assert state() == before


class TestClock:
    @pytest.mark.parametrize(("seconds", "warned"), [(-90, True), (-30, False), (30, False), (90, True)])
    def test_more_than_a_minute_off_is_warned_of(self, world, journal, seconds, warned):
        report = world.examined(journal, clock=lambda: datetime.now(UTC) + timedelta(seconds=seconds))
        lines = [line for line in report.warned if "clock" in line]
        assert [line.partition(".")[0] for line in lines] == (["aws", "github"] if warned else [])
        assert all(("ahead of" if seconds > 0 else "behind") in line for line in lines)
        assert not report.failed

    def test_ages_are_told_against_what_the_inventory_allows(self, world, journal):
        fine = world.examined(journal, clock=lambda: datetime.now(UTC) + timedelta(days=80, hours=1)).of("ok")
        assert "modal.ci-prod: Service user ci-prod is 80 days old, of 90 days: due in 10 days." in fine
        sooner = timedelta(days=80, hours=1) - seed.AGE  # the key is older than the service user
        fine = world.examined(journal, clock=lambda: datetime.now(UTC) + sooner).of("ok")
        assert any(
            "rentagpu-s3 (Active) is 80 days old, of 90 days: due in 10 days." in line for line in fine
        )
        late = world.examined(journal, clock=lambda: datetime.now(UTC) + timedelta(days=91)).of("ok")
        assert "modal.ci-prod: Service user ci-prod is 91 days old, of 90 days: due to be replaced." in late


class TestHere:
    def test_a_journal_that_can_only_be_read(self, world, read_only):
        environ = {**world.environ, "RESPOND_SEAL_KEY": SEAL_KEY}
        what, mend = world.examined(read_only, environ, inventory=ONE_USER).only_failure()
        assert what == f"The journal {read_only} cannot be written: it can only be read."
        assert mend == "Make it writable for you, or name another place with `--home`."

    def test_trying_to_write_leaves_nothing_in_the_journal(self, world, journal):
        with Journal.open(journal) as opened:
            opened.begin("r1", Holder.current(), {})
        with sqlite3.connect(journal) as before:
            dump = list(before.iterdump())
        report = world.examined(journal)
        assert "journal: Its 1 events are unbroken." in report.of("ok")
        with sqlite3.connect(journal) as after:
            assert list(after.iterdump()) == dump

    def test_a_journal_that_was_edited(self, world, journal):
        with Journal.open(journal) as opened:
            opened.begin("r1", Holder.current(), {"playbook": "leak"})
        with sqlite3.connect(journal) as intruder:
            for (trigger,) in intruder.execute(
                "SELECT name FROM sqlite_master WHERE type = 'trigger'"
            ).fetchall():
                intruder.execute(f"DROP TRIGGER {trigger}")
            intruder.execute("UPDATE events SET data = replace(data, 'leak', 'lake')")
        what, mend = world.examined(journal).only_failure()
        assert what.startswith("Event 1 of the journal is not what was written")
        assert "respond audit verify" in mend

    def test_where_the_seal_key_comes_from(self, world, journal):
        environ = {**world.environ, "RESPOND_SEAL_KEY": SEAL_KEY}
        told = "seal-key: The seal key comes from the environment, RESPOND_SEAL_KEY."
        assert told in world.examined(journal, environ).of("ok")

    def test_a_seal_key_that_is_not_there_yet_is_not_made(self, world, journal, monkeypatch):
        monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.null.Keyring")
        told = "seal-key: There is none yet; one is made with the first run."
        assert told in world.examined(journal).of("ok")
        assert not list(journal.parent.parent.rglob("keys"))

    def test_the_seal_key_of_the_home_is_found(self, world, journal):
        key = journal.parent.parent / "keys" / "seal.key"
        key.parent.mkdir(parents=True)
        key.write_text(SEAL_KEY + "\n")
        key.chmod(0o600)
        assert f"seal-key: The seal key comes from the file {key}." in world.examined(journal).of("ok")

    def test_a_seal_key_that_others_may_read(self, world, journal):
        key = journal.parent.parent / "keys" / "seal.key"
        key.parent.mkdir(parents=True)
        key.write_text(SEAL_KEY + "\n")
        key.chmod(0o644)
        what, mend = world.examined(journal).only_failure()
        assert "Others may read the seal key" in what
        assert f"chmod 600 {key}" in mend


class TestUnreachable:
    @pytest.mark.parametrize("service", ENDPOINTS)
    def test_a_service_that_refuses_connections_is_told_once(self, world, journal, service):
        report = world.examined(journal, {**world.environ, ENDPOINTS[service]: NOWHERE})
        what, mend = report.only_failure()
        assert what.endswith(f"Nothing else was asked of {service}.")
        assert mend

    @pytest.mark.parametrize("service", ENDPOINTS)
    def test_a_service_that_says_nothing_holds_nobody_up(self, world, journal, silent, service):
        report = world.examined(journal, {**world.environ, ENDPOINTS[service]: silent}, patience=5.0)
        what, mend = report.only_failure()
        assert what == f"No answer from {service} within 5 s. Nothing else was asked of {service}."
        assert "respond doctor" in mend
        others = {line.partition(".")[0] for line in report.of("ok")}
        assert {"aws", "modal", "github"} - others == {service.lower()}


class TestInventory:
    def test_none_is_a_warning_that_says_how_to_begin(self, world, journal):
        def nowhere():
            raise NoInventoryError("There is no inventory.", next_step="cp example respond.toml")

        connections = world.connections(world.environ)
        subject = Subject(
            connections, world.environ, journal.parent.parent, journal, nowhere, lambda: datetime.now(UTC)
        )
        report = Report(examine(subject))
        assert report.only_warning() == (
            "There is no inventory. What leaks can be contained, not replaced.",
            "cp example respond.toml",
        )
        assert not report.failed


class TestCommand:
    def test_a_healthy_world_ends_with_0_and_no_secret_on_the_screen(self, world, tmp_path):
        done = respond(world, tmp_path, "doctor")
        assert done.returncode == 0, done.stdout + done.stderr
        assert done.stdout.splitlines()[-1].endswith("0 warning, 0 failed")
        secrets = [
            world.environ[name] for name in ("AWS_SECRET_ACCESS_KEY", "MODAL_TOKEN_SECRET", "GITHUB_TOKEN")
        ]
        assert not [secret for secret in secrets if secret in done.stdout + done.stderr]

    def test_a_failure_ends_with_5_and_its_mending_is_on_one_line(self, world, tmp_path):
        world.change_workflow("      request:\n", "      asker:\n")
        done = respond(world, tmp_path, "doctor", COLUMNS="40")
        assert done.returncode == 5
        mends = [
            line for line in done.stdout.splitlines() if line.strip().startswith("Mend: Edit modal_deploy")
        ]
        assert len(mends) == 2
        assert all(line.endswith('put `request: {type: string, default: ""}`.') for line in mends)

    def test_json_is_one_object_a_line_and_silence_of_a_service_is_told_in_10_seconds(
        self,
        world,
        tmp_path,
        silent,
    ):
        done = respond(world, tmp_path, "doctor", "--json", GITHUB_API_URL=silent)
        assert done.returncode == 5
        lines = [json.loads(line) for line in done.stdout.splitlines()]
        assert all(line.keys() == {"check", "level", "what", "mend"} for line in lines)
        [failed] = [line for line in lines if line["level"] == "failed"]
        assert failed["check"] == "github.identity"
        assert "within 8.5 s" in failed["what"], "it is on the screen within 10"
        assert any(line["check"] == "aws.permissions" for line in lines)

    def test_only_what_the_named_playbook_needs_is_checked(self, world, tmp_path):
        (tmp_path / "small.yaml").write_text(
            "name: small\ntitle: Small\nsummary: Small.\nstrategies: {one: The one.}\n"
            "steps:\n  - id: look\n    title: Prove a key\n    phase: recover\n"
            "    uses: aws.prove_access_key\n"
            "    for_each: ${{ exposure.access_keys }}\n    if: ${{ each.secret }}\n"
            "    with: {user: '${{ each.user }}', access_key_id: '${{ each.identifier }}', "
            "secret: '${{ each.secret }}'}\n"
        )
        limited = world.operator("respond-small", *SIMULATE, "iam:ListAccessKeys", "s3:*")
        for playbook, code in (("leak", 5), (str(tmp_path / "small.yaml"), 0)):
            done = respond(world, tmp_path, "doctor", "--playbook", playbook, **limited)
            assert done.returncode == code, done.stdout + done.stderr

    def test_a_playbook_that_is_not_there_is_the_command_lines_mistake(self, world, tmp_path):
        done = respond(world, tmp_path, "doctor", "--playbook", "leek")
        assert done.returncode == 2
        assert "Did you mean `leak`?" in done.stderr
