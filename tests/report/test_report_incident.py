from datetime import timedelta
from itertools import pairwise

import pytest
from tale import BEGAN, FRESH_ID, STEPS, TOKEN, Tale, exposure

from responder.access import Access
from responder.errors import InputError
from responder.exposure import Exposure, LeakedGithubToken
from responder.journal import EventKind, Holder
from responder.report.incident import read_incident
from responder.report.integrity import read_chain
from responder.report.timeline import draw
from responder.secret import Secret


def read(tale: Tale, **more):
    return read_incident(tale.journal, tale.run, read_chain(tale.path), **more)


def measured(incident):
    return {one.name: one.seconds for one in incident.measures}


def test_each_time_is_from_the_confirmation_to_the_last_proof(tale):
    times = measured(read(tale.begin().goes_well()))
    assert times == {
        "Time to detect": None,
        "Time to acknowledge": 30.0,
        "Time to respond": pytest.approx(30.4),
        "Time to contain": pytest.approx(1.4),
        "Time to rotate": pytest.approx(2.0),
        "Time to recover": pytest.approx(21.0),
        "Dwell time": None,
        "Whole response": pytest.approx(52.0),
    }


def test_the_time_to_detect_is_known_only_when_somebody_tells_it(tale):
    tale.begin().goes_well()
    times = measured(read(tale, exposed_since=BEGAN - timedelta(hours=2)))
    assert times["Time to detect"] == 7200
    assert times["Dwell time"] == pytest.approx(7200 + 30 + 1.4)


def test_since_when_it_was_exposed_is_known_where_the_run_was_told_unless_the_report_knows_better(tale):
    told = exposure().model_copy(update={"since": BEGAN - timedelta(hours=1)})
    tale.begin(exposed=told).goes_well()
    assert measured(read(tale))["Time to detect"] == 3600
    assert read(tale).clocks.recorded
    better = read(tale, exposed_since=BEGAN - timedelta(hours=2))
    assert (measured(better)["Time to detect"], better.clocks.recorded) == (7200, False)


def test_what_was_exposed_is_drawn_from_then_on(tale):
    told = draw(read(tale.begin().goes_well(), exposed_since=BEGAN - timedelta(hours=2)))
    assert (told.moments[0].mark, told.moments[0].after) == ("exposed", -7230)
    assert all(lane.spans[0].begin == told.moments[0].x for lane in told.lanes[:2])
    assert round(told.scale.cuts()[0].seconds) == 7200
    assert "exposed 2 h before the confirmation" in told.description


def test_what_has_but_a_fingerprint_is_called_after_its_owner(tale):
    mark = "sha256:abc"
    sams = LeakedGithubToken(
        credential=mark, known=False, identifier=mark, secret=Secret(TOKEN), life="live", login="sam"
    )
    leaked = exposure().model_copy(update={"github_tokens": (sams,)})
    revoke = (f"revoke[{mark}]", "Revoke", mark, mark, "contain", "github.revoke_token", 0)
    incident = read(tale.begin(exposed=leaked, steps=(*STEPS, revoke)).proves(f"revoke[{mark}]", 0.6))
    assert incident.title == "Leak of s3, ci and sam's token"
    assert incident.credentials[2].contained_at == BEGAN + timedelta(seconds=30.6)


def test_an_exposure_that_began_after_the_response_is_refused(tale):
    tale.begin().goes_well()
    with pytest.raises(InputError, match="before the exposure"):
        read(tale, exposed_since=BEGAN + timedelta(hours=1))


def test_a_credential_is_contained_only_when_every_step_of_it_is_proven(tale):
    tale.begin().proves("deactivate_key[s3]", 0.6).proves("delete_user[ci]", 1.0)
    tale.fails("deny_sessions[s3]", 2.0)
    incident = read(tale)
    s3, ci = incident.credentials
    assert s3.contained_at is None
    assert ci.contained_at == BEGAN + timedelta(seconds=31)
    assert measured(incident)["Time to contain"] is None
    assert "s3 is not proven to be contained" in incident.summary[1]


