"""`respond inventory` as it is typed, over what is there."""

import json

import pytest
from click.testing import CliRunner

from responder.cli import cli
from responder.errors import Exit, InputError, RefusedError, UnavailableError
from responder.inventory import EXAMPLE
from responder.sandbox import seed

pytest_plugins = ("estate",)

REPOSITORY, USER = seed.REPOSITORY, seed.KEY_OWNER


@pytest.fixture
def respond(estate, monkeypatch, tmp_path):
    """The command in this process: its exit code, and what it says."""
    for name, value in {**estate.env, "RESPOND_HOME": str(tmp_path / "home"), "COLUMNS": "200"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("RESPOND_INVENTORY", raising=False)
    monkeypatch.chdir(tmp_path)

    def run(*words):
        result = CliRunner().invoke(cli, words, standalone_mode=False)
        if result.exception:
            raise result.exception
        return result.return_value, result.stdout, result.stderr

    return run


def test_the_draft_is_written_once_answered_and_agrees(respond, tmp_path):
    code, out, _ = respond("inventory", "discover")
    assert code == Exit.DONE
    assert "CHOOSE (1)" in out
    file = tmp_path / "respond.toml"
    assert respond("inventory", "check")[0] == Exit.INPUT
    file.write_text("".join(_answered(line) for line in file.open()))
    code, out, _ = respond("inventory", "check")
    assert (code, out) == (Exit.DONE, f"{file} agrees with what is there.\n")

    with pytest.raises(RefusedError, match="is there already"):
        respond("inventory", "discover")
    assert "CHOOSE: whose" not in file.read_text()
    assert respond("inventory", "discover", "--force")[0] == Exit.DONE
    assert "CHOOSE: whose" in file.read_text()
    assert respond("inventory", "discover", "--output", "other.toml")[0] == Exit.DONE
    assert sorted(path.name for path in tmp_path.glob("*")) == ["other.toml", "respond.toml"]


def _answered(line):
    return f'user = "{USER}"\n' if line.startswith("user = ") else line


def test_the_draft_goes_to_standard_output_where_asked(respond, tmp_path):
    code, out, _ = respond("inventory", "discover", "-o", "-")
    assert code == Exit.DONE
    assert out.startswith("# The inventory of `respond`")
    assert not list(tmp_path.glob("*.toml"))


def test_the_repositories_that_are_named_are_looked_at(respond, monkeypatch):
    monkeypatch.delenv("GITHUB_REPOSITORY")
    code, out, err = respond("inventory", "discover", "-o", "-")
    assert code == Exit.DONE
    assert "GitHub was not asked" in err
    assert "github_environments" not in out
    _, out, _ = respond("inventory", "discover", "-o", "-", "--repository", REPOSITORY)
    assert f'repository = "{REPOSITORY}"' in out
    with pytest.raises(InputError, match="executor names no repository"):
        respond("inventory", "discover", "--repository", "executor")


def test_where_no_service_answers_nothing_is_written(respond, monkeypatch, tmp_path):
    for name in ("AWS_SECRET_ACCESS_KEY", "MODAL_TOKEN_SECRET", "GITHUB_TOKEN"):
        monkeypatch.setenv(name, "wrong")
    with pytest.raises(UnavailableError) as refused:
        respond("inventory", "discover")
    what = refused.value.what
    assert all(one in what for one in ("IAM users", "Modal environments", "Bad credentials"))
    assert not list(tmp_path.glob("*.toml"))


def test_differences_and_what_was_not_read_are_told_to_people_and_machines(respond, monkeypatch, tmp_path):
    (tmp_path / "respond.toml").write_text(EXAMPLE.read_text())
    monkeypatch.setenv("GITHUB_TOKEN", "wrong")
    code, out, err = respond("inventory", "check")
    assert code == Exit.UNAVAILABLE
    assert "could not be read" in out
    assert f"Not read: the default branch of {REPOSITORY}; the environments of {REPOSITORY}; " in err
    assert err.count("Bad credentials") == 1
    (tmp_path / "respond.toml").write_text(EXAMPLE.read_text().replace('"rentagpu-s3"', '"x"'))
    code, out, _ = respond("inventory", "check", "--json")
    answer = json.loads(out)
    assert code == Exit.INPUT
    assert {one["what"] for one in answer["drift"] if one["side"] == "gone"} == {"There is no IAM user x."}
    assert answer["unread"]
    _, out, _ = respond("inventory", "check")
    assert "gone  There is no IAM user x.\n      Do: Name the right one in credentials.s3" in out


def test_the_graph_shows_what_the_inventory_has_and_marks_what_it_has_not(respond, estate, tmp_path):
    (tmp_path / "respond.toml").write_text(EXAMPLE.read_text())
    _, out, _ = respond("inventory", "graph")
    assert "!" not in out
    assert "is held in Modal Secret my-app-secrets in prod" in out
    estate.deploy_another(tmp_path, "sidecar", "prod")
    estate.modal.add_secret("tools", "dev", {"AWS_SECRET_ACCESS_KEY": "x"}, created_by="sam")
    _, out, _ = respond("inventory", "graph")
    marked = [line.partition("! ")[2] for line in out.splitlines() if "! " in line]
    assert [line.split("  ")[0] for line in marked[:3]] == [
        "is read by Modal app sidecar in prod",
        "some AWS access key",
        "may be held in Modal Secret dev/tools",
    ]


def test_before_anybody_confirms_it_is_said_where_else_it_may_be(respond, estate, tmp_path):
    (tmp_path / "respond.toml").write_text(EXAMPLE.read_text())
    estate.modal.add_secret("tools", "dev", {"AWS_SECRET_ACCESS_KEY": "x"}, created_by="sam")
    estate.deploy_another(tmp_path, "sidecar", "prod")
    code, out, _ = respond("leak", "--dry-run", estate.leaked.access_key_id)
    assert code == Exit.DONE
    assert [line[:60] for line in out.splitlines() if line[:2] in ("! ", "? ")] == [
        "! May also be in Modal Secret dev/tools, AWS_SECRET_ACCESS_KEY (since"[:60],
        "! Modal app sidecar in prod is given Modal Secret my-app-secrets"[:60],
    ]


def test_identify_draws_where_else_it_may_be_and_what_runs_with_it(respond, estate, tmp_path):
    (tmp_path / "respond.toml").write_text(EXAMPLE.read_text())
    estate.modal.add_secret("tools", "dev", {"AWS_SECRET_ACCESS_KEY": "x"}, created_by="sam")
    estate.deploy_another(tmp_path, "sidecar", "prod")
    _, out, _ = respond("identify", estate.leaked.access_key_id)
    drawn = [line.strip().split("  ")[0] for line in out.splitlines() if "! " in line]
    *drawn, meaning = drawn
    assert drawn == ["└── ! is read by Modal app sidecar in prod", "! may be held in Modal Secret dev/tools"]
    assert meaning.startswith("! is not in the inventory: no run fills it or deploys it again.")


def test_a_silent_service_is_said_to_be_unread_and_many_places_are_counted(respond, estate, tmp_path):
    (tmp_path / "respond.toml").write_text(EXAMPLE.read_text())
    for number in range(10):
        estate.modal.add_secret(f"s{number}", "dev", {"AWS_SECRET_ACCESS_KEY": "x"}, created_by="sam")
    real = estate.github.app.wsgi_app
    estate.github.app.wsgi_app = refusing
    try:
        _, out, _ = respond("leak", "--dry-run", estate.leaked.access_key_id)
    finally:
        estate.github.app.wsgi_app = real
    marked = [line for line in out.splitlines() if line[:2] in ("! ", "? ")]
    assert len(marked) == 10
    assert marked[-2] == "! and 2 more: respond inventory check"
    assert marked[-1].startswith("? Whether it is elsewhere too was not read whole: the default branch of")


def refusing(environ, start_response):
    start_response("403 Forbidden", [("Content-Type", "application/json")])
    return [b'{"message": "No."}']


def test_at_80_columns_it_is_shown_with_no_name_cut_and_as_json_for_programs(respond, tmp_path, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    (tmp_path / "respond.toml").write_text(EXAMPLE.read_text())
    _, out, _ = respond("inventory", "show")
    shown = [line.strip() for line in out.splitlines()]
    at = shown.index("s3  aws-access-key")
    assert shown[at + 1] == "placed in  Modal Secret dev/my-app-secrets/AWS_ACCESS_KEY_ID"
    assert shown[at + 3 : at + 5] == ["workloads  executor-dev", "executor-prod"]
    assert shown[0].endswith("asks for the name of: prod")
    _, out, _ = respond("inventory", "show", "--json")
    assert set(json.loads(out)["credentials"]) == {"s3", "ci-dev", "ci-prod"}
