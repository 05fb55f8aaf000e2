"""`respond review`: what is new since the last look, and the removal of what somebody left."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from aws_company import USER, Company, company
from click.testing import CliRunner

from responder import questions
from responder.action import Actions, Connections
from responder.cli import cli
from responder.engine import Engine, Order, fold
from responder.errors import Exit, RefusedError, RespondError
from responder.exposure import Exposure, LeakedAccessKey
from responder.journal import EventKind, Holder, Journal, Seals
from responder.providers.aws.review import ReviewAws
from responder.review.eviction import removed
from responder.review.reading import seen
from responder.review.sweep import sweep
from responder.sandbox.faults.rule import read_rule
from responder.secret import Secret
from responder.trace import Reviewed as Looked

KEY = "A" * 43 + "="
INVENTORY = '[credentials.s4]\nkind = "aws-access-key"\nuser = "known-user"\n'
PLAYBOOK = """
name: look
title: Look
summary: Look.
strategies: {one: The one.}
steps:
  - id: review_aws_key
    title: Review what was done at AWS with the leaked key
    phase: review
    uses: aws.review
    for_each: ${{ exposure.access_keys }}
    with:
      leaked: ["${{ each.identifier }}"]
      user: ${{ each.user }}
      seen_at: ${{ exposure.seen_at }}
      ours: ["${{ each.session_id }}"]
