"""A journal in S3: who writes to it at once, what a crash and bad weather leave, and who is refused."""

import gzip
import json
import os
import signal
import sqlite3
import subprocess
import sys
import threading
from contextlib import closing
from pathlib import Path
from typing import ClassVar

import pytest
from shared_account import Lasting, intend

from responder.action import exchanges
from responder.cli.desk import Desk
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
from responder.journal.kept import TAIL, Kept
from responder.journal.keys import SEAL_KEY
from responder.journal.preflight import Shared, shared_journal
from responder.journal.tail import Tail
from responder.providers.aws import journal_object
from responder.providers.aws.journal_object import JournalObject
from responder.secret import Secret

WORDS = "what an intent tells of its input: " + "identifiers, names of places, digests. " * 10
KILLED = Path(__file__).with_name("killed.py")


def numbers(events):
    return [event.data["number"] for event in events if event.kind is EventKind.STEP_INTENDED]


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


def test_the_file_of_one_journal_is_not_read_with_the_tail_of_another(place, ci, tmp_path):
    with place.opened() as journal:
        writer = journal.begin("r1", ci, {})
        intend(writer, 1)
    with Journal.open(tmp_path / "other" / "journal.db") as other:
        other.begin("r1", ci, {})
    place.account.put(place.key, (tmp_path / "other" / "journal.db").read_bytes())
    with pytest.raises(TamperedError, match="do not go together"), place.opened():
        pass
    with pytest.raises(TamperedError, match="do not go together"):
        place.fetched()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"no gzip",
        gzip.compress(b"[]\n")[:10] + b"written over",
        gzip.compress(b'"a"\n[]\nno JSON\n'),
        gzip.compress(b'"a"\n[]\n[1]\n'),
    ],
)
def test_a_tail_that_is_damaged_is_left_as_it_is(place, ci, content):
    with place.opened() as journal:
        journal.begin("r1", ci, {})
    place.account.put(place.tail, content)
    with pytest.raises(TamperedError, match="damaged") as damaged, place.opened():
        pass
    assert "env -u RESPOND_JOURNAL respond leak" in damaged.value.next_step
    assert place.account.object(place.tail) == content


def test_an_event_that_was_edited_in_the_tail_shows(place, ci):
    journal = place.left()
    intend(journal.begin("r1", ci, {}), 1)
    tail = gzip.decompress(place.account.object(place.tail))
    edited = gzip.compress(tail.replace(rb"\"number\":1", rb"\"number\":2"))
    place.account.put(place.tail, edited)
    assert not verify(place.fetched()).sound


class Counted(Lasting):
    """How many bytes were stored in each of the two."""

    stored: ClassVar[dict[str, list[int]]] = {}

    def store(self, content, **how):
        self.stored.setdefault(self.where, []).append(len(content))
        return super().store(content, **how)


def test_an_event_is_written_without_all_that_were_before(place, ci):
    with place.opened(remote=place.remote(Counted)) as journal:
        writer = journal.begin("r1", ci, {})
        for number in range(1, 61):
            writer.append(
                EventKind.STEP_INTENDED, step="s", attempt=number, data={"number": number, "of": WORDS}
            )
    file, tail = (Counted.stored[where] for where in (place.url, f"{place.url}{TAIL}"))
    assert len(tail) == 61
    assert 1 < len(file) < 20, "now and then the file is written, so that the tail does not grow"
    assert max(tail) < max(file)
    assert sum(file) + sum(tail) < 61 * max(file) / 4
    assert len(place.file()) == max(file), "at the end it has all"


def test_what_a_dead_machine_left_in_the_tail_is_gone_on_with_whether_the_file_has_it_or_not(
    place, ci, laptop
):
    left = place.left()
    intend(left.begin("r1", ci, {}), 1)
    with place.opened("laptop") as journal:
        writer = journal.take_up("r1", laptop, {})
        intend(writer, 2)
    with place.opened("reader", read_only=True) as reader:
        assert numbers(reader.events()) == [1, 2], "in the file, and in the tail"
        with place.opened("laptop") as journal:
            intend(journal.take_up("r1", laptop, {}), 3)
        reader.database.catch_up()
        assert numbers(reader.events()) == [1, 2, 3]
    with pytest.raises(TakenOverError):
        intend(Writer(left, "r1", 1), 4)
    assert verify(place.fetched()).sound


def test_who_reads_while_the_file_is_written_and_the_tail_begun_anew_finds_them_to_go_together(place, ci):
    class Slow(Lasting):
        def fetch(self, **how):
            fetched.append(self.where)
            if len(fetched) == 2:
                intend(writer, 2)
                journal.database.forget_old_pages()
                intend(writer, 3)
            return super().fetch(**how)

    fetched = []
    with place.opened() as journal:
        writer = journal.begin("r1", ci, {})
        intend(writer, 1)
        with place.opened("reader", remote=place.remote(Slow), read_only=True) as reader:
            assert numbers(reader.events()) == [1, 2]
            reader.database.catch_up()
            assert numbers(reader.events()) == [1, 2, 3]