def test_what_was_dead_already_is_neither_contained_nor_at_large(tale):
    tale.begin(exposed=exposure(life="dead"), inactive=("delete_user[ci]",))
    tale.proves("deactivate_key[s3]", 0.6).proves("deny_sessions[s3]", 1.2)
    incident = read(tale)
    assert measured(incident)["Time to contain"] == pytest.approx(1.2)
    assert "ci was dead already" in incident.summary[1]
    assert draw(incident).lanes[1].detail == "was dead already"


def test_what_nobody_identified_is_at_large_whatever_else_is_contained(tale):
    incident = read(tale.begin(exposed=exposure(unidentified=True)).goes_well())
    contain = next(one for one in incident.measures if one.name == "Time to contain")
    assert (contain.seconds, contain.missing) == (None, "not proven")
    assert "sha256:abc" in contain.why
    assert "sha256:abc is not proven to be contained" in incident.summary[1]
    lane = draw(incident).lanes[2]
    assert [span.state for span in lane.spans] == ["exposed"]


def test_a_time_that_is_missing_is_told_in_other_words_than_one_that_nobody_could_know(tale):
    creating = ("create_key[s3]", "update_secret[prod/app]", "redeploy[web]", "verify[web]")
    missing = {one.name: one.missing for one in read(tale.begin(inactive=creating)).measures}
    assert missing["Time to detect"] == "not known"
    assert missing["Time to contain"] == "not proven"
    assert missing["Time to rotate"] == missing["Time to recover"] == "nothing to do"
    assert missing["Whole response"] == "not over"


def test_the_labels_under_the_line_do_not_stand_on_one_another(tale):
    for slow in (0, 90, 5400, 90000):
        tale.begin(f"r{slow}", BEGAN + timedelta(days=slow)).goes_well(slow=slow)
        ticks = draw(read(tale)).scale.ticks()
        assert len(ticks) > 1
        for one, after in pairwise(ticks):
            assert one.end <= after.begin


def test_what_is_not_done_stands_first_among_what_is_to_do(tale):
    tale.begin(exposed=exposure(unidentified=True)).proves("deactivate_key[s3]", 0.6)
    tale.fails("deny_sessions[s3]", 2.0).fails("redeploy[web]", 3, "Needs a review", EventKind.STEP_PARKED)
    told = read(tale).tasks
    assert "sha256:abc" in told[0].what.lower()
    whats = [task.what for task in told]
    assert "Deny the sessions (s3)." in whats
    assert next(task for task in told if task.what == "Redeploy (web).").why == "Needs a review."
    assert whats.index("Redeploy (web).") < whats.index("Take what leaked out of prod.env.")


def test_the_denial_of_sessions_is_to_be_removed_when_the_last_session_has_expired(tale):
    tale.begin().goes_well()
    task = next(task for task in read(tale).tasks if "respond-deny-sessions" in task.what)
    assert "2026-02-01 15:01:31 UTC" in task.why


def test_a_denial_that_was_put_there_again_stays_for_as_long_again(tale):
    tale.begin().proves("deny_sessions[s3]", 1.2).proves("deny_sessions[s3]", 3600, attempt=2)
    task = next(task for task in read(tale).tasks if "respond-deny-sessions" in task.what)
    assert "2026-02-01 16:01:29 UTC" in task.why
    assert task.command.startswith("aws iam delete-user-policy --user-name rentagpu-s3 ")


def test_a_run_without_a_review_says_that_one_is_to_do(tale):
    tale.begin().goes_well()
    assert any("anybody used s3 and ci" in task.what for task in read(tale).tasks)


def test_a_run_that_is_not_over_says_so(tale):
    incident = read(tale.begin().proves("deactivate_key[s3]", 0.6))
    assert incident.outcome == ""
    assert incident.summary[2].startswith("The run is not over, 7 steps are not proven")
    assert measured(incident)["Whole response"] is None


