"""`respond check`: the guide's baseline passes every point, and what cannot be told is never a pass."""

import json
import os
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import jsonschema
import pytest
from apart_inventory import apart
from check_world import (
    ENVIRONMENTS,
    QUICK,
    add_workflow,
    commit,
    implicit_environment,
    looked,
    no_reviewers,
    of,
    silent_permissions,
    team_in_which_each_approves_their_own,
    verdicts,
)
from click.testing import CliRunner
from doctor_world import load

from responder.checklist import POINTS, Facts, examine
from responder.cli import cli
from responder.errors import InputError
from responder.found import Kind
from responder.inventory import Credential, Inventory
from responder.sandbox import seed
from responder.sandbox.aws.kept_trail import Keeping

pytest_plugins = ["doctor_world", "check_world"]

ROOT = Path(__file__).parents[2]


def test_the_guides_baseline_passes_every_point(broken, baseline, project):
    [twin, *_] = baseline.workloads
    workloads = (*baseline.workloads, twin.model_copy(update={"name": "of-the-same-environment"}))
    inventory = baseline.model_copy(update={"workloads": workloads})
    results = looked(broken, project, inventory, POINTS)
    assert verdicts(results) == {}, [one.looks for one in results if one.verdict != "pass"]
    assert len(results) == len(POINTS)


def test_values_that_two_environments_share_are_found_without_being_read(broken, baseline, project):
    same = {"HF_TOKEN": "hf_of-both-environments"}
    for name in ENVIRONMENTS:
        broken.modal.set_secret_values("my-app-secrets", name, same)
    results = looked(broken, project, baseline, POINTS)
    assert verdicts(results) == {"isolation": "fail"}
    told = of(results, "isolation")
    assert "run with the same HF_TOKEN." in told
    assert same["HF_TOKEN"] not in repr(results)


def isolation_of(world, project, inventory):
    return looked(world, project, inventory, [point for point in POINTS if point.id == "isolation"])


def test_a_value_that_has_another_name_there_is_the_same_value(broken, baseline, project):
    broken.modal.set_secret_values("my-app-secrets", "dev", {"HF_TOKEN": "hf_of-both", "S3_BUCKET": "dev"})
    broken.modal.set_secret_values("my-app-secrets", "prod", {"HUB_TOKEN": "hf_of-both"})
    results = isolation_of(broken, project, baseline)
    assert "run with the same HF_TOKEN (there HUB_TOKEN)." in of(results, "isolation")


def test_one_token_that_deploys_to_both_environments_is_shared(broken, baseline, project):
    def change(state):
        for app in state.apps.values():
            app.versions[-1].deployed_by = "ci-prod"

    broken.change_modal(change)
    results = isolation_of(broken, project, baseline)
    assert "dev and prod were both deployed by ci-prod" in of(results, "isolation")


def test_a_credential_of_two_environments_is_told_from_the_inventory_alone(broken, project):
    results = looked(broken, project, load())
    assert "s3 is in dev and prod" in of(
        looked(broken, project, load(), [p for p in POINTS if p.id == "isolation"]), "isolation"
    )
    assert verdicts(results) == {}


def test_a_workflow_that_cannot_be_read_leaves_the_others_to_be_judged(broken, baseline, project):
    add_workflow(broken, "odd.yml", "jobs: [\n")
    results = looked(broken, project, baseline)
    about = ("workflow-permissions", "explicit-environment")
    assert verdicts(results) == dict.fromkeys(about, "cannot tell")
    assert all("odd.yml does is not known" in of(results, one) for one in about)

    silent_permissions(broken, project)
    implicit_environment(broken, project)
    results = looked(broken, project, baseline)
    assert verdicts(results) == dict.fromkeys(about, "fail")
    assert "odd.yml does is not known" in of(results, "workflow-permissions")
    assert "says no `permissions:`" in of(results, "workflow-permissions")


