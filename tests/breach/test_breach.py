"""A platform was broken into: all that was on it is replaced in one run, and what cannot be is said."""

import signal
from datetime import UTC, datetime, timedelta

import pytest
from brisk import brisk
from click.testing import CliRunner
from platform_estate import EXECUTOR, HEAD, OWN, Estate, estate, prefix

from responder.action import Connections
from responder.breach import Breach, take_stock
from responder.cli import cli, prepared
from responder.engine.state import fold
from responder.errors import ChoiceError, InputError, UnavailableError
from responder.inventory import Inventory
from responder.journal import Journal
from responder.journal.audit import verify
from responder.sandbox.faults import read_rule

KEYS, TOKENS = 7, 5
TWICE = "key-003"  # whose user has two keys
WEATHER = (
    "github:PUT secrets:secondary-limit=1*5",
    "modal:SecretUpdate:exhausted=1*3",
    "modal:ServiceUserCreate:exhausted=1*3",
    "aws:CreateAccessKey:429*3",
)


@pytest.fixture(scope="module")
def company(tmp_path_factory):
    with estate(tmp_path_factory.mktemp("breach"), keys=KEYS, tokens=TOKENS) as made:
        yield made


def keys_of(world, user):
    [found] = [one for one in world["aws"]["users"] if one["name"] == user]
    return {key["access_key_id"]: key for key in found["access_keys"]}


def users_of(world, base):
    return [one for one in world["modal"]["service_users"] if one["name"].partition("--")[0] == base]


def at_github(world, repository, environment, head):
    stored = world["github"]["repositories"][repository]["environments"][environment]["secrets"]
    return stored[f"{head}_ID"]["value"], stored[f"{head}_SECRET"]["value"]


def at_modal(world, name):
    return next((one["values"] for one in world["modal"]["secrets"] if one["name"] == name), None)


def runs_of(company: Estate):
    with Journal.open(company.folder / "home" / "journal" / "journal.db", read_only=True) as journal:
        return journal.runs()


def assert_key_replaced(before, after, number):
    name = f"key-{number:03}"
    [(fresh, key)] = keys_of(after, name).items()
    assert fresh not in keys_of(before, name)
    assert key["status"] == "Active"
    pair = (fresh, key["secret_access_key"])
    assert at_github(after, Estate.repository(number), "prod", prefix(name)) == pair
    if values := at_modal(after, name):
        assert values == {"AWS_ACCESS_KEY_ID": pair[0], "AWS_SECRET_ACCESS_KEY": pair[1], "OTHER": "stays"}
    [user] = [one for one in after["aws"]["users"] if one["name"] == name]
    assert "respond-deny-sessions" in user["inline_policies"]


def assert_token_replaced(before, after, name, repository, environment, head):
    [old], [fresh] = users_of(before, name), users_of(after, name)
    assert fresh["token_id"] != old["token_id"]
    assert fresh["roles"] == old["roles"]
    assert at_github(after, repository, environment, head) == (fresh["token_id"], fresh["token_secret"])
    assert old["token_id"] not in {one["token_id"] for one in after["modal"]["tokens"] if one["live"]}


def assert_all_replaced(before, after, but=None):
    for number in range(KEYS):
        if f"key-{number:03}" != but:
            assert_key_replaced(before, after, number)
    for number in range(TOKENS):
        name = f"bot-{number:03}"
        assert_token_replaced(before, after, name, Estate.repository(number), "dev", prefix(name))
    for environment in ("dev", "prod"):
        ci = f"ci-{environment}"
        assert_token_replaced(before, after, ci, "rentagpu/executor", environment, "MODAL_TOKEN")


