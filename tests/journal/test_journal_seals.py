import base64
import os
import sqlite3
import threading

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from responder.errors import InputError, RefusedError, TamperedError, UnavailableError
from responder.journal import EventKind, Journal, Seals
from responder.journal.audit import verify
from responder.secret import Secret

CANARY = "canary-wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
MASTER = Secret(base64.b64encode(b"m" * 32).decode())
OTHER = Secret(base64.b64encode(b"o" * 32).decode())


@pytest.fixture
def seals(journal):
    return Seals(journal, MASTER)


def bytes_on_disk(path):
    return b"".join(file.read_bytes() for file in path.parent.iterdir())


@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(value=st.text(st.characters(exclude_categories=["Cs"]), min_size=1), label=st.text(max_size=9))
def test_what_is_sealed_can_be_opened(seals, value, label):
    sealed = seals.seal("r1", label, Secret(value))
    assert seals.open("r1", label, sealed).reveal() == value


def test_a_later_process_opens_what_an_earlier_one_sealed_in_an_event(journal, seals, writer, path):
    sealed = seals.seal("r1", "create_key.secret", Secret(CANARY))
    writer.append(EventKind.STEP_SUCCEEDED, step="create_key", attempt=1, data={"output": {"secret": sealed}})
    journal.close()
    with Journal.open(path) as later:
        kept = later.head().data["output"]["secret"]
        assert Seals(later, MASTER).open("r1", "create_key.secret", kept) == Secret(CANARY)


def test_nothing_on_the_disk_holds_the_value_or_a_key_in_clear(seals, writer, path):
    sealed = seals.seal("r1", "s", Secret(CANARY))
    writer.append(EventKind.STEP_SUCCEEDED, step="s", attempt=1, data={"output": sealed})
    written = bytes_on_disk(path)
    for form in (
        CANARY.encode(),
        base64.b64encode(CANARY.encode())[:40],
        b"m" * 32,
        MASTER.reveal().encode(),
    ):
        assert form not in written
    assert sealed["sealed"].encode() in written


def test_the_same_value_never_gives_the_same_ciphertext(seals):
    first, second = (seals.seal("r1", "s", Secret(CANARY)) for _ in range(2))
    assert first["sealed"] != second["sealed"]
    assert first["fingerprint"] == second["fingerprint"] == Secret(CANARY).fingerprint


@pytest.mark.parametrize(("run", "label"), [("r2", "s"), ("r1", "t"), ("r1s", ""), ("r1", "")])
def test_a_sealed_value_opens_only_in_its_own_place(seals, run, label):
    seals.prepare(run)
    sealed = seals.seal("r1", "s", Secret(CANARY))
    with pytest.raises(TamperedError, match="is not what was sealed there"):
        seals.open(run, label, sealed)


@pytest.mark.parametrize("place", range(0, 24 + len(CANARY) + 16, 7))
def test_a_changed_ciphertext_is_refused(seals, place):
    sealed = seals.seal("r1", "s", Secret(CANARY))
    raw = bytearray(base64.b64decode(sealed["sealed"]))
    raw[place] ^= 1
    with pytest.raises(TamperedError, match="is not what was sealed there"):
        seals.open("r1", "s", {**sealed, "sealed": base64.b64encode(bytes(raw)).decode()})


@pytest.mark.parametrize(
    "wrong",
    [
        {"fingerprint": "sha256:000000000000"},
        {"sealed": ""},
        {"sealed": "AAAA"},
        {"sealed": "no base64"},
        {"sealed": None},
        {"more": 1},
    ],
)
def test_a_sealed_value_of_another_form_is_refused(seals, wrong):
    sealed = seals.seal("r1", "s", Secret(CANARY))
    with pytest.raises(TamperedError, match="is not what was sealed there"):
        seals.open("r1", "s", {**sealed, **wrong})


def test_what_was_shredded_can_never_be_opened_again(journal, seals, writer, path):
    sealed = seals.seal("r1", "s", Secret(CANARY))
    writer.append(EventKind.STEP_SUCCEEDED, step="s", attempt=1, data={"output": sealed})
    (wrapped,) = journal.database.rows("SELECT wrapped FROM data_keys")[0]
    assert wrapped.encode() in bytes_on_disk(path)
    seals.shred("r1")
    assert wrapped.encode() not in bytes_on_disk(path)
    with pytest.raises(UnavailableError, match="was shredded; nothing can open it") as error:
        seals.open("r1", "s", sealed)
    assert error.value.next_step
    assert verify(path).sound