def test_that_the_file_cannot_be_written_for_now_fails_nothing(place, ci, laptop):
    with place.opened() as journal:
        intend(journal.begin("r1", ci, {}), 1)
    journal = place.left()
    writer = journal.take_up("r1", laptop, {})
    place.account.weather("aws:PutObject:503")
    journal.close()
    place.account.weather()
    assert numbers(place.events()) == [1]
    with place.opened() as journal:
        assert journal.holder("r1") == laptop
        intend(Writer(journal, "r1", writer.term), 2)
    assert numbers(place.events()) == [1, 2]


def test_no_byte_of_a_shredded_key_is_left_in_the_object(place, ci):
    with place.opened() as journal:
        journal.begin("r1", ci, {})
        seals = Seals(journal, SEAL_KEY.fresh())
        sealed = seals.seal("r1", "label", Secret("a value that is shown once"))
        ((wrapped,),) = journal.database.rows("SELECT wrapped FROM data_keys")
        with place.opened("laptop") as other:
            other.note("s3", {})
        assert wrapped.encode() in place.file(), "it was written whole meanwhile"
        seals.shred("r1")
        assert wrapped.encode() not in place.bytes_there()
        with pytest.raises(UnavailableError, match="shredded"):
            seals.open("r1", "label", sealed)


def test_a_machine_that_does_not_know_yet_that_a_key_was_shredded_does_not_bring_it_back(place, ci):
    other = place.left()
    with place.opened() as journal:
        journal.begin("r1", ci, {})
        seals = Seals(journal, SEAL_KEY.fresh())
        seals.prepare("r1")
        other.note("s3", {})
        ((wrapped,),) = other.database.rows("SELECT wrapped FROM data_keys")
        forget = journal.database.forget_old_pages

        def overtaken():
            journal.database.forget_old_pages = forget
            other.close()  # which writes the file with the key
            assert wrapped.encode() in place.file()
            return forget()

        journal.database.forget_old_pages = overtaken
        seals.shred("r1")
        assert wrapped.encode() not in place.bytes_there()
    with place.opened() as journal:
        assert journal.database.rows("SELECT wrapped FROM data_keys") == [(None,)]


def keys(journal):
    return journal.database.rows("SELECT wrapped FROM data_keys")


def test_a_key_that_was_shredded_by_a_machine_that_died_before_it_wrote_the_file_stays_so(place, ci):
    with place.opened() as journal:
        journal.begin("r1", ci, {})
        Seals(journal, SEAL_KEY.fresh()).prepare("r1")
        ((wrapped,),) = keys(journal)
    killed = place.left()
    killed.database.forget_old_pages = lambda: True
    Seals(killed, SEAL_KEY.fresh()).shred("r1")
    assert wrapped.encode() in place.file()
    with place.opened() as journal:
        assert keys(journal) == [(None,)]
        journal.note("s3", {})
    assert wrapped.encode() not in place.bytes_there()


def test_who_reads_the_tail_before_a_key_is_shredded_and_the_file_after_it_does_not_bring_it_back(place, ci):
    class Slow(Lasting):
        def fetch(self, **how):
            if self.where == place.url and left:
                left.pop().shred("r1")
            return super().fetch(**how)

    journal = place.left()
    journal.begin("r1", ci, {})
    left = [Seals(journal, SEAL_KEY.fresh())]
    left[0].prepare("r1")
    with place.opened(remote=place.remote(Slow)) as reader:
        assert keys(reader) == [(None,)]


def test_two_machines_that_seal_for_one_run_at_once_use_one_key(place, ci):
    with place.opened("runner-1") as here, place.opened("laptop") as there:
        here.begin("r1", ci, {})
        there.database.catch_up()
        master = SEAL_KEY.fresh()
        sealed = Seals(here, master).seal("r1", "one", Secret("the first value"))
        again = Seals(there, master)
        again.seal("r1", "two", Secret("the second value"))
        assert again.open("r1", "one", sealed).reveal() == "the first value"


def test_a_journal_of_one_machine_is_shared_by_putting_its_file_there(place, ci, tmp_path):
    own = tmp_path / "own" / "journal.db"
    with Journal.open(own) as journal:
        intend(journal.begin("r1", ci, {}), 1)
    place.account.put(place.key, own.read_bytes())
    with place.opened(new=False) as journal:
        intend(journal.take_up("r1", ci, {}), 2)
    assert numbers(place.events()) == [1, 2]
    assert verify(place.fetched()).sound


def test_before_an_incident_it_is_told_whether_the_shared_journal_can_be_read_and_verifies(place, ci):
    asked = Shared(place.fetched, place.try_to_write)
    assert [one.level for one in shared_journal(asked)] == ["ok", "ok"]
    with pytest.raises(InputError):
        place.fetched()
    with place.opened() as journal:
        journal.begin("r1", ci, {})
    content, tail = place.file(), place.account.object(place.tail)
    assert [one.level for one in shared_journal(asked)] == ["ok", "ok", "ok"]
    assert (place.file(), place.account.object(place.tail)) == (content, tail), "nothing was changed"
    place.account.put(place.key, content.replace(b'"pid":17', b'"pid":18'))
    _, found, _ = shared_journal(asked)
    assert (found.level, "was edited" in found.what) == ("failed", True)


