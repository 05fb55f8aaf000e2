"""The tail of a journal in S3: read with its file, damaged, begun anew, and without what was shredded."""

import gzip
from pathlib import Path
from typing import ClassVar

import pytest
from shared_account import Lasting, intend, numbers

from responder.errors import TamperedError, UnavailableError
from responder.journal import (
    EventKind,
    Journal,
    Seals,
    TakenOverError,
    Writer,
)
from responder.journal.audit import verify
from responder.journal.kept import TAIL
from responder.journal.keys import SEAL_KEY
from responder.secret import Secret

WORDS = "what an intent tells of its input: " + "identifiers, names of places, digests. " * 10
KILLED = Path(__file__).with_name("killed.py")


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
