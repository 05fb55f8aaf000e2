"""What is due, what is under way and what a job is told, by the journal alone."""

import json
import subprocess
import sys
from datetime import UTC, datetime, timedelta

import pytest
from rotations import Past, finish, rotation

from responder.cli.rotated import Entry, Result
from responder.errors import Exit
from responder.inventory import Credential, Inventory
from responder.journal import Holder, Journal
from responder.rotation import UNHEARD, Made, Turn, turns, under_way

NOW = datetime.now(UTC)
ELSEWHERE = Holder("another-machine", 1, "then", "ada")


@pytest.fixture
def past(tmp_path):
    with Journal.open(tmp_path / "home" / "journal" / "journal.db") as journal:
        yield Past(journal)


def known(**limits):
    made = {
        name: Credential(name=name, kind="aws-access-key", max_age=limit) for name, limit in limits.items()
    }
    return Inventory(credentials=made)


def test_a_turn_comes_when_the_last_value_that_a_run_made_is_too_old(past):
    past.at(NOW - timedelta(days=40)).plays(rotation("s3", fresh="AKIA1"))
    past.at(NOW - timedelta(days=29)).plays(rotation("s3", fresh="AKIA2"))
    past.at(NOW - timedelta(days=1)).plays(rotation("other", fresh="AKIA3"))
    (s3,) = turns(past.journal, known(s3="30d", other="30d"), ["s3"])
    assert s3.made.identifier == "AKIA2"
    assert abs(s3.due - (NOW + timedelta(days=1))) < timedelta(minutes=1)
    assert not s3.may_be_due(NOW)
    assert s3.may_be_due(NOW + timedelta(days=1, minutes=1))


def test_what_nobody_has_seen_may_be_due_and_what_has_no_limit_never_is(past):
    s3, other = turns(past.journal, known(s3="30d", other=None), ["s3", "other"])
    assert (s3.due, s3.may_be_due(NOW)) == (None, True)
    assert (other.due, other.may_be_due(NOW)) == (None, False)


def test_what_a_provider_told_counts_until_a_run_makes_a_newer_one(past):
    past.at(NOW - timedelta(days=20)).notes("s3", "AKIA1", NOW - timedelta(days=50))
    (s3,) = turns(past.journal, known(s3="30d"), ["s3"])
    assert (s3.made.identifier, s3.may_be_due(NOW)) == ("AKIA1", True)
    past.at(NOW - timedelta(days=10)).plays(rotation("s3", fresh="AKIA2"))
    (s3,) = turns(past.journal, known(s3="30d"), ["s3"])
    assert (s3.made.identifier, s3.may_be_due(NOW)) == ("AKIA2", False)


def test_during_the_overlap_a_run_waits_and_after_it_there_is_something_to_do(past):
    past.at(NOW - timedelta(minutes=30), ELSEWHERE).plays(rotation("s3", overlap=3600), until="prove")
    (run,) = under_way(past.journal, NOW)
    assert run.progress == "overlap"
    assert abs(run.until - (NOW + timedelta(minutes=30))) < timedelta(minutes=1)
    (run,) = under_way(past.journal, NOW + timedelta(minutes=31))
    assert (run.progress, run.take_over) == ("ready", True)


def test_who_is_silent_for_long_on_another_machine_is_taken_for_dead_and_who_lives_here_never(past):
    past.at(NOW, ELSEWHERE).plays(rotation("s3"), until="create")
    past.at(NOW, Holder.current()).plays(rotation("ci"), until="create")
    ci, s3 = under_way(past.journal, NOW + UNHEARD / 2)
    assert (ci.progress, s3.progress) == ("held", "held")
    ci, s3 = under_way(past.journal, NOW + UNHEARD * 2)
    assert (ci.progress, s3.progress, s3.take_over) == ("held", "ready", True)