"""


class Silent:
    def begin(self, state: Any) -> None: ...

    def event(self, event: Any) -> None: ...

    def progress(self, step: str, text: str) -> None: ...


@dataclass
class Reviewed:
    """A run that has looked once, at an account where an intruder has made the user `ghost`."""

    aws: Company
    home: Path
    run: str = "r1"

    def journal(self, **options: Any) -> Journal:
        return Journal.open(self.home / "journal" / "journal.db", **options)

    def engine(self, journal: Journal) -> Engine:
        return Engine(
            journal,
            Seals(journal, Secret(KEY)),
            Actions(),
            self.aws.connections(self.aws.operator),
            lambda: datetime.now(UTC),
            Silent(),
            "0",
        )

    def begin(self) -> None:
        now = datetime.now(UTC)
        leaked = self.aws.leaked.access_key_id
        key = LeakedAccessKey(credential="s3", known=True, identifier=leaked, user=USER)
        order = Order(
            run=self.run,
            playbook_name="look.yaml",
            playbook_text=PLAYBOOK,
            exposure=Exposure(source="a test", seen_at=now, access_keys=(key,)),
            options={},
            strategy="one",
            began_at=now,
            confirmed_at=now,
            confirmed_by="a test",
            operator={"local": "ada"},
        )
        with self.journal() as journal:
            assert self.engine(journal).start(order).outcome

    def sweep(self) -> Any:
        with self.journal() as journal:
            return sweep(self.engine(journal), self.run, operator={"local": "bob"})

    def make(self, name: str) -> None:
        """As the intruder does, with the leaked key."""
        self.aws.client("iam", self.aws.leaked).create_user(UserName=name)

    def respond(self, *words: str) -> Any:
        environ = {**self.aws.environ, "RESPOND_SEAL_KEY": KEY, "COLUMNS": "200"}
        environ["RESPOND_INVENTORY"] = str(self.home / "respond.toml")
        runner = CliRunner(env=environ)
        return runner.invoke(cli, ["--home", str(self.home), *words], standalone_mode=False)

    def users(self) -> set[str]:
        return {one["name"] for one in self.aws.plane.world()["users"]}


@pytest.fixture(scope="module")
def running():
    with company("666666666666") as opened:
        yield opened


@pytest.fixture
def reviewed(running, tmp_path):
    before = running.plane.snapshot()
    (tmp_path / "respond.toml").write_text(INVENTORY)
    made = Reviewed(running, tmp_path)
    made.make("ghost")
    made.begin()
    yield made
    running.plane.restore(before)


def subjects(traces):
    return [one.subject for one in traces if one.to_look_at]


def test_a_later_look_tells_only_what_is_new_and_is_recorded_with_who_looked(reviewed):
    assert not reviewed.sweep().new
    reviewed.make("second")
    swept = reviewed.sweep()
    assert subjects(swept.new) == ["second"]
    assert subjects(swept.seen.traces) == ["ghost", "second"]
    assert not swept.clean
    assert reviewed.sweep().clean
    with reviewed.journal(read_only=True) as journal:
        events = [one for one in journal.events("r1") if one.kind is EventKind.STEP_CHECKED]
        resumed = [one for one in journal.events("r1") if one.kind is EventKind.RUN_RESUMED]
    assert [event.attempt for event in events] == [1, 2, 3]
    assert {event.data["result"] for event in events} == {"reviewed"}
    assert resumed[-1].data["by"] == "review"
    assert resumed[-1].data["operator"] == {"local": "bob"}


def test_what_a_review_saw_is_not_taken_for_what_a_run_made(reviewed):
    again = reviewed.sweep()
    assert subjects(again.seen.traces) == ["ghost"]


def test_a_service_that_is_silent_leaves_a_look_that_is_not_clean(reviewed, monkeypatch):
    monkeypatch.setitem(reviewed.aws._connections, reviewed.aws.operator.access_key_id, elsewhere(reviewed))
    swept = reviewed.sweep()
    assert swept.seen.unread
    assert not swept.clean
    assert subjects(swept.seen.traces) == ["ghost"], "what was seen before stays seen"


def test_a_service_that_is_silent_keeps_no_run_from_its_end_and_is_asked_again(reviewed, monkeypatch):
    monkeypatch.setattr(questions, "SILENCE", 1.0)
    reviewed.aws.faults.add([read_rule("aws:LookupEvents:stall=9")])
    try:
        reviewed.run = "r2"
        reviewed.begin()
    finally:
        reviewed.aws.faults.clear()
    with reviewed.journal(read_only=True) as journal:
        told = seen(fold("r2", journal.events("r2")))
    (unread,) = told.unread
    leaked = reviewed.aws.leaked.access_key_id
    assert f" names in CloudTrail: no time was left to look for {leaked}, {USER}" in unread
    assert reviewed.sweep().seen.unread == ()


def test_what_nobody_is_shown_spoils_one_look_and_not_every_look_after_it(reviewed, monkeypatch):
    told = Looked(unread=("the log: not on this plan", "IAM: busy"), limited=("the log: not on this plan",))
    monkeypatch.setattr(ReviewAws, "look", lambda _self, _call, _given: told)
    assert reviewed.sweep().gaps == told.unread
    assert reviewed.sweep().gaps == ("IAM: busy",)
    told = told.model_copy(update={"unread": told.limited})
    monkeypatch.setattr(ReviewAws, "look", lambda _self, _call, _given: told)
    assert reviewed.sweep().clean


def elsewhere(reviewed):
    return Connections({**reviewed.aws.environ, "AWS_ENDPOINT_URL": "http://127.0.0.1:1"})


def test_the_command_shows_what_is_new_and_all_where_it_is_asked_for(reviewed):
    reviewed.make("second")
    first = reviewed.respond("review", "r1")
    assert first.return_value == Exit.INCOMPLETE, first.output
    assert "IAM user second was made with what leaked" in first.output
    assert "ghost" not in first.output
    assert "1 new thing to look at. 1 thing seen before is still open." in first.output
    second = reviewed.respond("review", "r1", "--all")
    assert second.return_value == Exit.DONE
    assert "IAM user ghost was made with what leaked" in second.output
    assert "respond review r1 --remove ghost --remove second" in second.output
    assert "Nothing new to look at. 2 things seen before are still open." in second.output


def test_what_is_named_is_deleted_as_a_run_of_its_own_and_then_it_is_gone(reviewed):
    reviewed.make("second")
    reviewed.sweep()
    removed = reviewed.respond("review", "r1", "--remove", "ghost", "--yes")
    assert removed.return_value == Exit.DONE, removed.output
    assert "Delete the IAM user ghost with its keys" in removed.output
    assert "ghost" not in reviewed.users()
    assert "second" in reviewed.users()
    with reviewed.journal(read_only=True) as journal:
        (evicted,) = [one for one in journal.runs() if one != "r1"]
        assert fold(evicted, journal.events(evicted)).started["confirmed_by"] == "--yes"
    assert subjects(reviewed.sweep().seen.traces) == ["second"]


def test_what_was_removed_and_no_list_has_any_more_is_told_as_removed(reviewed):
    key = reviewed.aws.plane.add_access_key(USER).access_key_id
    assert key in subjects(reviewed.sweep().new)
    removal = reviewed.respond("review", "r1", "--remove", key, "--yes")
    assert removal.return_value == Exit.DONE, removal.output
    swept = reviewed.sweep()
    assert key not in subjects(swept.seen.traces)
    (gone,) = [one for one in swept.seen.traces if one.subject == key]
    assert (gone.severity, gone.undo, gone.remove_with) == ("info", "", "")
    assert gone.because.endswith(" has removed it.")
    shown = reviewed.respond("show", "r1").output
    assert "1 thing to look at" in shown, "the user alone"
    assert "what shows 15 minutes late: respond review r1 --all" in shown
    assert "; 1 thing to look at." in reviewed.respond("report", "r1", "--md").output


def test_without_yes_a_person_is_asked_and_here_is_none(reviewed):
    refused = reviewed.respond("review", "r1", "--remove", "ghost")
    assert isinstance(refused.exception, RefusedError)
    assert "ghost" in reviewed.users()


def test_what_the_inventory_knows_is_not_deleted_whatever_a_review_says(reviewed):
    reviewed.make("known-user")
    reviewed.sweep()
    refused = reviewed.respond("review", "r1", "--remove", "known-user", "--yes")
    assert isinstance(refused.exception, RefusedError)
    assert "known-user" in reviewed.users()


def test_what_no_review_saw_or_nothing_removes_is_refused(reviewed):
    iam = reviewed.aws.client("iam", reviewed.aws.leaked)
    policy = json.dumps({"Version": "2012-10-17", "Statement": []}).replace("[]", "[{}]")
    policy = policy.replace("{}", '{"Effect": "Deny", "Action": "*", "Resource": "*"}')
    iam.put_user_policy(UserName="ghost", PolicyName="of-ghost", PolicyDocument=policy)
    narrow = policy.replace('"Action": "*"', '"Action": "s3:DeleteBucket"')
    iam.put_user_policy(UserName=USER, PolicyName="beside", PolicyDocument=narrow)
    reviewed.sweep()
    by_hand = reviewed.respond("review", "r1", "--remove", "beside", "--yes")
    assert "aws iam delete-user-policy" in by_hand.exception.next_step
    unseen = reviewed.respond("review", "r1", "--remove", "nobody", "--yes")
    assert isinstance(unseen.exception, RespondError)
    assert unseen.exception.exit_code == Exit.INPUT


def test_a_run_in_other_hands_is_looked_at_only_where_it_is_taken_over(reviewed, monkeypatch):
    monkeypatch.setattr(Holder, "alive", lambda _self: None)  # of another machine: nobody can tell
    monkeypatch.setattr(Holder, "__eq__", lambda _self, _other: False)
    monkeypatch.setattr(Holder, "__hash__", lambda _self: 1)
    held = reviewed.respond("review", "r1")
    assert isinstance(held.exception, RefusedError)
    assert "respond review r1 --take-over" in held.exception.next_step
    assert reviewed.respond("review", "r1", "--take-over").return_value == Exit.DONE


def test_the_report_tells_what_was_seen_and_takes_nothing_of_it_for_markup(reviewed):
    evil = reviewed.aws.client("iam", reviewed.aws.leaked, agent="<b>[evil](x)</b>/1")
    evil.create_user(UserName="second")
    reviewed.sweep()
    page = reviewed.home / "page.html"
    assert reviewed.respond("report", "r1", "--html", str(page)).exit_code == Exit.DONE
    written = page.read_text()
    section = written[written.index('<h2 id="review">') : written.index('<h2 id="todo">')]
    assert "2 things to look at, 2 critical" in section
    assert "IAM user second was made with what leaked" in section
    assert "aws iam delete-user --user-name second" in section
    assert "&lt;b&gt;[evil](x)&lt;/b&gt;" in section
    assert "<b>" not in section
    told = reviewed.respond("report", "r1", "--md").output
    assert "**critical**: IAM user second was made with what leaked" in told
    assert "<b>" not in told
    assert "[evil](x)" not in told


def test_how_long_ago_it_was_exposed_is_how_far_the_review_looks_back(reviewed):
    leaked = reviewed.aws.leaked.access_key_id
    planned = reviewed.respond("leak", leaked, "--dry-run", "--since", "2026-01-31T03:00")
    assert "for what was done since 2026-01-31 03:00 UTC" in " ".join(planned.output.split()), planned.output


def test_a_session_of_a_leak_that_nobody_confirmed_is_known_for_ours(reviewed, tmp_path):
    leaked = reviewed.aws.leaked
    lines = f"AWS_ACCESS_KEY_ID={leaked.access_key_id}\nAWS_SECRET_ACCESS_KEY={leaked.secret_access_key}\n"
    (tmp_path / "leaked.env").write_text(lines)
    sessions = len(reviewed.aws.plane.world()["sessions"])
    declined = reviewed.respond("leak", "--file", str(tmp_path / "leaked.env"))
    assert isinstance(declined.exception, RefusedError), declined.output
    assert len(reviewed.aws.plane.world()["sessions"]) == sessions + 1
    told = {one.subject: one for one in reviewed.sweep().seen.traces}
    assert [one for one in told if one.startswith("ASIA")] == []
    assert "sts:GetCallerIdentity" not in told, "nor is the question whether it lives anybody else's"


def test_a_session_that_only_says_to_be_ours_is_told_with_what_it_may_be(reviewed):
    agent = "Boto3/1.0 respond"
    reviewed.aws.client("sts", reviewed.aws.leaked, agent=agent).get_session_token()
    (taken,) = [one for one in reviewed.sweep().new if one.kind == "aws.session-taken"]
    assert taken.severity == "high"
    assert "was it one of you, on another machine?" in taken.because


def test_the_state_of_a_run_without_a_look_says_that_there_was_none(reviewed):
    with reviewed.journal(read_only=True) as journal:
        events = [e for e in journal.events("r1") if e.kind is EventKind.RUN_STARTED]
    told = seen(fold("r1", events))
    assert (told.looks, told.missing) == (0, ("Review what was done at AWS with the leaked key",))


def test_what_was_removed_is_known_without_a_look_at_every_other_run(reviewed, monkeypatch):
    reviewed.run = "r2"
    reviewed.begin()
    removal = reviewed.respond("review", "r1", "--remove", "ghost", "--yes")
    assert removal.return_value == Exit.DONE, removal.output
    real, read = Journal.events, []
    monkeypatch.setattr(Journal, "events", lambda self, run: read.append(run) or real(self, run))
    with reviewed.journal(read_only=True) as journal:
        (gone,) = removed(journal, "r1").values()
    assert read == [gone.by]
    assert gone.made_at
