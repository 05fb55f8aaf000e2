"""What several looks tell together."""

import io
from datetime import timedelta

from looks import AT, looked
from rich.console import Console

from responder.cli.review_screen import traces_screen
from responder.review.reading import Removed, new_among, raised, seen
from responder.trace import Reviewed, Trace


def person(login, role="write", repository="rentagpu/executor"):
    return Trace(
        provider="github",
        kind="github.collaborator",
        subject=login,
        of=repository,
        what=f"{login} has {role}",
        severity="info",
        if_new="high",
        because="GitHub does not tell since when.",
        evidence="GET",
        mark=role,
    )


def told(*people, unread=()):
    return Reviewed(traces=people, unread=unread)


def hook(number="17", undo="gh api -X DELETE hooks/17"):
    return Trace(
        provider="github",
        kind="github.webhook-added",
        subject=number,
        what="A webhook was added",
        severity="high",
        because="It tells of every push.",
        evidence="GET",
        undo=undo,
        remove_with="github.remove_webhook" if undo else "",
    )


def test_who_came_since_the_look_before_is_to_be_looked_at_and_stays_so():
    first = told(person("grace"), person("oncall"))
    before = seen(looked(first))
    second = raised(told(person("grace", "admin"), person("oncall"), person("mallory")), before)
    new = new_among(second.traces, before)
    assert {(one.subject, one.severity) for one in new} == {("grace", "high"), ("mallory", "high")}
    assert new[0].because.startswith("At the look before it was not so. ")
    third = told(person("grace", "admin"), person("oncall"), person("mallory"))
    assert raised(third, seen(looked(first, second))) == third
    last = {one.subject: one.severity for one in seen(looked(first, second, third)).traces}
    assert last == {"grace": "high", "oncall": "info", "mallory": "high"}


def test_nobody_is_new_in_a_list_that_no_look_had_read_before():
    before = seen(looked(told(person("grace", repository="rentagpu/other"))))
    second = told(person("mallory"))
    assert raised(second, before) == second


def test_what_no_look_is_shown_is_told_apart_from_what_this_one_could_not_read():
    both = Reviewed(unread=("the audit log", "the keys"), limited=("the audit log",))
    assert seen(looked(both)).unread == ("the audit log", "the keys")
    assert seen(looked(both)).limited == {"the audit log"}


def test_what_somebody_undid_by_hand_is_no_longer_to_look_at_and_is_news_when_it_is_there_again():
    before = seen(looked(told(hook()), told()))
    assert before.to_look_at == ()
    (gone,) = before.traces
    assert (gone.severity, gone.undo, gone.remove_with) == ("info", "", "")
    assert gone.because == "At the look of 2026-01-31 00:00 UTC it was no longer so."
    again = told(hook())
    assert [one.severity for one in new_among(again.traces, before)] == ["high"]
    assert seen(looked(told(hook()), told(), again)).to_look_at == (hook(),)


def test_a_look_that_could_read_less_says_nothing_of_what_it_does_not_show():
    log = "the audit log: not on this plan"
    for first, later, still_there in (
        (told(hook()), told(unread=("the webhooks: no answer in time",)), True),
        (told(hook(), unread=(log,)), told(unread=(log,)), False),
        (told(hook(undo="")), told(), True),
    ):
        assert bool(seen(looked(first, later)).to_look_at) is still_there


def test_of_a_deed_that_was_seen_only_what_is_worse_is_news():
    runs = hook().model_copy(update={"at": AT, "severity": "high", "mark": "v2"})
    replaced = runs.model_copy(update={"severity": "medium", "mark": "v2 replaced"})
    later = replaced.model_copy(update={"at": AT + timedelta(hours=1), "mark": "v3"})
    assert new_among([replaced], seen(looked(told(runs)))) == []
    assert new_among([runs], seen(looked(told(replaced)))) == [runs]
    assert new_among([later], seen(looked(told(runs)))) == [later], "another deed, at another time"
    assert seen(looked(told(runs), told(replaced))).to_look_at == (replaced,)


def test_what_is_made_again_after_it_was_removed_is_to_look_at():
    first = hook().model_copy(update={"at": AT, "mark": "1"})
    again = first.model_copy(update={"at": AT + timedelta(hours=1), "mark": "2"})
    removed = {first.label: Removed("r2", AT)}
    assert seen(looked(told(first)), removed).to_look_at == ()
    assert seen(looked(told(first), told(again)), removed).to_look_at == (again,)


def test_what_is_older_than_a_service_remembers_is_not_taken_for_undone():
    made = hook().model_copy(update={"at": AT})
    for reaches, is_there in ((AT - timedelta(days=1), False), (AT + timedelta(days=1), True)):
        later = told().model_copy(update={"reaches": reaches})
        assert bool(seen(looked(told(made), later)).to_look_at) is is_there


def test_a_command_to_paste_is_shown_as_it_is_whatever_stands_in_it():
    undo = "gh api -X DELETE 'contents/[/id].yml'"
    out = io.StringIO()
    Console(file=out, width=80).print(traces_screen([hook(undo=undo)]))
    assert undo in out.getvalue()
