from datetime import timedelta

import pytest
from tale import BEGAN, FRESH_ID, exposure

from responder.inventory import Credential, Inventory
from responder.journal import EventKind
from responder.report.integrity import read_chain
from responder.report.quarter import read_quarter

QUARTER = timedelta(days=90)


def inventory(**limits):
    kind = "aws-access-key"
    made = {
        name: Credential(name=name, kind=kind, max_age=days and timedelta(days=days))
        for name, days in limits.items()
    }
    return Inventory(credentials=made)


def read(tale, now, known=None, since=None):
    return read_quarter(
        tale.journal, read_chain(tale.path), known or Inventory(), "", since or now - QUARTER, now
    )


@pytest.mark.parametrize(
    ("days", "state"),
    [(10, "fine until 2026-05-01"), (80, "due on 2026-05-01"), (91, "overdue since 2026-05-01")],
)
def test_a_rotation_is_due_when_the_allowed_age_is_reached(tale, days, state):
    tale.begin().goes_well()
    (s3,) = read(tale, BEGAN + timedelta(days=days, hours=1), inventory(s3=90)).credentials
    assert (s3.age_days, s3.state, s3.identifier) == (days, state, FRESH_ID)
    assert s3.overdue is (days > 90)


def test_nothing_is_said_of_the_age_of_what_the_journal_never_saw_rotated(tale):
    tale.begin().proves("deactivate_key[s3]", 0.6).fails("create_key[s3]", 1)
    (s3,) = read(tale, BEGAN + QUARTER, inventory(s3=1)).credentials
    assert (s3.rotated_at, s3.age_days, s3.due, s3.overdue) == (None, None, None, False)
    assert s3.state.startswith("not known")


def test_the_last_rotation_counts_also_where_it_is_older_than_what_is_reported(tale):
    tale.begin("old").goes_well()
    tale.begin("newer", BEGAN + timedelta(days=100)).goes_well()
    now = BEGAN + timedelta(days=300)
    found = read(tale, now, inventory(s3=None))
    assert found.incidents == ()
    assert [(one.rotated_by, one.age_days, one.state) for one in found.credentials] == [
        ("newer", 199, "no limit is set")
    ]


def test_of_two_runs_at_once_the_later_rotation_counts(tale):
    tale.begin("late").proves("create_key[s3]", 500000.0)
    tale.begin("early", BEGAN + timedelta(days=1)).proves("create_key[s3]", 500001.0 - 86400)
    (s3,) = read(tale, BEGAN + timedelta(days=30), inventory(s3=90)).credentials
    assert s3.rotated_by == "early"


def test_times_to_contain_are_over_credentials_and_not_over_runs(tale):
    tale.begin("quick").goes_well()
    tale.begin("slow", BEGAN + timedelta(days=1))
    tale.proves("deactivate_key[s3]", 60).proves("deny_sessions[s3]", 90)
    found = read(tale, BEGAN + timedelta(days=2)).containment
    assert (found.proven, found.unproven) == (3, 1)
    assert found.median == pytest.approx(1.4)
    assert found.worst == pytest.approx(90)
    assert found.worst_of == "s3 in run slow"


def test_an_incident_is_contained_when_all_of_it_is(tale):
    tale.begin("whole").goes_well()
    tale.begin("half", BEGAN + timedelta(days=1), exposed=exposure(unidentified=True)).goes_well()
    whole, half = read(tale, BEGAN + timedelta(days=2)).incidents
    assert whole.contained_after == pytest.approx(1.4)
    assert whole.recovered_after == pytest.approx(21)
    assert half.contained_after is None
    assert half.still_open > whole.still_open


def test_runs_from_before_are_left_out(tale):
    tale.begin("old").goes_well()
    tale.begin("new", BEGAN + timedelta(days=100)).goes_well()
    found = read(tale, BEGAN + timedelta(days=101))
    assert [one.run for one in found.incidents] == ["new"]


def test_a_run_that_contained_nothing_is_no_incident(tale):
    containing = ("deactivate_key[s3]", "deny_sessions[s3]", "delete_user[ci]", "recheck_key[s3]")
    tale.begin("rotation", inactive=containing)
    found = read(tale, BEGAN + timedelta(days=1))
    assert (found.incidents, found.other_runs) == ((), 1)


@pytest.mark.parametrize(("playbook", "incidents"), [("offboard.yaml", 0), ("device-loss.yaml", 1)])
def test_a_person_who_leaves_is_no_incident_and_a_lost_device_is_one(tale, playbook, incidents):
    tale.begin(playbook=playbook).goes_well()
    found = read(tale, BEGAN + timedelta(days=1))
    assert (len(found.incidents), found.other_runs) == (incidents, 1 - incidents)
    assert ("Nothing had to be contained." in found.summary) is not bool(incidents)


def test_failures_are_counted_by_step_the_worst_first(tale):
    tale.begin("a").fails("deny_sessions[s3]", 1).fails("redeploy[web]", 2, kind=EventKind.STEP_PARKED)
    tale.begin("b", BEGAN + timedelta(days=1)).intends("deny_sessions[s3]", 1)
    tale.retries("deny_sessions[s3]", 2).fails("deny_sessions[s3]", 3)
    worst, other = read(tale, BEGAN + timedelta(days=2)).failures
    assert (worst.title, worst.runs, worst.failed, worst.parked, worst.retried) == (
        "Deny the sessions",
        2,
        2,
        0,
        1,
    )
    assert (other.title, other.runs, other.failed, other.parked) == ("Redeploy", 1, 0, 1)