@pytest.mark.parametrize(
    ("script", "explicit"),
    [
        ("MODAL_ENVIRONMENT=prod modal deploy app.py", True),
        ("modal deploy \\\n  --env prod app.py", True),
        ("modal deploy app.py -e prod", True),
        ("modal deploy -e dev a.py\nmodal deploy b.py", False),
        ("modal run app.py", False),
        ("modal deploy ${{ inputs.a || 'a.py' }} -e dev", True),
        ("echo MODAL_ENVIRONMENT=dev >> $GITHUB_ENV", True),
        ("MODAL_ENVIRONMENT=dev modal deploy a.py; modal deploy b.py", False),
        ("echo $MODAL_ENVIRONMENT; modal deploy app.py", False),
    ],
)
def test_each_command_must_say_where_it_deploys_to(broken, baseline, project, script, explicit):
    steps = [{"run": script}, {"run": "modal deploy c.py" if "GITHUB_ENV" in script else "true"}]
    text = {"on": "push", "permissions": {}, "jobs": {"a": {"runs-on": "x", "steps": steps}}}
    add_workflow(broken, "more.yml", json.dumps(text))
    points = [point for point in POINTS if point.id == "explicit-environment"]
    assert (verdicts(looked(broken, project, baseline, points)) == {}) is explicit


def test_reviewers_who_may_not_approve_their_own_will_do_be_they_a_team_or_people(broken, baseline, project):
    points = [point for point in POINTS if point.id == "protection"]
    team_in_which_each_approves_their_own(broken, project)
    broken.github.add_environment(
        seed.REPOSITORY, "prod", teams=["release"], branches=["main"], prevent_self_review=True
    )
    [result] = looked(broken, project, baseline, points)
    assert [look.evidence for look in result.looks] == [
        f"release must approve what is deployed to environment prod of {seed.REPOSITORY}.",
        f"Only main may deploy to environment prod of {seed.REPOSITORY}.",
    ]


def test_a_team_that_is_not_shown_is_never_a_pass(broken, baseline, project):
    team_in_which_each_approves_their_own(broken, project)
    stranger = broken.github.add_token("grace")
    state = broken.github.snapshot()
    del state.people["rentagpu"].members["grace"]
    broken.github.restore(state)
    connections = broken.connections({**broken.environ, "GITHUB_TOKEN": stranger})
    facts = Facts(connections, baseline, project, datetime.now(UTC))
    [result] = examine(facts, [point for point in POINTS if point.id == "protection"])
    assert result.verdict == "cannot tell"
    assert "is not shown it" in result.looks[0].evidence


@pytest.mark.parametrize("silent", [None, 100_000])
def test_a_trail_that_has_long_written_nothing_may_be_lost(broken, baseline, project, silent):
    broken.aws.keep_trail(Keeping(silent=silent))
    results = looked(broken, project, baseline)
    assert verdicts(results) == {"logs": "cannot tell"}
    assert "has written nothing for a day" in of(results, "logs")


def test_what_the_inventory_names_and_nobody_has_is_never_a_pass(broken, baseline, project, tmp_path):
    text = apart().replace("rentagpu-s3-prod", "gone").replace("ci-prod", "gone-too")
    (tmp_path / "respond.toml").write_text(text.replace("rentagpu-executor", "no-such-app"))
    inventory = Inventory.load(tmp_path / "respond.toml", {}, tmp_path)
    results = looked(broken, project, inventory)
    untold = ("policies", "ages", "personal-tokens")
    assert verdicts(results) == {**dict.fromkeys(untold, "cannot tell"), "roles": "fail"}
    assert "ci-prod is contributor in prod, and respond.toml does not know it" in of(results, "roles")
    for point in ("roles", *untold):
        assert "respond.toml" in of(results, point) or "gone" in of(results, point)


def test_where_there_is_nothing_to_look_at_that_is_said(broken, project):
    results = looked(broken, project, Inventory(), POINTS)
    assert all(result.looks for result in results)
    assert "names nothing to look at" in of(results, "ages")
    assert "respond inventory discover" in of(results, "workflow-permissions")


