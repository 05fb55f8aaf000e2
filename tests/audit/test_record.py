"""Every event says who, from where, what, on what, with which outcome and by which evidence."""

import hashlib

from played import ACCOUNTS, STEP, play

from responder.journal import EventKind, Holder
from responder.report.record import Request, records

OTHER = Holder("desk", 12, "b n 2", "grace")


def test_an_event_of_a_step_carries_the_actor_and_the_step_that_stand_elsewhere(journal, holder):
    play(journal, "r1", holder)
    started, intended, applied, succeeded, finished = records(journal.iterate())
    for record in (started, intended, applied, succeeded, finished):
        assert (record.actor.user, record.actor.host, record.actor.process) == ("ada", "laptop", 4711)
        assert (record.actor.version, record.actor.accounts) == ("1.2.3", ACCOUNTS)
        assert record.playbook == "leak.yaml"
        assert record.playbook_digest == hashlib.sha256(b"steps: []\n").hexdigest()
    assert (started.step, started.target, started.outcome) == (None, "", "started")
    assert (intended.action, intended.target, intended.outcome) == (STEP["action"], "s3", "intended")
    assert intended.step.phase == "contain"
    assert applied.requests == (Request("aws", "iam:ListAccessKeys", "req-1"),)
    assert succeeded.evidence == "iam:ListAccessKeys: AKIA is Inactive"
    assert finished.outcome == "finished: succeeded"


def test_who_takes_a_run_over_is_the_actor_from_there_on_and_only_of_that_run(journal, holder):
    play(journal, "r1", holder, finish=False)
    play(journal, "r2", holder, finish=False)
    taken = {"version": "2.0.0", "operator": {"github": "grace"}, "took_over": True}
    journal.take_up("r1", OTHER, taken).append(EventKind.RUN_FINISHED, data={"outcome": "succeeded"})
    by_seq = {record.event.seq: record for record in records(journal.iterate())}
    assert str(by_seq[4].actor) == "ada@laptop"
    assert str(by_seq[8].actor) == "ada@laptop"
    for seq in (9, 10):
        assert str(by_seq[seq].actor) == "grace@desk"
        assert by_seq[seq].actor.version == "2.0.0"
        assert by_seq[seq].playbook == "leak.yaml"


def test_an_event_without_its_run_names_nobody_rather_than_somebody(journal, holder):
    play(journal, "r1", holder)
    (first, *_) = records(journal.iterate(after=1))
    assert str(first.actor) == "unknown"
    assert first.step.id == STEP["id"]
    assert first.playbook == ""