def test_shredding_one_run_leaves_the_others(seals):
    sealed = seals.seal("r2", "s", Secret(CANARY))
    seals.shred("r1")
    seals.shred("r1")
    assert seals.open("r2", "s", sealed) == Secret(CANARY)


def test_nothing_is_sealed_for_a_run_that_was_shredded(seals):
    seals.shred("r1")
    with pytest.raises(RefusedError, match="were shredded"):
        seals.prepare("r1")
    with pytest.raises(RefusedError, match="were shredded"):
        seals.seal("r1", "s", Secret(CANARY))


def test_a_shredded_key_that_a_reader_keeps_in_the_log_is_said_not_hidden(path, monkeypatch):
    monkeypatch.setattr("responder.journal.database.BUSY_SECONDS", 0.2)
    with Journal.open(path) as journal:
        seals = Seals(journal, MASTER)
        seals.prepare("r1")
        reader = sqlite3.connect(path, isolation_level=None)
        reader.execute("BEGIN")
        reader.execute("SELECT * FROM data_keys").fetchall()
        with pytest.raises(UnavailableError, match="its log may still hold the deleted key") as error:
            seals.shred("r1")
        assert "is deleted" in error.value.state
        reader.close()
        seals.shred("r1")


def test_another_master_key_opens_and_seals_nothing(journal, seals):
    sealed = seals.seal("r1", "s", Secret(CANARY))
    stranger = Seals(journal, OTHER)
    for attempt in (
        lambda: stranger.open("r1", "s", sealed),
        lambda: stranger.prepare("r1"),
        lambda: stranger.seal("r1", "s", Secret(CANARY)),
    ):
        with pytest.raises(UnavailableError, match=f"under the master key {MASTER.fingerprint}") as error:
            attempt()
        assert "RESPOND_SEAL_KEY" in error.value.next_step
    assert seals.open("r1", "s", sealed) == Secret(CANARY)


def test_a_wrapped_key_does_not_serve_another_run(journal, seals, path):
    seals.prepare("r1")
    with sqlite3.connect(path) as intruder:
        intruder.execute("INSERT INTO data_keys SELECT 'r2', master, wrapped FROM data_keys")
    with pytest.raises(UnavailableError):
        Seals(journal, MASTER).prepare("r2")


def test_a_crash_between_the_key_and_the_first_value_is_harmless(journal, seals, path):
    seals.prepare("r1")
    journal.close()
    with Journal.open(path) as later:
        again = Seals(later, MASTER)
        again.prepare("r1")
        assert again.open("r1", "s", again.seal("r1", "s", Secret(CANARY))) == Secret(CANARY)


def test_two_that_seal_first_at_the_same_time_agree_on_one_key(seals, monkeypatch):
    both_found_none = threading.Barrier(2, timeout=60)
    draw = os.urandom

    def drawn(size):
        if size == 32 and not both_found_none.broken:
            both_found_none.wait()
        return draw(size)

    monkeypatch.setattr("responder.journal.seal.os.urandom", drawn)
    sealed = {}
    threads = [
        threading.Thread(
            target=lambda label=label: sealed.update({label: seals.seal("r1", label, Secret(CANARY))})
        )
        for label in ("a", "b")
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {label: seals.open("r1", label, value) for label, value in sealed.items()} == {
        "a": Secret(CANARY),
        "b": Secret(CANARY),
    }


def test_a_value_of_a_run_that_never_sealed_any_is_not_opened(seals):
    with pytest.raises(UnavailableError, match="Nothing was ever sealed for run r9"):
        seals.open("r9", "s", {"sealed": "AAAA", "fingerprint": "sha256:0"})


@pytest.mark.parametrize("key", ["short", base64.b64encode(b"x" * 31).decode(), "ü" * 44])
def test_a_master_key_of_another_form_is_refused(journal, key):
    with pytest.raises(InputError, match="not base64 of 32 bytes") as error:
        Seals(journal, Secret(key))
    assert key not in str(error.value)
