"""`respond run setup`: from nothing to the guide's baseline, and a second start changes nothing."""

import json
import subprocess
from datetime import UTC, datetime

import pytest
from github import Auth, Github

from responder.action import Connections
from responder.cli import cli
from responder.errors import InputError, UnavailableError
from responder.places import Discovered, GithubEnvironment, IamUser, ModalEnvironment, Read
from responder.sandbox import seed
from responder.secret import Secret
from responder.setup import Asked, read_values, wanted

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


def test_from_nothing_to_a_baseline_that_passes_every_point_and_again_changes_nothing(beginning):
    made = beginning.respond("run", "setup", *files(beginning), "--reviewer", "grace", "--yes")
    assert made.returncode == 0, made.stdout + made.stderr
    assert_made(beginning.world())
    for environment in BASE:
        deploy(beginning, environment)

    before = made_of(beginning.world())
    again = beginning.respond("run", "setup")
    assert again.returncode == 0, again.stderr
    assert "nothing to do" in again.stdout
    assert made_of(beginning.world()) == before

    subprocess.run(["git", "init", "-q", beginning.folder], check=True)
    (beginning.folder / ".gitignore").write_text("*.env\n.env*\n.modal.toml\n")
    checked = beginning.respond("check", "--json")
    results = [json.loads(line) for line in checked.stdout.splitlines()]
    assert {one["verdict"] for one in results} == {"pass"}, [r for r in results if r["verdict"] != "pass"]
    assert checked.returncode == 0
    assert "hf_prod" not in made.stdout + made.stderr + checked.stdout

    repository(beginning).get_environment("dev").delete_secret("MODAL_TOKEN_SECRET")
    lacking = beginning.respond("run", "setup", "--yes")
    assert lacking.returncode == 2, lacking.stdout
    assert "respond rotate ci-dev" in lacking.stderr
    assert made_of(beginning.world())[:3] == before[:3], "no second token beside the one that lives"


def assert_made(world):
    modal = world["modal"]
    assert {(e["name"], e["restricted"]) for e in modal["environments"]} == {("dev", False), ("prod", True)}
    roles = {user["name"].partition("--")[0]: user["roles"] for user in modal["service_users"]}
    assert roles == {"ci-dev": {"dev": "contributor"}, "ci-prod": {"prod": "contributor"}}
    for secret in modal["secrets"]:
        name = secret["environment"]
        [user] = [u for u in world["aws"]["users"] if u["name"] == f"rentagpu-s3-{name}"]
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
        assert kept[name]["variables"]["MODAL_APP_NAME"]["value"] == "rentagpu-executor"


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


def deploy(beginning, environment):
    """As a developer would: by the repository's own workflow."""
    workflow = repository(beginning).get_workflow("modal_deploy.yml")
    run = workflow.create_dispatch("main", {"environment": environment}, throw=True, return_run_details=True)

    def over(world):
        runs = world["repositories"][seed.REPOSITORY]["runs"]
        return any(one["id"] == run.id and one["conclusion"] == "success" for one in runs)

    beginning.github.wait_until(over, seconds=30)


def test_what_is_there_stays_and_only_what_is_lacking_is_made(beginning):
    beginning.modal.add_environment("dev")
    beginning.modal.add_secret("my-app-secrets", "dev", {"MINE": "untouched"}, created_by="ada")
    beginning.github.add_environment(seed.REPOSITORY, "prod", reviewers=["oncall"], wait_minutes=5)

    shown = beginning.respond("run", "setup", *files(beginning), "--dry-run")
    assert shown.returncode == 0, shown.stderr
    assert "restricted Modal environment prod" in " ".join(shown.stdout.split())
    assert "Modal environment dev" not in shown.stdout
    assert beginning.world()["modal"]["service_users"] == []

    made = beginning.respond("run", "setup", *files(beginning), "--yes")
    assert made.returncode == 0, made.stdout + made.stderr
    world = beginning.world()
    [dev] = [s for s in world["modal"]["secrets"] if s["environment"] == "dev"]
    assert dev["values"]["MINE"] == "untouched"
    assert "HF_TOKEN" not in dev["values"]
    prod = world["github"]["repositories"][seed.REPOSITORY]["environments"]["prod"]
    assert (prod["reviewers"], prod["wait_timer"]) == (["oncall"], 5)
    assert prod["branches"] == ["main"]


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
    ],
)
def test_what_is_missing_or_wrong_is_said_before_anything_is_made(
    beginning, monkeypatch, arguments, says, next_step
):
    before = made_of(beginning.world())
    for name, value in beginning.environ.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(beginning.folder)
    words = ["--home", str(beginning.folder.parent / "home"), "run", "setup", *arguments(beginning), "--yes"]
    with pytest.raises(InputError) as refused:
        cli.main(words, standalone_mode=False)
    assert says in refused.value.what
    assert next_step in refused.value.next_step
    assert made_of(beginning.world()) == before


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


def test_a_link_to_a_file_of_secrets_inside_a_repository_is_refused(tmp_path):
    folder = tmp_path / "repository"
    subprocess.run(["git", "init", "-q", folder], check=True)
    (folder / "prod.env").write_text(BASE["prod"])
    (tmp_path / "prod.env").symlink_to(folder / "prod.env")
    with pytest.raises(InputError, match="from there it leaks"):
        read_values({"prod": tmp_path / "prod.env"})


@pytest.mark.parametrize(
    "line", ["MIIEcanary", "-----BEGIN PRIVATE KEY-----", "TWO WORDS=canary", "MIIE/canary+xyz"]
)
def test_what_may_be_part_of_a_value_is_told_by_its_line_alone(tmp_path, line):
    (tmp_path / "prod.env").write_text(f"A_KEY=x\n{line}\n")
    with pytest.raises(InputError) as refused:
        read_values({"prod": tmp_path / "prod.env"})
    assert refused.value.what == f"Line 2 of {tmp_path}/prod.env is no NAME=value."


def test_a_value_of_several_lines_is_read_whole(tmp_path):
    (tmp_path / "prod.env").write_text('# a key\nexport A_KEY="one\ntwo=$X"\n\nS3_BUCKET=b # which\n')
    found = read_values({"prod": tmp_path / "prod.env"})["prod"]
    assert found == {"A_KEY": Secret("one\ntwo=$X"), "S3_BUCKET": "b"}


def test_names_of_secrets_are_known_in_any_case(tmp_path):
    for name in BASE:
        (tmp_path / name).write_text("stripe_api_key=of-both\n")
    with pytest.raises(InputError, match="the same stripe_api_key"):
        read_values({name: tmp_path / name for name in BASE})


def test_a_file_of_secrets_inside_a_repository_is_refused(beginning):
    subprocess.run(["git", "init", "-q", beginning.folder], check=True)
    (beginning.folder / "prod.env").write_text(BASE["prod"])
    refused = beginning.respond("run", "setup", "--dotenv", f"prod={beginning.folder}/prod.env", "--yes")
    assert refused.returncode == 2
    assert "from there it leaks" in refused.stderr