def test_a_file_that_nobody_may_read_is_no_clean_one(broken, baseline, project):
    (project / "huge.bin").write_bytes(b"")
    commit(project)
    os.truncate(project / "huge.bin", 20_000_001)
    results = looked(broken, project, baseline)
    assert verdicts(results) == {"plaintext": "cannot tell"}
    assert "huge.bin was not read" in of(results, "plaintext")


def test_where_git_tracks_nothing_nothing_is_clean(broken, baseline, tmp_path):
    subprocess.run(["git", "init", "-q", tmp_path], check=True)
    points = [point for point in POINTS if point.id == "plaintext"]
    assert verdicts(looked(broken, tmp_path, baseline, points)) == {"plaintext": "cannot tell"}


def test_what_has_grown_too_old_is_named_with_the_command_that_replaces_it(broken, baseline, project):
    later = datetime.now(UTC) + timedelta(days=100)
    points = [point for point in QUICK if point.id != "logs"]
    results = looked(broken, project, baseline, points, now=later)
    assert verdicts(results) == {"ages": "fail"}
    assert "respond rotate s3-prod" in of(results, "ages")


def test_without_a_policy_it_may_grow_as_old_as_it_likes(broken, baseline, project, tmp_path):
    (tmp_path / "respond.toml").write_text(apart().replace('max_age = "90d"', ""))
    inventory = Inventory.load(tmp_path / "respond.toml", {}, tmp_path)
    assert verdicts(looked(broken, project, inventory)) == {"ages": "fail"}


def test_a_journal_that_is_anchored_nowhere_fails(broken, baseline, project):
    nowhere = baseline.model_copy(update={"audit": type(baseline.audit)()})
    assert verdicts(looked(broken, project, nowhere)) == {"anchors": "fail"}


@pytest.mark.parametrize(
    ("bucket", "says"), [("rentagpu-artifacts", "Object Lock is off"), ("gone", "and there is none")]
)
def test_a_bucket_that_keeps_nothing_is_no_anchor(broken, baseline, project, bucket, says):
    points = [point for point in POINTS if point.id == "anchors"]
    elsewhere = baseline.model_copy(update={"audit": baseline.audit.model_copy(update={"s3_bucket": bucket})})
    results = looked(broken, project, elsewhere, points)
    assert verdicts(results) == {"anchors": "fail"}
    assert says in of(results, "anchors")


def test_of_what_tells_no_age_none_is_claimed(broken, baseline, project):
    token = Credential(name="bot", kind=Kind.GITHUB_TOKEN, max_age=timedelta(days=30))
    known = baseline.model_copy(update={"credentials": {**baseline.credentials, "bot": token}})
    results = looked(broken, project, known)
    assert verdicts(results) == {"ages": "cannot tell"}
    assert "bot is a github-token" in of(results, "ages")


def test_what_nobody_can_read_is_never_a_pass(broken, baseline, project, tmp_path):
    """An operator with no rights at AWS, and a folder that is no repository."""
    broken.aws.add_user("nobody")
    key = broken.aws.add_access_key("nobody")
    connections = broken.connections(broken.signed_in_to_aws(key))
    facts = Facts(connections, baseline, tmp_path, datetime.now(UTC))
    found = verdicts(list(examine(facts, QUICK)))
    untold = ("plaintext", "ignored", "token-files", "policies", "ages", "logs", "anchors")
    assert found == dict.fromkeys(untold, "cannot tell")


def respond(monkeypatch, world, project, *arguments):
    """In this process; the exit code, and what it said."""
    monkeypatch.chdir(project)
    words = ["--home", str(project.parent / "home"), "check", *arguments]
    done = CliRunner(env={**world.environ, "RESPOND_INVENTORY": None}).invoke(
        cli, words, standalone_mode=False
    )
    if done.exception is not None:
        raise done.exception
    return done.return_value, done.stdout


