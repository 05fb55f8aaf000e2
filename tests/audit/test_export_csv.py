"""`--format csv`: who did what to what, from where, with which outcome: a line an event."""

import csv
import io

import pytest
from exporting import export
from incident_record import ACCOUNTS, play_incident

from responder.journal import EventKind, Holder
from responder.report.export.spreadsheet import COLUMNS

TAKER = Holder("desk", 12, "b n 2", "grace")


def table(path, *words) -> list[dict[str, str]]:
    result = export(path, "--format", "csv", *words)
    assert result.exit_code == 0, result.output
    return list(csv.DictReader(io.StringIO(result.stdout, newline="")))


def test_each_event_says_who_from_where_what_on_what_and_with_which_outcome_and_evidence(
    journal, path, holder
):
    play_incident(journal, "r1", holder, TAKER)
    lines = table(path)
    assert [int(line["seq"]) for line in lines] == [event.seq for event in journal.events()]
    done = next(line for line in lines if line["event"] == "step.succeeded")
    assert (done["who"], done["host"], done["process"], done["version"]) == ("ada", "laptop", "4711", "1.2.3")
    assert ACCOUNTS["aws"] in done["accounts"]
    assert "oncall" in done["accounts"]
    assert (done["what"], done["action"]) == ("Deactivate key", "aws.deactivate_access_key")
    assert (done["on_what"], done["credential"], done["phase"]) == ("s3", "s3", "contain")
    assert done["outcome"] == "succeeded"
    assert done["evidence"] == "iam:ListAccessKeys: it is Inactive (request 7a2e)"
    assert done["playbook"] == "leak.yaml"
    assert len(done["playbook_sha256"]) == 64
    assert done["hash"] == next(e.hash for e in journal.events() if e.kind is EventKind.STEP_SUCCEEDED)
    applied = next(line for line in lines if line["event"] == "step.applied")
    assert applied["requests"] == "aws iam:UpdateAccessKey 6f1d; aws iam:ListAccessKeys 7a2e"
    failed = next(line for line in lines if line["outcome"] == "failed")
    assert (failed["why"], failed["next_step"]) == ("iam:CreateAccessKey: denied", "Ask ada.")
    assert (lines[-1]["outcome"], lines[-1]["who"], lines[-1]["step"]) == ("finished: succeeded", "grace", "")


def test_of_a_part_the_actor_is_still_known(journal, path, holder):
    play_incident(journal, "r1", holder, TAKER)
    (last,) = table(path, "--since", f"{journal.head().at:%Y-%m-%dT%H:%M:%S}")
    assert (last["event"], last["who"]) == ("run.finished", "grace")


@pytest.mark.parametrize(
    "cell", ["=1+1", "+1", "-1", "@SUM(A1)", "\uff1d1", "  =1", "\t=1", "\n=1", "\r\n@x", "\tx"]
)
def test_no_cell_is_ever_taken_for_a_formula(journal, path, holder, cell):
    writer = journal.begin("r1", holder, {"version": cell})
    writer.append(EventKind.STEP_FAILED, step=cell, attempt=1, data={"why": cell, "next_step": cell})
    lines = table(path)
    for column in ("step", "why", "next_step", "version"):
        assert lines[1][column].startswith("'")
        assert lines[1][column].lstrip("'").strip() == " ".join(cell.split())


def test_a_cell_with_commas_quotes_and_lines_stays_one_cell_of_one_line(journal, path, holder):
    writer = journal.begin("r1", holder, {})
    writer.append(EventKind.STEP_FAILED, step="s", attempt=1, data={"why": 'a, "b"\nc'})
    result = export(path, "--format", "csv")
    header, _, line = result.stdout.splitlines()
    assert header == ",".join(COLUMNS)
    assert dict(zip(COLUMNS, next(csv.reader([line])), strict=True))["why"] == 'a, "b" c'
