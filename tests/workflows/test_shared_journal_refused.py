"""A journal in S3 before an incident: whether it can be had, and who and what is refused."""

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from shared_account import Lasting, intend, numbers

from responder.action import exchanges
from responder.cli.desk import Desk
from responder.errors import InputError, RefusedError, TamperedError, UnavailableError
from responder.journal import (
    Journal,
    Writer,
)
from responder.journal.audit import verify
from responder.journal.preflight import Shared, shared_journal
from responder.providers.aws.journal_object import JournalObject

WORDS = "what an intent tells of its input: " + "identifiers, names of places, digests. " * 10
KILLED = Path(__file__).with_name("killed.py")


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
