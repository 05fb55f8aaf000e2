"""A journal in S3: who writes to it at once, and what a crash and bad weather leave."""

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from shared_account import Lasting, intend, numbers

from responder.errors import InputError, RefusedError, TamperedError, UnavailableError
from responder.journal import (
    EventKind,
    Journal,
    Seals,
    SecondRunError,
    TakenOverError,
    Verified,
    Writer,
    verify_chain,
)
from responder.journal.audit import verify
from responder.journal.kept import Kept
from responder.journal.keys import SEAL_KEY
from responder.journal.tail import Tail
from responder.providers.aws import journal_object

WORDS = "what an intent tells of its input: " + "identifiers, names of places, digests. " * 10
KILLED = Path(__file__).with_name("killed.py")


def test_what_one_machine_wrote_the_next_finds_and_the_object_verifies_as_it_is(place, ci):
    with place.opened("runner-1") as journal:
        written = intend(journal.begin("r1", ci, {}), 1)
        assert numbers(place.events()) == [1], "before the append returned"
    with place.opened("runner-2") as journal:
        assert journal.events()[-1] == written
        assert journal.holder("r1") == ci
    fetched = place.fetched()
    assert fetched.read_bytes() == place.file(), "it was written whole at the end"
    assert verify(fetched, [written.hash]).sound
    assert fetched.stat().st_mode & 0o077 == 0
    with Journal.open(fetched, read_only=True) as journal:
        assert journal.events()[-1] == written


def test_machines_that_take_turns_see_one_another_and_keep_one_chain(place, ci, laptop):
    with place.opened("runner-1") as one, place.opened("laptop") as two:
        writers = one.begin("r1", ci, {}), two.begin("r2", laptop, {})
        for number in range(1, 4):
            for writer in writers:
                intend(writer, number)
        assert one.holder("r2") == laptop
        assert one.events() == two.events()
        assert [event.run for event in one.events()] == ["r1", "r2"] * 4
    assert verify(place.fetched()).sound


def test_of_many_that_write_at_the_same_instant_nothing_acknowledged_is_lost(place, ci):
    acknowledged = []

    def machine(name):
        with place.opened(name) as journal:
            writer = journal.begin(name, ci, {})
            acknowledged.extend(intend(writer, number).hash for number in range(1, 4))

    machines = [threading.Thread(target=machine, args=(f"m{number}",)) for number in range(4)]
    for thread in machines:
        thread.start()
    for thread in machines:
        thread.join()
    events = place.events()
    assert sorted(acknowledged) == sorted(e.hash for e in events if e.kind is EventKind.STEP_INTENDED)
    assert isinstance(verify_chain(event.row() for event in events), Verified)
    assert len(events) == 4 * 4


def test_who_was_taken_over_from_another_machine_is_refused_and_told_by_whom(place, ci, laptop):
    with place.opened("runner-1") as here, place.opened("laptop") as there:
        writer = here.begin("r1", ci, {})
        there.take_up("r1", laptop, {})
        with pytest.raises(TakenOverError, match=r"ada on laptop \(process 4711\)"):
            intend(writer, 1)
        with pytest.raises(TakenOverError, match="ada on laptop"):
            writer.check()
    assert numbers(place.events()) == []


def test_a_look_whether_somebody_took_over_looks_where_the_journal_is(place, ci, laptop):
    with place.opened("runner-1") as here, place.opened("laptop") as there:
        writer = here.begin("r1", ci, {})
        writer.check()
        there.take_up("r1", laptop, {})
        with pytest.raises(TakenOverError):
            writer.check()


def test_of_two_machines_that_begin_about_the_same_the_second_is_shown_the_first(place, ci, laptop):
    about = {"about": "s3"}
    with place.opened("runner-1") as here, place.opened("laptop") as there:
        here.begin("r1", ci, about, same_subject=about.items().__le__)
        with pytest.raises(SecondRunError, match="r1"):
            there.begin("r2", laptop, about, same_subject=lambda data: data["about"] == "s3")