def test_a_containment_that_somebody_undid_is_told_and_its_time_stays_the_first(tale):
    tale.begin().proves("deactivate_key[s3]", 0.6).proves("deny_sessions[s3]", 1.2)
    tale.proves("recheck_key[s3]", 11.0, undone="deactivate_key[s3]").looks("deny_sessions[s3]", 60, "held")
    tale.looks("deny_sessions[s3]", 600, "re-applied", attempt=2).proves("deny_sessions[s3]", 601, attempt=2)
    incident = read(tale)
    s3 = incident.credentials[0]
    assert s3.contained_at == BEGAN + timedelta(seconds=31.2)
    assert s3.looked_again == (BEGAN + timedelta(seconds=90),)
    assert s3.undone == (BEGAN + timedelta(seconds=40.8), BEGAN + timedelta(seconds=630))
    assert "somebody undid the containment of s3" in incident.summary[1]
    assert incident.state.endswith("; somebody undid it meanwhile")
    assert any(task.what.startswith("Find out who undid the containment of s3") for task in incident.tasks)


def test_a_denial_that_was_renewed_had_not_been_undone(tale):
    again = ("recheck_sessions[s3]", "Look again", "s3", "s3", "contain", "aws.deny_sessions", 1)
    tale.begin(steps=(*STEPS, again)).proves("deactivate_key[s3]", 0.6).proves("deny_sessions[s3]", 1.2)
    incident = read(tale.proves("recheck_sessions[s3]", 11.0))
    s3 = incident.credentials[0]
    assert (s3.undone, s3.looked_again) == ((), (BEGAN + timedelta(seconds=41),))
    assert not any("undid" in task.what for task in incident.tasks)


def test_only_what_is_contained_and_held_lets_a_reader_lean_back(tale):
    assert read(tale.begin().proves("deactivate_key[s3]", 0.6)).mood == "bad"
    tale.begin("r2").goes_well()
    assert (read(tale).state, read(tale).mood) == ("Done and proven", "good")
    tale.looks("deny_sessions[s3]", 600, "re-applied")
    assert read(tale).mood == "wait"


def test_a_look_after_the_end_makes_the_response_no_longer(tale):
    incident = read(tale.begin().goes_well().looks("deny_sessions[s3]", 600, "held"))
    assert measured(incident)["Whole response"] == pytest.approx(52.0)
    moments = [(moment.mark, moment.after) for moment in draw(incident).moments]
    assert moments[-2:] == [("end", pytest.approx(22)), ("again", pytest.approx(600))]


def test_a_containment_that_was_lost_for_good_is_not_proven_any_more(tale):
    tale.begin().goes_well().looks("deny_sessions[s3]", 600, "lost")
    assert read(tale).credentials[0].at_large


def test_of_two_values_of_one_credential_each_has_its_own_containment(tale):
    other = ("deactivate_key[AKIA2]", "Deactivate the key", "s3", "AKIA2", "contain", "aws.x", 0)
    tale.begin(steps=(*STEPS, other), spare=True, identifier="AKIA2", known=True)
    tale.proves("deactivate_key[AKIA2]", 5.0).fails("deactivate_key[s3]", 6.0)
    (spare, _) = read(tale).credentials
    assert (spare.name, spare.replaced, spare.placed) == ("AKIA2", False, False)
    assert spare.contained_at == BEGAN + timedelta(seconds=35)


def test_a_step_that_had_nothing_to_do_took_no_time(tale):
    steps = {step.id: step for step in read(tale.begin().goes_well()).steps}
    assert steps["verify[web]"].seconds is None
    assert steps["redeploy[web]"].seconds == pytest.approx(9.0)


def test_whoever_took_the_run_over_is_named(tale):
    tale.begin().proves("deactivate_key[s3]", 0.6)
    eve = Holder("desk", 1, "boot ns 2", "eve")
    tale.journal.take_up("r1", eve, {"version": "0.2", "operator": {}, "took_over": True})
    first, second = read(tale).terms
    assert (str(first.actor), first.began, first.took_over) == ("ada@laptop", True, False)
    assert (str(second.actor), second.began, second.took_over) == ("eve@desk", False, True)