def test_a_leak_that_is_being_contained_is_no_rotation_and_a_run_that_is_over_is_under_way_no_more(past):
    past.at(NOW).plays(rotation("s3", scheduled=False), until="create")
    past.at(NOW).plays(rotation("ci"))
    (run,) = under_way(past.journal, NOW)
    assert (run.progress, run.does, "s3" in run.credentials) == ("other", "leak.yaml", True)


INVENTORY = """
[credentials.s3]
kind = "aws-access-key"
user = "rentagpu-s3"
max_age = "30d"

[credentials.me]
kind = "modal-member-token"
identifiers = ["ak-1"]
max_age = "30d"

[[credentials.me.modal_secrets]]
environment = "dev"
secret = "of-me"
identifier_key = "ID"
secret_key = "SECRET"
"""
TELLING = """
import atexit, sys
from responder.cli import main
sdks = ("modal", "boto3", "botocore", "github")
atexit.register(lambda: sys.stderr.write(repr([one for one in sdks if one in sys.modules])))
main()
"""


def start(tmp_path, *arguments, **env):
    """`respond rotate` in a process of its own; at its end it tells which SDKs it has imported."""
    (tmp_path / "respond.toml").write_text(INVENTORY)
    where = ("--home", str(tmp_path / "home"), "--inventory", str(tmp_path / "respond.toml"))
    return subprocess.run(
        [sys.executable, "-c", TELLING, *where, "rotate", *arguments],
        env={"PATH": "/usr/bin:/bin", "HOME": str(tmp_path), "COLUMNS": "80", **env},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_where_nothing_is_due_no_service_is_asked_and_it_is_said_when_the_next_is(past, tmp_path):
    past.at(NOW - timedelta(days=2)).plays(rotation("s3", fresh="AKIA1"))
    page = tmp_path / "page.md"
    page.write_text("# Job\n")
    ended = start(tmp_path, "--due", "--json", GITHUB_STEP_SUMMARY=str(page))
    assert (ended.returncode, ended.stderr) == (0, "[]")
    told = json.loads(ended.stdout)
    assert told["next"]["credential"] == "s3"
    assert told["next"]["at"].startswith(f"{NOW + timedelta(days=28):%Y-%m-%d}")
    assert (told["rotated"], told["skipped"], told["exit_code"]) == ([], [], 0)
    assert page.read_text().startswith("# Job\n### respond rotate\n")
    assert "Nothing is due. Next: s3 on " in page.read_text()


def test_what_only_a_person_can_replace_is_named_when_it_is_due_with_how_and_fails_the_job(past, tmp_path):
    past.at(NOW - timedelta(days=2)).plays(rotation("s3", fresh="AKIA1"))
    ended = start(tmp_path, "--due", "--json")
    told = json.loads(ended.stdout)
    assert (ended.returncode, ended.stderr, told["by_hand"]) == (0, "[]", [])
    (seen,) = past.journal.noted()
    assert (seen.step, seen.data["identifier"]) == ("me", "ak-1"), "its age counts from here"
    assert told["next"]["credential"] == "s3"


def test_who_was_first_seen_so_long_ago_is_due(past, tmp_path):
    past.at(NOW - timedelta(days=2)).plays(rotation("s3", fresh="AKIA1"))
    past.notes("me", "ak-1", NOW - timedelta(days=31))
    page = tmp_path / "page.md"
    ended = start(tmp_path, "--due", "--json", GITHUB_STEP_SUMMARY=str(page))
    told = json.loads(ended.stdout)
    assert (ended.returncode, ended.stderr, told["exit_code"]) == (3, "[]", 3)
    (due,) = told["by_hand"]
    assert (due["credential"], due["old"]) == ("me", "ak-1")
    assert due["why"].startswith(
        f"It is due since {NOW - timedelta(days=1):%Y-%m-%d}, and must be replaced by"
    )
    assert "modal token new" in due["why"]
    assert "put it in Modal Secret dev/of-me/ID, revoke" in due["why"]
    assert "| me | by hand | It is due since" in page.read_text()
    assert told["next"]["credential"] == "s3", "the next that is not due yet"
    ended = start(tmp_path, "--due", "--dry-run")
    assert "me: It is due since" in ended.stdout


def test_who_is_on_it_and_an_open_leak_refuse_without_asking_a_service(past, tmp_path):
    past.at(NOW, Holder.current()).plays(rotation("s3"), until="create")
    ended = start(tmp_path, "--due", "--yes")
    assert (ended.returncode, ended.stderr) == (3, "[]")
    assert f"{Holder.current()} is on it." in ended.stdout
    finish(past.journal, "r1")
    past.at(NOW, ELSEWHERE).plays(rotation("s3", scheduled=False), until="create")
    ended = start(tmp_path, "s3", "--yes")
    assert (ended.returncode, ended.stderr) == (3, "[]")
    assert f"Run r2 (leak.yaml) of {ELSEWHERE} is about it, and is not over." in ended.stdout


def test_a_job_that_asks_for_json_is_given_it_where_nothing_could_begin(tmp_path):
    ended = start(tmp_path, "s4", "--json")
    assert ended.returncode == 2
    told = json.loads(ended.stdout)
    assert (told["rotated"], told["exit_code"], told["error"]["code"]) == ([], 2, "input")
    assert told["error"]["why"].startswith("There is no credential `s4`")
    assert told["error"]["state"] == "Nothing was changed."
    assert "Did you mean `s3`?" in told["error"]["next_step"]
    assert "Did you mean `s3`?" in ended.stderr, "a person is told too"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "Nothing was named."),
        (("--all", "--due"), "--all goes with neither names nor --due."),
        (("s4",), "Did you mean `s3`?"),
        (("me",), "me is replaced by hand"),
    ],
)
def test_what_is_asked_for_must_be_clear(tmp_path, arguments, said):
    ended = start(tmp_path, *arguments)
    assert ended.returncode == 2
    assert said in ended.stderr


