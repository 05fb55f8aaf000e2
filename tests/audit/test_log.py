"""`respond audit log`: a line an event, and only those that were asked for."""

import json

import pytest
from intruder import respond
from played import ACCOUNTS, STEP, Clock, play

from responder.errors import InputError
from responder.journal import EventKind, Holder, Journal

OTHER = Holder("desk", 12, "b n 2", "grace")


@pytest.fixture
def journal(path, signer, holder):
    """A run of five events by ada from 03:00:01, and one of grace's that is not finished, from 03:00:06."""
    with Journal.open(path, clock=Clock()) as journal:
        play(journal, "r1", holder)
        steps = [{**STEP, "id": "redeploy[w]", "credential": None, "label": "w", "phase": "recover"}]
        data = {"version": "9", "playbook": {"name": "p", "text": ""}, "operator": {}, "steps": steps}
        writer = journal.begin("r2", OTHER, data)
        writer.append(EventKind.STEP_FAILED, step="redeploy[w]", attempt=2, data={"why": "No answer."})
    return path


def logged(*options):
    result = respond("log", "--json", *options)
    assert result.exception is None
    return [json.loads(line)["seq"] for line in result.stdout.splitlines()]


def test_a_line_says_when_who_from_where_what_on_what_with_which_outcome_and_how_it_is_known(journal):
    lines = respond("log").output.splitlines()
    assert lines[2] == (
        "2026-01-31T03:00:03.000000Z r1 ada@laptop aws.deactivate_access_key s3 applied [aws req-1]"
    )
    assert lines[3].endswith("s3 succeeded: iam:ListAccessKeys: AKIA is Inactive")
    assert lines[4] == "2026-01-31T03:00:05.000000Z r1 ada@laptop run finished: succeeded"
    assert lines[6].endswith("grace@desk aws.deactivate_access_key w failed (attempt 2): No answer.")


def test_json_has_all_that_the_record_has(journal):
    applied = json.loads(respond("log", "--json").output.splitlines()[2])
    assert applied["actor"]["accounts"] == ACCOUNTS
    assert (applied["actor"]["host"], applied["actor"]["version"]) == ("laptop", "1.2.3")
    assert applied["playbook"]["name"] == "leak.yaml"
    assert applied["step"]["credential"] == "s3"
    assert applied["requests"] == [{"provider": "aws", "operation": "iam:ListAccessKeys", "id": "req-1"}]


@pytest.mark.parametrize(
    ("options", "seqs"),
    [
        ((), [1, 2, 3, 4, 5, 6, 7]),
        (("--run", "r2"), [6, 7]),
        (("--credential", "s3"), [2, 3, 4]),
        (("--phase", "recover"), [7]),
        (("--actor", "grace"), [6, 7]),
        (("--actor", "user/respond-operator"), [1, 2, 3, 4, 5]),
        (("--actor", "laptop", "--phase", "recover"), []),
        (("--since", "2026-01-31T03:00:05"), [5, 6, 7]),
        (("--until", "2026-01-31T04:00:03+01:00"), [1, 2]),
        (("--since", "2026-01-31T03:00:03", "--until", "2026-01-31T03:00:04"), [3]),
    ],
)
def test_each_filter_leaves_what_it_names(journal, options, seqs):
    assert logged(*options) == seqs


@pytest.mark.parametrize(
    ("option", "name", "known"),
    [
        ("--phase", "nophase", "contain, rotate, recover"),
        ("--credential", "s4", "s3"),
        ("--actor", "mallory", "grace@desk"),
    ],
)
def test_a_name_that_no_event_has_is_told_with_those_that_there_are(journal, option, name, known):
    refused = respond("log", option, name).exception
    assert isinstance(refused, InputError)
    assert name in refused.what
    assert known in refused.next_step


def test_names_that_no_one_event_has_together_are_no_mistake_and_are_said_to_match_none(journal):
    for options in (("--actor", "grace", "--credential", "s3"), ("--phase", "rotate")):
        result = respond("log", *options)
        assert result.exception is None
        assert result.stdout == ""
        assert "No event matches" in result.stderr


def test_a_copy_is_read_where_it_is(journal, tmp_path, monkeypatch):
    monkeypatch.setenv("RESPOND_HOME", str(tmp_path / "elsewhere"))
    assert logged("--journal", journal) == [1, 2, 3, 4, 5, 6, 7]


def test_a_run_that_is_not_there_is_said_to_be_not_there(journal):
    assert isinstance(respond("log", "--run", "r9").exception, InputError)


def test_a_line_has_a_few_of_very_many_requests_and_json_has_all(path, signer, holder):
    with Journal.open(path, clock=Clock()) as journal:
        writer = journal.begin("r1", holder, {"version": "9", "playbook": {}, "operator": {}, "steps": []})
        asked = [{"provider": "aws", "operation": "x", "id": f"id-{n}"} for n in range(40)]
        writer.append(EventKind.STEP_APPLIED, step="a", attempt=1, data={"requests": asked})
    assert respond("log").output.splitlines()[1].endswith("[aws id-0, aws id-1, aws id-2, aws id-3, 36 more]")
    assert len(json.loads(respond("log", "--json").output.splitlines()[1])["requests"]) == 40
