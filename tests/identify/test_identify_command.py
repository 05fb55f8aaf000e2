"""`respond identify` as a person types it, and `respond leak` with what it finds."""

import json
import signal
import socket
import sqlite3
import subprocess

import pytest
from click.testing import CliRunner
from incident import RESPOND
from leaky import REPOSITORY, of_key, of_session, of_token

from responder.bundled import bundled
from responder.cli import cli
from responder.errors import Exit, InputError, RefusedError
from responder.inventory import EXAMPLE
from responder.sandbox.github.leaks import Location

pytest_plugins = ("leaky",)

STUCK = """\
name: stuck
title: t
summary: s
strategies: {contain-first: now}
options: {redeploy: {help: h}, delete_key: {help: h}}
steps:
- id: deactivate_key
  title: Deactivate
  phase: contain
  uses: aws.deactivate_access_key
  for_each: ${{ exposure.access_keys }}
  with: {user: nobody-of-that-name, access_key_id: '${{ each.identifier }}'}
"""


@pytest.fixture(scope="module")
def leaked(company):
    """The keys of the inventory's user, and its leaked file."""
    _, key = company.user(name="rentagpu-s3")
    return key, f"{of_key(key)}\n{of_token(company.ci_prod)}"


@pytest.fixture
def respond(company, monkeypatch, tmp_path):
    """Typed in this process; gives its exit code and what it said, or raises its error."""
    for name, value in {**company.environ, "RESPOND_INVENTORY": str(EXAMPLE), "COLUMNS": "80"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.null.Keyring")
    monkeypatch.chdir(tmp_path)

    def typed(*arguments, given=None):
        words = ["--home", str(tmp_path / "home"), *map(str, arguments)]
        done = CliRunner().invoke(cli, words, input=given, standalone_mode=False)
        if done.exception:
            raise done.exception
        return done.return_value, done.stdout, done.stderr

    return typed


def test_identify_says_what_leaked_and_what_to_type_next_and_leaves_nothing(respond, leaked, tmp_path):
    key, text = leaked
    (tmp_path / "prod.env").write_text(text)
    code, out, err = respond("identify", "prod.env")

    assert code == Exit.DONE
    for said in (
        "LIVE",
        "IAM user rentagpu-s3",
        "service user ci-prod",
        "s3:GetObject",
        "is read by Modal app",
    ):
        assert said in out
    assert out.endswith("\nNothing was changed. Next: respond leak prod.env\n")
    assert max(map(len, out.splitlines())) <= 80
    assert key.secret_access_key not in out + err
    assert not (tmp_path / "home").exists()


def test_identify_for_machines_is_one_object_a_line_also_for_what_is_not_whole(respond, leaked, tmp_path):
    (tmp_path / "a.env").write_text(leaked[1] + "MODAL_TOKEN_ID=ak-cut\n")
    _, out, _ = respond("identify", "--json", "--file", "a.env")
    key, token, cut = map(json.loads, out.splitlines())
    assert (key["kind"], key["life"], key["credential"]) == ("aws-access-key", "live", "s3")
    assert (token["kind"], token["owner"]) == ("modal-service-user", "service user ci-prod, made by ada")
    assert cut["where"] == "a.env, line 6"


def test_where_it_is_kept_is_told_by_the_services_where_no_inventory_says_it(
    respond, company, leaked, monkeypatch, request
):
    monkeypatch.delenv("RESPOND_INVENTORY")
    pair = {"AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "x"}
    before = company.modal.snapshot()
    request.addfinalizer(lambda: company.modal.restore(before))
    company.modal.add_secret("tools", "prod", pair, created_by="ada")
    _, out, err = respond("identify", "-", given=leaked[1])
    assert "respond inventory discover" in " ".join(err.split())
    assert "reaches    ! may be held in Modal Secret prod/tools  AWS_ACCESS_KEY_ID and" in out
    assert "! is not in the inventory" in out
    _, out, _ = respond("identify", "--json", "-", given=leaked[1])
    (reached,) = json.loads(out.splitlines()[0])["reaches"]
    assert (reached["to"], reached["in_inventory"]) == ("Modal Secret prod/tools", False)


def test_a_draft_that_does_not_say_yet_whose_a_credential_is_says_so(respond, leaked, monkeypatch, tmp_path):
    monkeypatch.delenv("RESPOND_INVENTORY")
    owned, asked = 'user = "rentagpu-s3"', 'user = "CHOOSE: whose?"'
    (tmp_path / "respond.toml").write_text(EXAMPLE.read_text().replace(owned, asked))
    _, out, err = respond("identify", "-", given=leaked[1])
    assert "respond.toml does not say yet whose it is: s3." in " ".join(err.split())
    assert "inventory  not in it" in out


def test_whoever_was_not_answered_gets_exit_code_5_and_no_claim(respond, leaked, monkeypatch):
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "x" * 40)
    code, out, _ = respond("identify", "-", given=leaked[1])
    assert code == Exit.UNAVAILABLE
    assert "inventory  not known" in out
    assert "--probe asks as the leaked credentials themselves" in out
    assert respond("identify", "--json", "-", given=leaked[1])[0] == Exit.UNAVAILABLE


def test_secrets_without_identifiers_are_answered_with_where_to_look_for_these(respond, leaked):
    with pytest.raises(InputError, match="secrets without their identifiers") as refused:
        respond("identify", "-", given=f"AWS_SECRET_ACCESS_KEY={leaked[0].secret_access_key}\n")
    assert "respond identify AKIA…" in refused.value.next_step


def test_what_came_by_a_pipe_is_named_by_its_identifiers_and_probed_where_that_is_allowed(respond, leaked):
    key, text = leaked
    _, out, _ = respond("identify", "--probe", "-", given=text)
    assert f"Next: respond leak {key.access_key_id} ak-" in out
    assert "asked with the key itself" in " ".join(out.split())


def test_leak_denies_a_session_and_names_at_its_end_what_nobody_could_contain(respond, company, tmp_path):
    """A session leaked, beside a whole secret that has no id and an id that is cut."""
    user, key = company.user()
    session = company.client("sts", key).get_session_token()["Credentials"]
    lone = "as-7HdJ4gKf6MtVq2RxN9sLwB"
    (tmp_path / "s.env").write_text(
        f"{of_session(session)}MODAL_TOKEN_SECRET={lone}\nOTHER_MODAL_TOKEN=wk-cut\n"
    )
    quick = (bundled("playbooks") / "leak.yaml").read_text().replace("wait: 10s", "wait: 0s")
    (tmp_path / "leak.yaml").write_text(quick)
    code, out, err = respond("leak", "s.env", "--yes", "--playbook", "leak.yaml")

    assert code == Exit.INCOMPLETE
    (truth,) = [one for one in company.aws.world()["users"] if one["name"] == user]
    denied = truth["inline_policies"]["respond-deny-sessions"]["Statement"][0]
    assert (denied["Effect"], denied["Action"]) == ("Deny", "*")
    assert [one["status"] for one in truth["access_keys"]] == ["Active"]
    end = " ".join(out.split())
    assert "(modal-token) was not contained" in end
    assert "a Modal token's secret without its id" in end
    assert "s.env, line 5: a Modal proxy token's id" in end
    rows = sqlite3.connect(tmp_path / "home" / "journal" / "journal.db").execute("SELECT data FROM events")
    journal = "\n".join(str(data) for (data,) in rows)
    assert "s.env, line 5" in journal
    secrets = (lone, session["SecretAccessKey"], session["SessionToken"])
    assert not any(value in journal + out + err for value in secrets)


def test_leak_denies_the_session_of_a_role(respond, company, tmp_path):
    role, session = company.role()
    (tmp_path / "s.env").write_text(of_session(session))
    quick = (bundled("playbooks") / "leak.yaml").read_text().replace("wait: 10s", "wait: 0s")
    (tmp_path / "leak.yaml").write_text(quick)
    code, out, _ = respond("leak", "s.env", "--yes", "--playbook", "leak.yaml")
    assert code == Exit.DONE, out
    (truth,) = [one for one in company.aws.world()["roles"] if one["name"] == role]
    assert "respond-deny-sessions" in truth["inline_policies"]
    assert "refused by explicit deny" in respond("show")[1] + respond("report", "--md")[1]


def test_another_key_of_what_a_run_is_replacing_is_shown_that_run(respond, company, leaked, tmp_path):
    key, _ = leaked
    (tmp_path / "stuck.yaml").write_text(STUCK)
    code, _, _ = respond("leak", key.access_key_id, "--yes", "--playbook", "stuck.yaml")
    assert code == Exit.INCOMPLETE
    (run,) = [json.loads(line)["run"] for line in respond("runs", "--json")[1].splitlines()]
    second = company.aws.add_access_key("rentagpu-s3")
    with pytest.raises(RefusedError, match=f"Run {run} is about s3"):
        respond("leak", second.access_key_id, "--dry-run")
    _, out, _ = respond("identify", key.access_key_id)
    assert f"Run {run} is on {key.access_key_id}: respond show {run} --follow" in " ".join(out.split())
    assert "Run " not in respond("identify", second.access_key_id)[1]


def test_ctrl_c_twice_while_services_are_asked_ends_at_once_with_one_line(company, leaked, tmp_path):
    (tmp_path / "prod.env").write_text(leaked[1])
    with socket.create_server(("127.0.0.1", 0)) as silent:
        away = {"AWS_ENDPOINT_URL": f"http://127.0.0.1:{silent.getsockname()[1]}", "HOME": str(tmp_path)}
        command = [*RESPOND, "--home", str(tmp_path), "leak", str(tmp_path / "prod.env")]
        env = {**company.environ, **away, "RESPOND_INVENTORY": str(EXAMPLE)}
        with subprocess.Popen(command, env=env, stderr=subprocess.PIPE, text=True) as process:
            silent.settimeout(60)
            asked, _ = silent.accept()
            process.send_signal(signal.SIGINT)
            process.send_signal(signal.SIGINT)
            said = process.stderr.read()
            code = process.wait(60)
        asked.close()
    assert code == Exit.INTERRUPTED
    assert said.splitlines() == ["Stopped on request. Nothing more was done."]


def test_the_alert_that_named_the_leak_is_resolved_when_its_own_value_is_dead_and_no_other(company, respond):
    token = company.github.add_token("grace")
    leaks = company.github.leaks
    sha = leaks.commit(REPOSITORY, {"c.env": f"GITHUB_TOKEN={token}\n".encode()}, "Add", by="grace")
    places = [Location("commit", commit=sha, path="c.env")]
    about_it = leaks.alert(REPOSITORY, token, "github_personal_access_token", "GitHub Token", places)
    beside_it = leaks.alert(REPOSITORY, "as-7HdJ4gKf6MtVq2RxN9sLwB", "modal_token", "Modal Token", places)
    code, out, _ = respond("leak", about_it, beside_it, "--yes")
    assert code == Exit.INCOMPLETE, "of the token beside it only the secret is known"
    assert f"Resolve secret-scanning alert {about_it} of {REPOSITORY} (GitHub Token) as revoked" in " ".join(
        out.split()
    )
    alerts = company.github.world()["repositories"][REPOSITORY]["alerts"]
    assert (alerts[about_it], alerts[beside_it]) == ("revoked", None)