def test_all_that_github_held_is_replaced_whatever_is_killed_throttled_or_waits_for_a_choice(company):
    company.aws.add_access_key(TWICE)
    before = company.world()
    company.faults.add(map(read_rule, WEATHER))

    killed = company.respond(
        "run", "breach", "--platform", "github", "--since", "2026-01-31", "--yes", killed_after=60
    )
    assert killed.returncode == -signal.SIGKILL, killed.stdout + killed.stderr
    [run] = runs_of(company)
    gone_on = company.respond("resume", run)
    assert gone_on.returncode == 4, gone_on.stdout + gone_on.stderr
    assert "--delete-key" in gone_on.stdout
    between = company.world()
    assert_all_replaced(before, between, but=TWICE)
    assert keys_of(between, TWICE) == keys_of(before, TWICE), "nothing of it was begun"
    company.faults.clear()

    doomed = min(keys_of(before, TWICE))
    ended = company.respond("resume", run, "--delete-key", doomed)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    after = company.world()
    assert_all_replaced(before, after)
    [(own, key)] = keys_of(after, OWN).items()
    assert own not in keys_of(before, OWN)
    kept = after["github"]["repositories"][Estate.repository(0)]["secrets"]
    assert (kept["OWN_ID"]["value"], kept["OWN_SECRET"]["value"]) == (own, key["secret_access_key"])
    assert keys_of(after, "rentagpu-s3") == keys_of(before, "rentagpu-s3"), "it is not at GitHub"
    deployed = after["github"]["repositories"]["rentagpu/executor"]["runs"]
    already = before["github"]["repositories"]["rentagpu/executor"]["runs"]
    assert len(deployed) - len(already) == 2, "each workload once"
    assert verify(company.folder / "home" / "journal" / "journal.db").sound
    with Journal.open(company.folder / "home" / "journal" / "journal.db", read_only=True) as journal:
        assert journal.events(run)[0].data["exposure"]["since"].startswith("2026-01-31T00:00:00")
        steps = fold(run, journal.events(run)).steps
    reviews = [one for name, one in steps.items() if name.startswith("review")]
    assert [one.status for one in reviews] == ["succeeded"] * 3, "one look at each, for all of them"
    said = " ".join(ended.stdout.split())
    for place, name in (
        (f"GitHub environment dev of {Estate.repository(0)}", "DATABASE_URL"),
        (f"GitHub repository {Estate.repository(0)}", "SLACK_WEBHOOK"),
        ("GitHub organisation rentagpu", "PYPI_TOKEN"),
    ):
        assert f"{place}: {name}. No inventory knows what this opens" in said
    assert said.count("No inventory knows what this opens") == 3, "and nothing that was replaced"
    assert "NOT CONTAINED" not in said


SMALL = """
[credentials.bot]
kind = "modal-service-user"
service_user = "spare"

[[credentials.bot.github_environments]]
repository = "rentagpu/service-0"
environment = "dev"
identifier_key = "SPARE_ID"
secret_key = "SPARE_SECRET"

[credentials.pat]
kind = "github-token"
identifiers = ["sha256:0123456789abcdef"]

[[credentials.pat.github_environments]]
repository = "rentagpu/service-0"
environment = "dev"
identifier_key = "PAT_ID"
secret_key = "PAT_SECRET"
"""


@pytest.fixture
def here(company, monkeypatch):
    """`respond` in this process."""
    for name, value in company.environ.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(prepared, "load_playbook", brisk)

    def respond(*arguments):
        words = ["--home", str(company.folder / "here"), *arguments]
        return CliRunner().invoke(cli, words, standalone_mode=False)

    return respond


def test_what_no_run_can_replace_is_named_and_the_run_is_no_success(company, here):
    company.modal.add_service_user("spare", {"dev": "viewer"}, created_by="ada")
    path = company.folder / "small.toml"
    path.write_text(SMALL)
    where = ("--inventory", str(path), "run", "breach", "--platform", "github")

    planned = here(*where, "--dry-run")
    assert planned.return_value == 0, planned.output
    assert "pat: No run can make a fresh github-token" in planned.stdout
    assert len(users_of(company.world(), "spare")) == 1

    played = here(*where, "--strategy", "contain-first", "--yes")
    assert played.return_value == 4, played.output
    assert "pat (github-token) was not contained" in " ".join(played.stdout.split())
    [fresh] = users_of(company.world(), "spare")
    assert fresh["name"].startswith("spare--"), "the other one was replaced all the same"
    made = company.world()
    assert at_github(made, "rentagpu/service-0", "dev", "SPARE") == (fresh["token_id"], fresh["token_secret"])


HOURLY = """
[credentials.hourly]
kind = "modal-service-user"
service_user = "hourly"
max_age = "1s"
overlap = "1h"

[[credentials.hourly.github_environments]]
repository = "rentagpu/service-0"
environment = "dev"
identifier_key = "HOURLY_ID"
secret_key = "HOURLY_SECRET"
"""


def test_a_rotation_of_the_same_that_is_under_way_ends_and_leaves_nothing_behind(company, here):
    company.modal.add_service_user("hourly", {"dev": "viewer"}, created_by="ada")
    company.modal.backdate(timedelta(hours=2))
    path = company.folder / "hourly.toml"
    path.write_text(HOURLY)
    where = ("--inventory", str(path))
    assert here(*where, "rotate", "hourly", "--due", "--yes").return_value == 0
    between = users_of(company.world(), "hourly")
    assert len(between) == 2, "the old one lives on for an hour"

    played = here(*where, "run", "breach", "--platform", "github", "--yes")
    assert played.return_value == 0, played.output
    assert "is replacing hourly on schedule. It ends when you confirm" in " ".join(played.output.split())
    [fresh] = users_of(company.world(), "hourly")
    assert fresh["token_id"] not in {one["token_id"] for one in between}
    pair = (fresh["token_id"], fresh["token_secret"])
    assert at_github(company.world(), "rentagpu/service-0", "dev", "HOURLY") == pair