def test_who_may_read_it_and_not_write_it_is_told_so_before_an_incident(place, ci):
    with place.opened() as journal:
        journal.begin("r1", ci, {})
    may = [{"Effect": "Allow", "Action": ["s3:GetObject", "s3:ListBucket"], "Resource": "*"}]
    environ = place.environ_of("reader", json.dumps({"Version": "2012-10-17", "Statement": may}))
    reader = JournalObject.open(place.url, environ)
    *_, found = shared_journal(Shared(place.fetched, reader.try_to_write))
    assert found.level == "failed"
    assert "s3:PutObject: AccessDenied" in found.what
    assert "Allow the operator s3:PutObject" in found.mend


def test_who_may_write_the_file_alone_is_told_that_the_tail_is_needed_too(place, monkeypatch):
    here = f"arn:aws:s3:::{place.url.removeprefix('s3://')}"
    may = [
        {"Effect": "Allow", "Action": "s3:PutObject", "Resource": here},
        {"Effect": "Allow", "Action": ["s3:GetObject", "s3:ListBucket"], "Resource": "*"},
    ]
    environ = place.environ_of("half", json.dumps({"Version": "2012-10-17", "Statement": may}))
    for name, value in {**environ, "RESPOND_JOURNAL": place.url}.items():
        monkeypatch.setenv(name, value)
    desk = Desk(str(place.folder), None, "human", verbose=False, debug=False)
    with pytest.raises(UnavailableError, match=rf"{place.key}\.tail cannot be written") as refused:
        desk.try_shared_journal()
    assert "s3:PutObject" in refused.value.next_step


def test_a_bucket_that_is_not_there_is_not_taken_for_one_with_no_journal_yet(place):
    with pytest.raises(UnavailableError, match="There is no such bucket"):
        JournalObject(place.account.connection, "nobody-has-this", "journal.db").try_to_write()


def test_a_store_that_does_not_know_conditions_is_no_place_for_a_journal(place, ci):
    class Careless(Lasting):
        def _put_if(self, etag, content):
            self._connection.s3.put_object(**self._object, Body=content)
            return etag

    with place.opened() as journal:
        journal.begin("r1", ci, {})
    with pytest.raises(UnavailableError, match="whose condition does not hold"):
        place.remote(Careless).try_to_write()
    assert len(place.events()) == 1, "what was there is there"


def test_where_nothing_is_nothing_is_read_and_a_dry_run_leaves_nothing_there(place):
    with pytest.raises(InputError, match="There is no journal at s3://"), place.opened(new=False):
        pass
    with pytest.raises(InputError, match="There is no journal at s3://"):
        place.fetched()
    with place.opened(new=True) as journal:
        assert journal.runs() == []
    with pytest.raises(InputError), place.opened(new=False):
        pass


def a_database():
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.execute("CREATE TABLE other (a)")
        return connection.serialize()


@pytest.mark.parametrize(
    ("content", "error", "said"),
    [
        (b"not a database at all, but as long as the header of one would be" * 20, TamperedError, "damaged"),
        (b"", TamperedError, "damaged"),
        (a_database(), InputError, "it is a database of something else"),
    ],
)
def test_what_is_no_journal_is_left_as_it_is(place, content, error, said):
    place.account.put(place.key, content)
    with pytest.raises(error, match=said), place.opened():
        pass
    assert place.account.object(place.key) == content


def test_a_reader_writes_nothing(place, ci):
    with place.opened() as journal:
        writer = journal.begin("r1", ci, {})
    with place.opened(read_only=True) as journal:
        with pytest.raises(RefusedError, match="read only"):
            intend(Writer(journal, "r1", writer.term), 1)
        assert journal.runs() == ["r1"]


def test_keeping_the_journal_is_no_evidence_of_what_a_step_did(place, ci):
    with place.opened() as journal, exchanges() as requests:
        intend(journal.begin("r1", ci, {}), 1)
    assert requests == []


@pytest.mark.parametrize(
    "url", ["s3://bucket", "s3://bucket/", "https://bucket/key", "s3://B/key", "journal.db"]
)
def test_an_address_that_is_no_object_is_refused_without_a_request(url):
    with pytest.raises(InputError, match="RESPOND_JOURNAL"):
        JournalObject.open(url, {})


def test_who_may_not_read_it_is_told_what_to_allow(place):
    place.account.plane.add_user("nobody")
    key = place.account.plane.add_access_key("nobody")
    environ = place.account.environ | {
        "AWS_ACCESS_KEY_ID": key.access_key_id,
        "AWS_SECRET_ACCESS_KEY": key.secret_access_key,
    }
    with pytest.raises(UnavailableError, match="cannot be read") as refused:
        JournalObject.open(place.url, environ).fetch()
    assert "Allow the operator s3:GetObject" in refused.value.next_step