def test_of_one_that_is_gone_it_is_said_whether_it_was_tried_or_only_listed_no_more():
    told = Entry("s3", "rotated", old="AKIA1", fresh="AKIA2")
    assert "by its provider's list: without its secret it could not be tried" in told.words
    assert told.as_json()["old_proven_dead_by"] == "list"
    tried = Entry("s3", "rotated", old="AKIA1", fresh="AKIA2", tried=True)
    assert tried.words.endswith("is gone.")
    assert tried.as_json()["old_proven_dead_by"] == "trying"


def test_the_worst_of_what_became_of_them_is_the_exit_code():
    done, refused = Entry("a", "rotated"), Entry("b", "skipped", Exit.REFUSED)
    unfinished, unasked = Entry("c", "unfinished", Exit.INCOMPLETE), Entry("d", "skipped", Exit.UNAVAILABLE)
    assert Result([], None, NOW).code == Result([done], None, NOW).code == Exit.DONE
    assert Result([done, refused], None, NOW).code == Exit.REFUSED
    assert Result([refused, unasked], None, NOW).code == Exit.UNAVAILABLE
    assert Result([refused, unasked, unfinished], None, NOW).code == Exit.INCOMPLETE


def test_on_the_page_of_a_job_what_services_said_is_no_markup():
    why = "a | b <script> @ada"
    page = Result([Entry("s3", "skipped", Exit.UNAVAILABLE, why=why)], None, NOW).as_markdown()
    assert "| s3 | skipped | a \\| b \\<script\\> @\u200bada |" in page


def test_how_long_until_the_next_turn_is_said_as_a_person_would():
    credential = Credential(name="s3", kind="aws-access-key", max_age="30d")
    soon = Turn(credential, Made(NOW - timedelta(days=29, hours=20, minutes=10), "AKIA1"))
    assert Result([], soon, NOW).headline.endswith("UTC, in 4 hours.")