def test_every_try_of_a_step_is_told_with_its_event(tale):
    tale.begin().intends("deactivate_key[s3]", 0.2).retries("deactivate_key[s3]", 0.4)
    tale.proves("deactivate_key[s3]", 3.0, attempt=2)
    step = read(tale).steps[0]
    assert (step.attempts, step.retries) == (2, 1)
    assert step.seconds == pytest.approx(2.8)
    assert [(one.seq, one.attempt, one.what) for one in step.tries] == [
        (2, 1, "about to be done"),
        (3, 1, "met an error, tried again"),
        (4, 2, "about to be done"),
        (5, 2, "done, not yet proven"),
        (6, 2, "proven"),
    ]


def test_the_fresh_credential_is_told_by_its_public_identifier(tale):
    assert read(tale.begin().goes_well()).credentials[0].fresh == FRESH_ID


OCCASIONS = [
    (
        "offboard.yaml",
        "the offboarding of sam",
        "Offboarding of sam",
        "count as exposed by the offboarding of sam",
    ),
    ("device-loss.yaml", "the lost device of sam", "Lost device of sam", "exposed by the lost device of sam"),
    ("breach.yaml", "the breach of GitHub", "Breach of GitHub", "count as exposed by the breach of GitHub"),
]


@pytest.mark.parametrize(("playbook", "source", "title", "words"), OCCASIONS)
def test_what_counts_as_exposed_is_not_said_to_have_leaked(tale, playbook, source, title, words):
    by_hand = ("Take back the laptop. It has a disk.",)
    told = exposure().model_copy(update={"source": source, "access": Access(by_hand=by_hand)})
    incident = read(tale.begin(exposed=told, playbook=playbook).goes_well())
    assert incident.title == title
    assert words in incident.summary[0]
    whats = [task.what for task in incident.tasks]
    assert "Take back the laptop." in whats
    assert not any(what.startswith(("Take what leaked out", "Find out where else")) for what in whats)


def test_a_setup_is_told_as_one_and_what_it_leaves_to_people(tale):
    nothing = Exposure(source="setup", seen_at=BEGAN, scheduled=True, access=Access(by_hand=("Ask grace.",)))
    incident = read(tale.begin(exposed=nothing, playbook="setup.yaml").proves("create_key[s3]", 1))
    assert incident.title == "Setup"
    assert "what respond.toml describes and was not there was set up" in incident.summary[0]
    assert incident.summary[1] == "1 of 8 steps are done and proven."
    assert "Ask grace." in [task.what for task in incident.tasks]


def test_the_line_is_to_one_scale_wherever_it_is_drawn(tale):
    drawn = draw(read(tale.begin().goes_well(slow=3600)))
    assert [round(cut.seconds) for cut in drawn.scale.cuts()] == [30, 3610]
    pieces = drawn.scale.pieces
    for begin, end in pieces:
        width = drawn.scale.x(end) - drawn.scale.x(begin)
        assert width == pytest.approx((end - begin).total_seconds() * drawn.scale.per_second, abs=0.01)
    places = [moment.x for moment in drawn.moments]
    assert places == sorted(places)
    assert places[0] > 0
    assert places[-1] == pytest.approx(98, abs=0.01)


def test_a_line_without_a_long_silence_is_not_cut(tale):
    tale.begin()
    for number, step in enumerate(("deactivate_key[s3]", "deny_sessions[s3]", "delete_user[ci]"), 1):
        tale.proves(step, number * 20)
    assert draw(read(tale)).scale.cuts() == ()


def test_a_run_of_an_earlier_version_is_still_told(tale):
    """Which did not record whether a value is a spare one, nor whether an unidentified one lives."""
    earlier = (("access_keys", "spare"), ("service_users", "spare"), ("unidentified", "life"))
    tale.begin(exposed=exposure(unidentified=True), without=earlier).goes_well()
    incident = read(tale)
    assert incident.credentials[0].contained_at
    assert incident.unidentified[0].at_large


def test_a_run_is_unknown_where_there_is_none(tale):
    with pytest.raises(InputError, match="no run nope"):
        read_incident(tale.journal, "nope", read_chain(tale.begin().path))
