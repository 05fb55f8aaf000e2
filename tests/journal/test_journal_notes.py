"""What a provider said of a credential, written down beside any run."""

from datetime import UTC, datetime

import pytest

from responder.journal import EventKind, Holder, Journal, Verified
from responder.journal.audit import verify
from responder.report.log import as_line
from responder.report.record import records

DATA = {"identifier": "AKIA1", "evidence": "it was made then", "holder": Holder.current().to_json()}


@pytest.fixture
def journal(tmp_path):
    with Journal.open(tmp_path / "journal.db") as opened:
        yield opened


def test_a_note_is_part_of_the_chain_and_of_no_run(journal, tmp_path):
    journal.begin("r1", Holder.current(), {})
    journal.note("s3", DATA)
    journal.note("s3", DATA | {"identifier": "AKIA2"})
    journal.note("ci", DATA)
    assert [(one.step, one.attempt, one.data["identifier"]) for one in journal.noted()] == [
        ("s3", 1, "AKIA1"),
        ("s3", 2, "AKIA2"),
        ("ci", 1, "AKIA1"),
    ]
    assert journal.runs() == journal.open_runs() == ["r1"]
    assert [event.kind for event in journal.events("r1")] == [EventKind.RUN_STARTED]
    found = verify(tmp_path / "journal.db")
    assert found.sound
    assert isinstance(found.chain, Verified)
    assert found.chain.events == 4


def test_the_log_tells_who_noted_what_of_which_credential(journal):
    journal.note("s3", DATA)
    (record,) = records(journal.iterate())
    assert record.step.credential == "s3"
    who = Holder.current()
    assert as_line(record).endswith(f" - {who.user}@{who.host} look s3 seen: it was made then")


def test_a_run_that_is_being_undone_is_open_again(journal):
    writer = journal.begin("r1", Holder.current(), {})
    journal.clock = lambda: datetime.now(UTC)
    writer.append(EventKind.RUN_FINISHED, data={"outcome": "succeeded"})
    assert journal.open_runs() == []
    writer.append(EventKind.RUN_UNDOING, data={"re_enabled": []})
    assert journal.open_runs() == ["r1"]
