"""Notes and checkpoints are read strictly, and as the specification's own examples have them."""

import base64

import pytest

from responder.errors import InputError
from responder.journal.checkpoint import Checkpoint
from responder.journal.note import ForgedNoteError, Note, NoteError, Signer, Verifier
from responder.secret import Secret

# The example of Go's golang.org/x/mod/sumdb/note (BSD-3-Clause), which the specification grew out of.
GO_KEY = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
GO_NOTE = (
    "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n\n"
    "\u2014 PeterNeumann "
    "x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
)
TEXT = "respond/0123456789abcdef\n57\n" + base64.b64encode(b"h" * 32).decode() + "\n"
SIGNER = Signer.fresh("respond/ada@laptop", b"s" * 32)


def test_a_note_that_go_signed_verifies_under_its_key_as_go_writes_it():
    key = Verifier.parse(GO_KEY)
    assert str(key) == GO_KEY
    note = Note.parse(GO_NOTE)
    assert note.signed_by(key)
    assert note.text.endswith("problem is.\n")
    with pytest.raises(ForgedNoteError):
        Note.parse(GO_NOTE.replace("answer", "Answer")).signed_by(key)


def test_what_is_signed_verifies_under_the_public_key_and_no_other():
    note = Note.parse(SIGNER.sign(TEXT))
    assert note.signed_by(Verifier.parse(str(SIGNER.verifier)))
    assert not note.signed_by(Signer.fresh("respond/ada@laptop", b"t" * 32).verifier)
    assert not note.signed_by(Signer.fresh("respond/eve@laptop", b"s" * 32).verifier)
    with pytest.raises(ForgedNoteError, match=r"respond/ada@laptop"):
        Note.parse(SIGNER.sign(TEXT).replace("\n57\n", "\n58\n")).signed_by(SIGNER.verifier)


def test_signatures_of_others_stand_beside_ours_and_count_for_nothing():
    other = Signer.fresh("witness.example", b"w" * 32)
    both = SIGNER.sign(TEXT) + other.sign(TEXT).rpartition("\n\n")[2]
    assert Note.parse(both).signed_by(SIGNER.verifier)
    assert Note.parse(both).signed_by(other.verifier)
    assert not Note.parse(other.sign(TEXT)).signed_by(SIGNER.verifier)


def test_a_key_is_written_and_read_back_and_shows_its_secret_nowhere():
    back = Signer.parse(SIGNER.written)
    assert back == SIGNER
    assert base64.b64encode(b"s" * 32).decode() not in repr(back)
    assert back.sign(TEXT) == SIGNER.sign(TEXT)


def test_a_name_is_made_fit_for_a_note():
    assert Signer.fresh("ada of\u00a0a+b", b"s" * 32).verifier.name == "ada-of-a-b"


def signature(raw=bytes(68)):
    return "\u2014 name " + base64.b64encode(raw).decode() + "\n"


@pytest.mark.parametrize(
    ("note", "why"),
    [
        (b"\xff\n\n", "not UTF-8"),
        ("text\r\n\n" + signature(), "control character"),
        ("text\n", "no empty line"),
        ("text\n" + signature(), "no empty line"),
        ("text\n\n" + signature().rstrip(), "no end"),
        ("text\n\n", "no end"),
        ("text\n\n-- name AAAA\n", "em dash"),
        ("text\n\n\u2014 name\n", "no name"),
        ("text\n\n\u2014 na+me AAAA\n", "no name"),
        ("text\n\n\u2014  AAAA\n", "no name"),
        ("text\n\n\u2014 name ****\n", "not base64"),
        ("text\n\n\u2014 name AAAAAAB=\n", "one form"),
        ("text\n\n" + signature(bytes(4)), "cut off"),
        ("x" * 100_001, "longer than"),
    ],
)
def test_a_malformed_note_is_refused_in_words_of_its_own(note, why):
    with pytest.raises(NoteError, match=why):
        Note.parse(note)


def test_a_signature_of_another_length_is_no_signature():
    key = SIGNER.verifier
    short = base64.b64encode(key.id + bytes(10)).decode()
    with pytest.raises(ForgedNoteError):
        Note.parse(f"{TEXT}\n\u2014 {key.name} {short}\n").signed_by(key)


@pytest.mark.parametrize("text", ["no end", "", "\x00\n", "a\tb\n"])
def test_what_no_note_can_say_is_not_signed(text):
    with pytest.raises(NoteError):
        SIGNER.sign(text)


@pytest.mark.parametrize(
    ("key", "why"),
    [
        ("name", "three parts"),
        ("+c74f20a3+AAAA", "name is empty"),
        ("a b+c74f20a3+AAAA", "space"),
        ("name+c74f20a3+****", "not base64"),
        ("name+c74f20a3+" + base64.b64encode(b"\x02" + bytes(32)).decode(), "not of Ed25519"),
        ("name+c74f20a3+" + base64.b64encode(b"\x01" + bytes(31)).decode(), "32 bytes"),
        (GO_KEY.replace("c74f20a3", "c74f20a4"), "its id"),
    ],
)
def test_a_malformed_key_is_refused_in_words_of_its_own(key, why):
    with pytest.raises(NoteError, match=why):
        Verifier.parse(key)


@pytest.mark.parametrize(
    "change", [("PRIVATE+KEY+", ""), ("laptop", "desk"), ("+KEY+respond", "+KEY+respond+")]
)
def test_a_malformed_private_key_is_refused_without_showing_it(change):
    written = SIGNER.written.reveal().replace(*change)
    with pytest.raises(InputError) as refused:
        Signer.parse(Secret(written))
    told = refused.value.what + refused.value.next_step
    assert written.rpartition("+")[2] not in told


def test_a_checkpoint_says_origin_size_and_root_on_three_lines():
    checkpoint = Checkpoint("respond/0123456789abcdef", 57, (b"h" * 32).hex())
    assert checkpoint.text == TEXT
    assert Checkpoint.parse(TEXT) == checkpoint


ROOT = base64.b64encode(b"h" * 32).decode()


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("a\n1\n", "three lines"),
        (f"\n1\n{ROOT}\n", "three lines"),
        (f"a\n1\n{ROOT}\nmore\n", "more than three"),
        (f"a\n01\n{ROOT}\n", "no number"),
        (f"a\n-1\n{ROOT}\n", "no number"),
        (f"a\n\u0661\n{ROOT}\n", "no number"),
        ("a\n1\n****\n", "not base64"),
        ("a\n1\nAAAA\n", "32 bytes"),
        (f"a\n1\n{ROOT[:-2]}h=\n", "32 bytes"),
    ],
)
def test_a_malformed_checkpoint_is_refused_in_words_of_its_own(text, why):
    with pytest.raises(NoteError, match=why):
        Checkpoint.parse(text)