@pytest.mark.parametrize(("moment", "left"), [("before", []), ("after", [1])])
def test_a_kill_leaves_at_most_the_event_that_nothing_was_done_about(place, ci, laptop, moment, left):
    with place.opened("runner-1") as journal:
        writer = journal.begin("r1", ci, {})
    environ = {**os.environ, **place.account.environ}
    ended = subprocess.run(
        [sys.executable, str(KILLED), place.url, moment, "r1", str(writer.term)],
        env=environ,
        cwd=place.folder,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ended.returncode == -signal.SIGKILL, ended.stderr
    assert numbers(place.events()) == left
    with place.opened("runner-2") as journal:
        intend(journal.take_up("r1", laptop, {}, replacing=ci), 2)
    assert numbers(place.events()) == [*left, 2]
    assert verify(place.fetched()).sound


@pytest.mark.parametrize("trouble", ["lost-reply", "reset", "503", "429"])
def test_what_goes_wrong_once_is_tried_again_and_written_once(place, ci, trouble):
    with place.opened() as journal:
        writer = journal.begin("r1", ci, {})
        place.account.weather(f"aws:PutObject:{trouble}*1")
        intend(writer, 1)
        intend(writer, 2)
        assert numbers(journal.events()) == [1, 2]
    assert numbers(place.events()) == [1, 2]


def test_a_look_whether_somebody_took_over_does_not_fail_for_one_bad_answer(place, ci):
    with place.opened() as journal:
        writer = journal.begin("r1", ci, {})
        place.account.weather("aws:GetObject:503*1")
        writer.check()


def test_the_first_event_of_all_is_recognised_too_when_its_answer_is_lost(place, ci):
    place.account.weather("aws:PutObject:lost-reply*1")
    with place.opened() as journal:
        intend(journal.begin("r1", ci, {}), 1)
    assert numbers(place.events()) == [1]


def test_a_write_whose_answer_was_lost_counts_also_where_others_wrote_on_top_of_it(place, ci, laptop):
    class Overtaken(Lasting):
        """Somebody else writes before this one has looked what became of its own."""

        def _changed(self, **how):
            if others:
                intend(others.pop(), 7)
            return super()._changed(**how)

    others = []
    with place.opened("laptop") as there, place.opened(remote=place.remote(Overtaken)) as here:
        writer = here.begin("r1", ci, {})
        theirs = there.begin("r2", laptop, {})
        intend(writer, 1)
        place.account.weather("aws:PutObject:lost-reply*1")
        others.append(theirs)
        assert numbers([intend(writer, 2)]) == [2]
    assert numbers(place.events()) == [1, 2, 7]
    assert verify(place.fetched()).sound


def test_what_was_being_read_when_somebody_pressed_ctrl_c_is_not_written_over(place, ci, laptop, monkeypatch):
    with place.opened() as here, place.opened("laptop") as there:
        writer, theirs = here.begin("r1", ci, {}), there.begin("r2", laptop, {})
        writer.check()
        intend(theirs, 1)
        with monkeypatch.context() as pressed:
            pressed.setattr(Tail, "read", interrupted)
            with pytest.raises(KeyboardInterrupt):
                writer.check()
        intend(writer, 2)
    assert numbers(place.events()) == [1, 2]


def test_what_was_stored_when_somebody_pressed_ctrl_c_is_not_written_over(place, ci, monkeypatch):
    with place.opened() as journal:
        writer = journal.begin("r1", ci, {})
        with monkeypatch.context() as pressed:
            store = Kept.store
            pressed.setattr(Kept, "store", lambda *given: store(*given) and interrupted())
            with pytest.raises(KeyboardInterrupt):
                intend(writer, 1)
        intend(writer, 2)
    assert numbers(place.events()) == [1, 2]


def interrupted(*_given):
    raise KeyboardInterrupt


def test_a_tail_that_adds_nothing_is_not_taken_for_an_earlier_one(place, ci):
    with place.opened() as journal:
        writer = journal.begin("r1", ci, {})
        seals = Seals(journal, SEAL_KEY.fresh())
        for _ in range(2):  # the second time the file has it already
            seals.shred("r1")
        late = place.left()
        intend(writer, 1)
        for _ in range(2):
            seals.shred("r1")
        intend(Writer(late, "r1", writer.term), 2)
    assert numbers(place.events()) == [1, 2]


@pytest.fixture
def impatient(monkeypatch):
    monkeypatch.setattr(journal_object, "_WRITING", 0.5)
    monkeypatch.setattr(journal_object, "_READING", 0.5)


def test_while_s3_does_not_answer_nothing_is_written_and_afterwards_it_goes_on(place, ci, impatient):
    with place.opened() as journal:
        writer = journal.begin("r1", ci, {})
        place.account.weather("aws:PutObject:503")
        with pytest.raises(UnavailableError, match="could not be written") as refused:
            intend(writer, 1)
        assert "env -u RESPOND_JOURNAL respond leak" in refused.value.next_step
        assert type(refused.value) is UnavailableError, "no step is tried again for it"
        assert numbers(journal.events()) == []
        place.account.weather()
        intend(writer, 1)
    assert numbers(place.events()) == [1]


def test_what_was_written_and_not_acknowledged_is_found_before_anything_else_is(place, ci, impatient):
    with place.opened() as journal:
        writer = journal.begin("r1", ci, {})
        place.account.weather("aws:PutObject:lost-reply*1", "aws:GetObject:503", "aws:PutObject:503")
        with pytest.raises(UnavailableError, match="could not be written") as unknown:
            intend(writer, 1)
        assert unknown.value.state.startswith("Whether the last event is in it is not known")
        place.account.weather()
        with pytest.raises(RefusedError, match=r"has step\.intended of s"):
            intend(writer, 1)
        intend(writer, 2)
    assert numbers(place.events()) == [1, 2]
    assert verify(place.fetched()).sound


def test_a_journal_that_was_removed_or_put_back_to_an_older_one_is_not_gone_on_with(place, ci):
    with place.opened() as journal:
        writer = journal.begin("r1", ci, {})
        older = place.account.object(place.tail)
        intend(writer, 1)
        place.account.delete(place.tail)
        with pytest.raises(TamperedError, match="was removed"):
            intend(writer, 2)
        place.account.put(place.tail, older)
        with pytest.raises(TamperedError, match="does not hold event 2 any more"):
            intend(writer, 2)
        for go_on in (writer.check, lambda: intend(writer, 2)):
            with pytest.raises(TamperedError):
                go_on()
    assert place.account.object(place.tail) == older


def test_a_file_that_was_removed_is_missed_before_anything_is_done(place, ci):
    with place.opened() as journal:
        journal.begin("r1", ci, {})
    with place.opened() as journal:
        writer = journal.take_up("r1", ci, {})
        place.account.delete(place.key)
        with pytest.raises(TamperedError, match="was removed"):
            writer.check()
        with pytest.raises(TamperedError):
            intend(writer, 1)


def test_one_that_was_removed_is_named_and_no_leak_waits_for_it(place, ci):
    with place.opened() as journal:
        journal.begin("r1", ci, {})
    (notes := place.folder / "ci" / "checkpoints").mkdir(parents=True)
    (notes / "1.note").touch()
    for key in (place.key, place.tail):
        place.account.delete(key)
    said = f"no event in {place.url}, and on this machine is"
    with pytest.raises(TamperedError, match=said) as lost, place.opened():
        pass
    assert "env -u RESPOND_JOURNAL respond leak" in lost.value.next_step
    with pytest.raises(InputError), place.opened(new=False, machine="other"):
        pass
