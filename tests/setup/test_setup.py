"""`respond run setup`: from nothing to the guide's baseline, and a second start changes nothing."""

import json
import subprocess
import tomllib
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
import yaml
from beginnings import INVENTORY
from github import Auth, Github
from incident import quick_workflow

from responder.action import Connections
from responder.bundled import bundled
from responder.errors import InputError, UnavailableError
from responder.inventory.draft import CHOOSE
from responder.places import Discovered, GithubEnvironment, IamUser, ModalEnvironment, Read
from responder.sandbox import seed
from responder.setup import Asked, wanted
from responder.setup.project import CI, DEPLOY

ROOT = Path(__file__).parents[2]
THEIRS = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::theirs/*"}],
}
RESPOND = "git+https://github.example/rentagpu/respond@" + "0123456789" * 4
FOLDER = ".github/workflows"
APP = "rentagpu-executor"
BASE = {
    "dev": "S3_BUCKET=rentagpu-dev\nHF_TOKEN=hf_dev\n",
    "prod": "S3_BUCKET=rentagpu-prod\nHF_TOKEN=hf_prod\n",
}


def files(beginning, **changed):
    return [
        word
        for name, text in {**BASE, **changed}.items()
        for word in ("--dotenv", beginning.dotenv(name, text))
    ]


def one_line(text):
    return " ".join(text.split())


def test_from_an_empty_folder_to_a_baseline_that_passes_every_point_and_again_changes_nothing(
    beginning, monkeypatch
):
    subprocess.run(["git", "init", "-q", beginning.folder], check=True)
    asked = (*files(beginning), "--reviewer", "grace", "--repository", seed.REPOSITORY, "--ci", RESPOND)
    made = beginning.respond("run", "setup", *asked, "--yes")
    assert made.returncode == 0, made.stdout + made.stderr
    assert_made(beginning.world())
    names = assert_written(beginning.folder)
    assert f"git add -- {' '.join(names)}" in one_line(made.stdout)
    assert "git push origin HEAD:trunk" in made.stdout
    assert "actions/workflows/check.yml/badge.svg" in "".join(made.stdout.split())
    assert "--ref trunk -f environment=prod" in one_line(made.stdout)

    push_all(beginning, names)
    deploy(beginning, BASE)
    before = made_of(beginning.world())
    again = beginning.call(monkeypatch, "run", "setup")
    assert "nothing to do" in again
    assert "git push" not in again
    assert "badge" not in again
    assert "gh workflow run" not in again
    assert "rotation still lacks RESPOND_AWS_ROLE, RESPOND_MODAL_TOKEN_ID" in again
    assert made_of(beginning.world()) == before

    with (beginning.folder / "respond.toml").open("a") as inventory:
        inventory.write('\n[audit]\ns3_bucket = "rentagpu-audit-setup"\n')
    checked = beginning.call(monkeypatch, "check", "--json")
    results = [json.loads(line) for line in checked.splitlines()]
    assert {one["verdict"] for one in results} == {"pass"}, [r for r in results if r["verdict"] != "pass"]
    assert "hf_prod" not in made.stdout + made.stderr + again + checked

    repository(beginning).get_environment("dev").delete_secret("MODAL_TOKEN_SECRET")
    with pytest.raises(InputError) as lacking:
        beginning.call(monkeypatch, "run", "setup", "--yes")
    assert "respond rotate ci-dev" in lacking.value.next_step
    assert made_of(beginning.world())[:3] == before[:3], "no second token beside the one that lives"


def assert_written(folder):
    """Gives the paths, in the order of the plan."""
    names = [
        "respond.toml",
        ".gitignore",
        *(f"{FOLDER}/{n}.yml" for n in ("modal_deploy", "rotate", "check")),
    ]
    deploys, rotates, checks = ((folder / name).read_text() for name in names[2:])
    shipped = (ROOT / FOLDER / "modal_deploy.yml").read_text()
    assert deploys == shipped.replace("[main]", "[trunk]").replace("heads/main", "heads/trunk").replace(
        "from main only", "from trunk only"
    )
    for text in (rotates, checks):
        assert f"python -m pip install '{RESPOND}'\n" in text
        assert "pip install .\n" not in text
        assert "jobs" in yaml.safe_load(text)
    return names


def push_all(beginning, names):
    """What was written, as a person commits and pushes it; deployments by the quick workflow of tests."""
    subprocess.run(["git", "-C", beginning.folder, "add", "--", *names], check=True)
    written = {name: (beginning.folder / name).read_bytes() for name in names}
    beginning.push({**written, f"{FOLDER}/modal_deploy.yml": quick_workflow().replace(b"[main]", b"[trunk]")})


def assert_made(world):
    modal = world["modal"]
    assert {(e["name"], e["restricted"]) for e in modal["environments"]} == {("dev", False), ("prod", True)}
    roles = {user["name"].partition("--")[0]: user["roles"] for user in modal["service_users"]}
    assert roles == {f"{APP}-ci-{name}": {name: "contributor"} for name in BASE}
    for secret in modal["secrets"]:
        name = secret["environment"]
        [user] = [u for u in world["aws"]["users"] if u["name"] == f"{APP}-s3-{name}"]
        [key] = user["access_keys"]
        assert secret["values"] == {
            "S3_BUCKET": f"rentagpu-{name}",
            "HF_TOKEN": f"hf_{name}",
            "AWS_ACCESS_KEY_ID": key["access_key_id"],
            "AWS_SECRET_ACCESS_KEY": key["secret_access_key"],
        }
        assert f"arn:aws:s3:::rentagpu-{name}/*" in json.dumps(user["inline_policies"])
    kept = world["github"]["repositories"][seed.REPOSITORY]["environments"]
    assert kept["prod"]["reviewers"] == ["grace"]
    assert kept["dev"]["reviewers"] == []
    tokens = {user["token_id"]: user["token_secret"] for user in modal["service_users"]}
    for name in BASE:
        secrets = {key: entry["value"] for key, entry in kept[name]["secrets"].items()}
        assert tokens[secrets["MODAL_TOKEN_ID"]] == secrets["MODAL_TOKEN_SECRET"]
        assert kept[name]["variables"]["MODAL_APP_NAME"]["value"] == APP
    for name in ("rotation", "check", "prod"):
        assert kept[name]["branches"] == ["trunk"]
    assert kept["dev"]["branches"] == []


def made_of(world):
    """Without when it was last used."""
    users = [
        (u["name"], u["inline_policies"], [k["access_key_id"] for k in u["access_keys"]])
        for u in world["aws"]["users"]
    ]
    modal = world["modal"]
    kept = world["github"]["repositories"][seed.REPOSITORY]["environments"]
    return users, modal["environments"], modal["service_users"], [s["values"] for s in modal["secrets"]], kept


def repository(beginning):
    auth = Auth.Token(beginning.environ["GITHUB_TOKEN"])
    return Github(base_url=beginning.environ["GITHUB_API_URL"], auth=auth, seconds_between_writes=0).get_repo(
        seed.REPOSITORY
    )


def deploy(beginning, environments):
    """As a developer would: by the repository's own workflow."""
    workflow = repository(beginning).get_workflow("modal_deploy.yml")
    inputs = [{"environment": name} for name in environments]
    started = {
        workflow.create_dispatch(beginning.branch, one, throw=True, return_run_details=True).id
        for one in inputs
    }

    def over(world):
        runs = world["repositories"][seed.REPOSITORY]["runs"]
        return started <= {one["id"] for one in runs if one["conclusion"] == "success"}

    beginning.github.wait_until(over, seconds=90)


def test_what_is_there_stays_and_what_was_left_half_made_is_completed(beginning, monkeypatch):
    (beginning.folder / "respond.toml").write_text(INVENTORY.replace('ref = "main"', 'ref = "trunk"'))
    mine = beginning.folder / FOLDER / "modal_deploy.yml"
    mine.parent.mkdir(parents=True)
    mine.write_text("name: mine\n")
    beginning.modal.add_environment("dev")
    beginning.modal.add_environment("prod")
    beginning.modal.add_secret("my-app-secrets", "dev", {"MINE": "untouched"}, created_by="ada")
    beginning.modal.add_service_user("ci-dev--ha3fmade", {}, created_by="ada")
    beginning.aws.add_user("rentagpu-s3-dev")
    beginning.aws.add_user("rentagpu-s3-prod", THEIRS)
    beginning.github.add_environment(seed.REPOSITORY, "prod", reviewers=["oncall"], wait_minutes=5)
    half = beginning.github._state.repository(seed.REPOSITORY).environments["prod"]
    half.branch_policy = "custom"  # and no branch yet

    shown = beginning.call(monkeypatch, "run", "setup", *files(beginning), "--dry-run")
    assert "Create the" not in shown
    assert "Create IAM user" not in shown
    assert "Let IAM user rentagpu-s3-dev s3:ListBucket" in one_line(shown)
    assert len(beginning.world()["modal"]["service_users"]) == 1

    made = beginning.call(monkeypatch, "run", "setup", *files(beginning), "--yes")
    world = beginning.world()
    users = {user["name"]: user for user in world["aws"]["users"]}
    assert "rentagpu-dev" in json.dumps(users["rentagpu-s3-dev"]["inline_policies"])
    assert users["rentagpu-s3-prod"]["inline_policies"] == {"access": THEIRS}
    assert all(len(users[f"rentagpu-s3-{name}"]["access_keys"]) == 1 for name in BASE)
    [dev] = [s for s in world["modal"]["secrets"] if s["environment"] == "dev"]
    assert dev["values"]["MINE"] == "untouched"
    assert "HF_TOKEN" not in dev["values"]
    ours = {u["name"]: u["roles"] for u in world["modal"]["service_users"] if u["name"].startswith("ci-dev-")}
    assert ours.pop("ci-dev--ha3fmade") == {}
    assert list(ours.values()) == [{"dev": "contributor"}]
    prod = world["github"]["repositories"][seed.REPOSITORY]["environments"]["prod"]
    assert (prod["reviewers"], prod["wait_timer"], prod["branches"]) == (["oncall"], 5, ["trunk"])
    assert mine.read_text() == "name: mine\n"

    told = one_line(made)
    assert "modal workspace service-users delete ci-dev--ha3fmade" in told
    assert "Modal environment prod is there and open to every member" in told
    assert f"diff{ROOT}/{FOLDER}/modal_deploy.yml{mine}" in "".join(made.split())


@pytest.mark.parametrize(
    ("arguments", "says", "next_step"),
    [
        (lambda b: files(b, prod=BASE["dev"]), "have the same HF_TOKEN", "a value of its own"),
        (lambda b: files(b)[:2], "no file has its values", "--dotenv prod=FILE"),
        (files, "Nobody has to approve", "--reviewer LOGIN"),
        (lambda b: files(b, prod="HF_TOKEN=x\n"), "which bucket", "S3_BUCKET=NAME"),
        (lambda b: files(b, prod="HF_TOKEN=\n"), "no value for HF_TOKEN", "take the line out"),
        (lambda _: ["--dotenv", "staging=x.env"], "names no environment staging", "dev, prod"),
        (lambda b: files(b) + files(b)[:2], "two files for dev", "One file"),
        (lambda _: ["--dotenv", "x.env"], "which environment?", "--dotenv prod="),
        (lambda _: ["--dotenv", "prod=/nowhere.env"], "could not be read", "NAME=value"),
        (lambda _: ["--ci", "respond"], "not pinned", "@COMMIT"),
        (lambda _: ["--ci", "git+https://github.example/a/b@main"], "not pinned", "@COMMIT"),
        (lambda _: ["--repository", "a/b"], "its repository is rentagpu/executor", "Leave --repository out"),
    ],
)
def test_what_is_missing_or_wrong_is_said_before_anything_is_made(
    standing, monkeypatch, arguments, says, next_step
):
    before = made_of(standing.world())
    with pytest.raises(InputError) as refused:
        standing.call(monkeypatch, "run", "setup", *arguments(standing), "--yes")
    assert says in refused.value.what
    assert next_step in refused.value.next_step
    assert made_of(standing.world()) == before
    assert [one.name for one in standing.folder.iterdir()] == ["respond.toml"]


@pytest.mark.parametrize(
    ("arguments", "says", "next_step"),
    [
        (lambda _: [], "There is no inventory", "respond run setup --repository OWNER/NAME"),
        (lambda _: ["--repository", seed.REPOSITORY], "no --dotenv says", "--dotenv dev=FILE"),
        (lambda b: ["--repository", "executor", *files(b)], "that is no repository", "OWNER/NAME"),
        (
            lambda _: ["--repository", "a/b", "--dotenv", "pr od=x"],
            "no environment is called that",
            "prod=FILE",
        ),
    ],
)
def test_who_begins_without_an_inventory_is_told_what_to_type(
    standing, monkeypatch, tmp_path, arguments, says, next_step
):
    elsewhere = replace(standing, folder=tmp_path / "empty")
    elsewhere.folder.mkdir()
    with pytest.raises(InputError) as refused:
        elsewhere.call(monkeypatch, "run", "setup", *arguments(elsewhere), "--yes")
    assert says in refused.value.what
    assert next_step in refused.value.next_step
    assert list(elsewhere.folder.iterdir()) == []


def test_where_an_environment_is_deployed_from_another_branch_production_is_not_closed_to_it(
    standing, monkeypatch, tmp_path
):
    elsewhere = replace(standing, folder=tmp_path / "release")
    elsewhere.folder.mkdir()
    (elsewhere.folder / "respond.toml").write_text(INVENTORY.replace('ref = "main"', 'ref = "release"'))
    with pytest.raises(InputError) as refused:
        elsewhere.call(monkeypatch, "run", "setup", *files(elsewhere), "--reviewer", "grace", "--yes")
    assert "deploys prod from release" in refused.value.what
    assert 'ref = "main"' in refused.value.next_step


def test_nobody_is_made_by_the_name_of_a_question_that_a_draft_asks(standing, monkeypatch, tmp_path):
    elsewhere = replace(standing, folder=tmp_path / "drafted")
    elsewhere.folder.mkdir()
    drafted = INVENTORY.replace(
        'user = "rentagpu-s3-prod"', f'user = "{CHOOSE}: the IAM user whose key it is"'
    )
    (elsewhere.folder / "respond.toml").write_text(drafted)
    with pytest.raises(InputError) as refused:
        elsewhere.call(monkeypatch, "run", "setup", *files(elsewhere), "--reviewer", "grace", "--yes")
    assert "whose s3-prod is" in refused.value.what


def test_no_file_is_written_where_the_inventory_is_not_in_the_folder(standing, monkeypatch, tmp_path):
    elsewhere = replace(standing, folder=tmp_path / "home")
    elsewhere.folder.mkdir()
    inventory = str(standing.folder / "respond.toml")
    asked = ("run", "setup", *files(elsewhere), "--reviewer", "grace", "--dry-run")
    shown = one_line(elsewhere.call(monkeypatch, "--inventory", inventory, *asked))
    assert "Write" not in shown.replace("Write MODAL_TOKEN_ID", "")
    assert "No file was written" in shown
    shown = one_line(elsewhere.call(monkeypatch, "--inventory", inventory, *asked, "--project", "."))
    assert f"Write {FOLDER}/modal_deploy.yml" in shown
    assert "cp -R" in shown
    assert f"This folder is no checkout of {seed.REPOSITORY}" in shown


def test_without_an_inventory_nothing_that_holds_a_credential_is_written_over(
    standing, monkeypatch, tmp_path
):
    elsewhere = replace(standing, folder=tmp_path / "fresh")
    elsewhere.folder.mkdir()
    asked = [*files(elsewhere), "--reviewer", "grace", "--repository", seed.REPOSITORY]
    github = standing.github
    github.add_environment(seed.REPOSITORY, "dev")
    for name in ("MODAL_TOKEN_ID", "MODAL_TOKEN_SECRET"):
        github.put_environment_secret(seed.REPOSITORY, "dev", name, "in use")
    with pytest.raises(InputError) as refused:
        elsewhere.call(monkeypatch, "run", "setup", *asked, "--yes")
    del github._state.repository(seed.REPOSITORY).environments["dev"]
    assert "already holds a credential" in refused.value.what
    assert "respond inventory discover" in refused.value.next_step
    assert list(elsewhere.folder.iterdir()) == []


def test_what_ci_runs_travels_inside_the_wheel_from_the_one_place_where_it_is_kept():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    carried = project["tool"]["hatch"]["build"]["targets"]["wheel"]["force-include"]
    for name in (DEPLOY, *CI):
        assert carried[name] == f"responder/_bundled/{name}"
        assert bundled(name) == ROOT / name


WHOLE = {
    Read.IAM_USERS,
    Read.SERVICE_USERS,
    Read.MODAL_ENVIRONMENTS,
    Read.modal_secrets("dev"),
    Read.github_environments(seed.REPOSITORY),
    Read.github_secrets(seed.REPOSITORY, "dev"),
}
SOMEBODY = IamUser(name="rentagpu-s3-dev", keys=())


@pytest.mark.parametrize(
    ("read", "user"), [*((WHOLE - {one}, SOMEBODY) for one in sorted(WHOLE)), (WHOLE, "keys unknown")]
)
def test_what_was_not_read_to_its_end_is_not_taken_for_lacking(read, user, described):
    """Otherwise a second key would be made where one lives."""
    discovered = Discovered(
        iam_users=(user if user is SOMEBODY else SOMEBODY.model_copy(update={"keys": None}),),
        modal_environments=(ModalEnvironment(name="dev", restricted=False),),
        github_environments=(GithubEnvironment(repository=seed.REPOSITORY, name="dev", protected=False),),
        read=frozenset(read),
    )
    with pytest.raises(UnavailableError, match="could not be read"):
        wanted(Connections({}), described, discovered, Asked(), datetime.now(UTC))