def stock(company, text, platform="github", environ=None, **when):
    path = company.folder / "stock.toml"
    path.write_text(text)
    inventory = Inventory.load(path, {}, company.folder)
    connections = Connections(environ or company.environ)
    try:
        breach = Breach(platform, when.get("since"), when.get("until"))
        return take_stock(connections, inventory, breach)
    finally:
        connections.close()


def of_kind(kind, **who):
    """A credential of each name, placed at GitHub."""
    return "".join(
        f'[credentials.{name}]\nkind = "{kind}"\n{line}\n'
        f"[[credentials.{name}.github_environments]]\n"
        f'repository = "rentagpu/service-0"\nenvironment = "dev"\n'
        f'identifier_key = "{name.upper()}_ID"\nsecret_key = "{name.upper()}_SECRET"\n'
        for name, line in who.items()
    )


def test_how_to_deploy_which_key_makes_room_and_until_when_are_ones_own_to_say(company, here):
    company.aws.add_user("pair")
    pair = {company.aws.add_access_key("pair").access_key_id for _ in range(2)}
    doomed = max(pair)
    path = company.folder / "choices.toml"
    text = of_kind("aws-access-key", pair='user = "pair"')
    path.write_text(text + EXECUTOR.format("dev", "[]").replace('["s3"]', '["pair"]') + HEAD)
    where = ("--inventory", str(path), "run", "breach", "--platform", "github", "--dry-run")

    planned = here(*where, "--redeploy", "direct", "--delete-key", doomed)
    assert planned.return_value == 0, planned.output
    said = " ".join(planned.output.split())
    assert f"Delete access key {doomed} of pair to make room for a fresh one" in said
    assert "from here as app rentagpu-executor to dev" in said
    assert "modal_deploy.yml" not in said
    assert all(f"Deactivate access key {one} of pair" in said for one in pair)

    refused = here(*where)
    assert isinstance(refused.exception, ChoiceError), "nothing would be contained before the choice"
    assert "nothing to do" in here(*where, "--until", "2020-01-31").output


def test_what_was_made_after_it_was_safe_again_is_left_alone(company):
    company.modal.add_service_user("early", {}, created_by="ada")
    text = of_kind("modal-service-user", early='service_user = "early"')
    assert [one.credential for one in stock(company, text).exposed]
    before = stock(company, text, until=datetime.now(UTC) - timedelta(days=1))
    assert (before.exposed, before.later, before.left_out) == ((), ("early",), ())


def test_a_provider_that_does_not_answer_keeps_nothing_else_from_being_planned(company):
    company.modal.add_service_user("answers", {}, created_by="ada")
    text = of_kind("modal-service-user", answers='service_user = "answers"')
    text += of_kind("aws-access-key", silent='user = "rentagpu-s3"')
    away = {**company.environ, "AWS_ENDPOINT_URL": "http://127.0.0.1:9"}
    found = stock(company, text, environ=away)
    assert [one.name for one in found.exposed] == ["answers"]
    [left] = found.left_out
    assert left.why.startswith("Not known: the access keys of rentagpu-s3: ")
    assert left.as_found().life == "unknown"
    with pytest.raises(UnavailableError, match="Nothing that is placed at github can be replaced"):
        stock(company, of_kind("aws-access-key", silent='user = "rentagpu-s3"'), environ=away)


def test_what_is_not_clear_or_ones_own_is_left_out_with_what_to_do_about_it(company):
    company.modal.add_service_user("two", {"dev": "viewer"}, created_by="ada")
    company.modal.add_service_user("two--abcdefgh", {"dev": "contributor"}, created_by="ada")
    for name in ("same", "same--abcdefgh"):
        company.modal.add_service_user(name, {"dev": "viewer"}, created_by="ada")
    text = of_kind("modal-service-user", two='service_user = "two"', same='service_user = "same"')
    text += of_kind("modal-service-user", gone='service_user = "gone"')
    text += of_kind("aws-access-key", me='user = "respond-operator"')
    found = stock(company, text)
    why = {one.credential.name: one.why for one in found.left_out}
    assert set(why) == {"two", "gone", "me"}
    assert "with different roles" in why["two"]
    assert "No live modal-service-user of gone was found" in why["gone"]
    assert "is what this session works with" in why["me"]
    assert {one.name for one in found.exposed} == {"same", "same--abcdefgh"}, "both are taken for exposed"


def test_a_platform_that_holds_nothing_is_no_success_either(company):
    with pytest.raises(InputError, match="places no credential in a Modal Secret"):
        stock(company, of_kind("aws-access-key", one='user = "rentagpu-s3"'), platform="modal")