def test_the_command_says_all_of_it_to_people_machines_and_readmes(monkeypatch, broken, baseline, project):
    (project / "respond.toml").write_text(apart())
    no_reviewers(broken, project)
    some = [f"--only={point}" for point in ("protection", "explicit-environment", "logs")]

    files = ("--sarif", "check.sarif", "--badge", "badge.svg")
    code, shown = respond(monkeypatch, broken, project, *some, *files)
    code_of_json, plain = respond(monkeypatch, broken, project, *some, "--json")

    assert code == code_of_json == 4
    assert shown.splitlines()[-1] == "2 pass, 1 fail, 0 cannot tell"
    assert "Mend: Its page: Settings > Environments" in shown
    said = [json.loads(line) for line in plain.splitlines()]
    assert [(one["point"], one["verdict"]) for one in said] == [
        ("protection", "fail"),
        ("explicit-environment", "pass"),
        ("logs", "pass"),
    ]
    log = json.loads((project / "check.sarif").read_text())
    schema = json.loads((ROOT / "tests/audit/data/sarif-2.1.0/sarif-2.1.0-rtm.5.json").read_text())
    jsonschema.validate(log, schema)
    assert [one["ruleId"] for one in log["runs"][0]["results"]] == ["respond/protection"]
    assert "respond check: 2 of 3" in (project / "badge.svg").read_text()


def test_an_unknown_point_is_told_with_those_that_there_are(monkeypatch, broken, project):
    with pytest.raises(InputError, match="There is no point nonsense") as refused:
        respond(monkeypatch, broken, project, "--only", "nonsense")
    assert "protection" in refused.value.next_step


def test_what_a_fix_prints_is_no_json_so_both_at_once_are_refused(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match="Both --json and --fix"):
        cli.main(["--home", str(tmp_path), "check", "--json", "--fix"], standalone_mode=False)


def test_what_was_judged_passes_as_it_was_and_another_key_beside_it_does_not(monkeypatch, broken, project):
    """Without an inventory: the files tell it alone, in a pull request of a stranger too."""
    settings = project / "settings.py"
    settings.write_text('modal_token_secret = "as-9yQ1R2bLq3HkTzX0aBcDeF"\n')
    commit(project)
    files = ("--only=plaintext", "--only=ignored")
    assert respond(monkeypatch, broken, project, *files)[0] == 4

    code, shown = respond(monkeypatch, broken, project, *files, "--write-baseline")
    assert (code, "1 failure was judged before" in " ".join(shown.split())) == (0, True)
    assert "9yQ1R2bLq3HkTzX0aBcDeF" not in (project / ".github/respond-baseline.json").read_text()
    assert respond(monkeypatch, broken, project, *files)[0] == 0

    assert respond(monkeypatch, broken, project, "--only=ignored", "--write-baseline")[0] == 0
    assert respond(monkeypatch, broken, project, *files)[0] == 0, "what is judged of one point alone stays"

    settings.write_text(settings.read_text() + 'other_token_secret = "as-7hG2fD9sA4hJ2kLq3HkTzX"\n')
    code, shown = respond(monkeypatch, broken, project, *files)
    assert (code, shown.count("without its id")) == (4, 1)


def test_a_baseline_that_is_none_is_refused_before_anything_is_looked_at(monkeypatch, broken, project):
    for name, text in (("gone.json", None), ("other.json", '{"format": "respond-scan-baseline/1"}')):
        if text:
            (project / name).write_text(text)
        with pytest.raises(InputError, match=f"{name} is no baseline"):
            respond(monkeypatch, broken, project, "--only=ignored", "--baseline", name)
    with pytest.raises(InputError, match=r"other\.json is no baseline"):
        respond(monkeypatch, broken, project, "--only=ignored", "--baseline", name, "--write-baseline")
    assert (project / name).read_text() == text
    with pytest.raises(InputError, match="--fix"):
        respond(monkeypatch, broken, project, "--write-baseline", "--fix")


def test_this_repository_passes_what_its_files_tell(monkeypatch, broken):
    """A fake key that is new in a test is judged by: respond check --only plaintext --write-baseline"""
    code, shown = respond(
        monkeypatch, broken, ROOT, "--only=plaintext", "--only=ignored", "--only=token-files"
    )
    assert code == 0, shown
