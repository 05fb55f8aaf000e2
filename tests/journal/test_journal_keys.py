import base64
import fcntl
import subprocess
import sys
import threading
import time
from pathlib import Path

import journal_child
import keyring
import pytest
from keyring.backend import KeyringBackend
from keyring.backends.chainer import ChainerBackend
from keyring.backends.fail import Keyring as FailKeyring
from keyring.backends.null import Keyring as NullKeyring
from keyring.errors import KeyringLocked

from responder.errors import InputError, UnavailableError
from responder.journal.keys import SEAL_KEY, master_key

GIVEN = base64.b64encode(b"g" * 32).decode()


class Kept(KeyringBackend):
    """Keeps one password, as a keyring of a desktop does."""

    priority = 1
    viable = False  # keyring itself would offer it to every other test of this process

    def __init__(self):
        self.password = None

    def get_password(self, service, username):
        assert (service, username) == ("respond", "seal-key")
        return self.password

    def set_password(self, service, username, password):
        assert (service, username) == ("respond", "seal-key")
        self.password = password


class Locked(Kept):
    def get_password(self, service, username):
        raise KeyringLocked(f"{service} {username}")


class Broken(Kept):
    """Fails as a plug-in of somebody else does."""

    def get_password(self, service, username):
        raise RuntimeError(f"{service} {username}")


class Waiting(Kept):
    """Waits for a person who is not there."""

    def __init__(self):
        super().__init__()
        self.answered = threading.Event()

    def get_password(self, service, username):  # noqa: ARG002
        self.answered.wait(60)


@pytest.fixture(autouse=True)
def use():
    """Sets the keyring of this process; without one to begin with."""
    before = keyring.get_keyring()
    keyring.set_keyring(NullKeyring())
    yield keyring.set_keyring
    keyring.set_keyring(before)


def test_the_environments_key_comes_first_and_leaves_no_trace(tmp_path, use):
    use(Kept())
    assert master_key(tmp_path, {"RESPOND_SEAL_KEY": f"{GIVEN}\n"}).reveal() == GIVEN
    assert list(tmp_path.iterdir()) == []
    assert keyring.get_keyring().password is None


@pytest.mark.parametrize("wrong", ["hunter2hunter2", base64.b64encode(b"g" * 16).decode()])
def test_an_environments_key_of_another_form_is_refused_without_showing_it(tmp_path, wrong):
    with pytest.raises(InputError, match="not base64 of 32 bytes") as error:
        master_key(tmp_path, {"RESPOND_SEAL_KEY": wrong})
    assert wrong not in str(error.value) + error.value.state + error.value.next_step


@pytest.mark.parametrize("absent", [NullKeyring, FailKeyring, Locked, Broken])
def test_without_a_keyring_the_key_is_a_file_of_this_user_alone(tmp_path, use, absent):
    use(absent())
    key = master_key(tmp_path / "state", {})
    path = SEAL_KEY.path(tmp_path / "state")
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
    assert [file.name for file in path.parent.iterdir()] == ["seal.key"]
    assert path.read_text().strip() == key.reveal()
    assert len(base64.b64decode(key.reveal())) == 32
    assert master_key(tmp_path / "state", {}) == key
    assert master_key(tmp_path / "other", {}) != key


def test_a_chain_of_no_keyrings_is_no_keyring(tmp_path, use, monkeypatch):
    monkeypatch.setattr(ChainerBackend, "backends", [])
    use(ChainerBackend())
    master_key(tmp_path, {})
    assert SEAL_KEY.path(tmp_path).exists()


def test_a_keyring_keeps_the_key_and_no_file_does(tmp_path, use):
    use(Kept())
    key = master_key(tmp_path, {})
    assert keyring.get_keyring().password == key.reveal()
    assert not SEAL_KEY.path(tmp_path).exists()
    assert master_key(tmp_path, {}) == key


def test_a_key_file_that_is_there_is_used_even_when_a_keyring_appears(tmp_path, use):
    key = master_key(tmp_path, {})
    use(Kept())
    assert master_key(tmp_path, {}) == key
    assert keyring.get_keyring().password is None


def test_a_keyring_that_waits_for_a_person_is_left_alone(tmp_path, use, monkeypatch):
    monkeypatch.setattr("responder.journal.keys._PATIENCE", 0.1)
    waiting = Waiting()
    use(waiting)
    began = time.monotonic()
    master_key(tmp_path, {})
    assert time.monotonic() - began < 5
    assert SEAL_KEY.path(tmp_path).exists()
    waiting.answered.set()


def test_where_only_an_existing_key_will_do_it_is_found_wherever_it_is_kept(tmp_path, use):
    environ = {"RESPOND_SEAL_KEY": GIVEN}
    assert master_key(tmp_path / "any", environ, existing_only=True).reveal() == GIVEN
    in_file = master_key(tmp_path / "file", {})
    use(Kept())
    in_keyring = master_key(tmp_path / "keyring", {})
    assert master_key(tmp_path / "file", {}, existing_only=True) == in_file
    assert master_key(tmp_path / "keyring", {}, existing_only=True) == in_keyring


@pytest.mark.parametrize(
    ("keyring_is", "said"),
    [
        (NullKeyring, "keeps none"),
        (Kept, "keeps none"),
        (Locked, r"refuses \(KeyringLocked\)"),
        (Broken, r"refuses \(RuntimeError\)"),
        (Waiting, "did not answer within 0.1 s"),
    ],
)
def test_where_only_an_existing_key_will_do_none_is_made_and_every_place_is_named(
    tmp_path, use, monkeypatch, keyring_is, said
):
    monkeypatch.setattr("responder.journal.keys._PATIENCE", 0.1)
    kept = keyring_is()
    use(kept)
    with pytest.raises(UnavailableError, match=said) as error:
        master_key(tmp_path, {}, existing_only=True)
    assert "RESPOND_SEAL_KEY" in error.value.what
    assert str(SEAL_KEY.path(tmp_path)) in error.value.what
    assert list(tmp_path.iterdir()) == []
    assert getattr(kept, "password", None) is None
    if isinstance(kept, Waiting):
        kept.answered.set()


def test_a_keyring_that_answers_too_late_is_never_given_a_second_key(tmp_path, use, monkeypatch):
    monkeypatch.setattr("responder.journal.keys._PATIENCE", 0.1)
    late = Waiting()
    use(late)
    master_key(tmp_path, {})
    asking = [thread for thread in threading.enumerate() if thread.daemon and "_ask" in thread.name]
    late.answered.set()
    for thread in asking:
        thread.join(10)
    assert asking
    assert late.password is None


@pytest.mark.parametrize("mode", [0o640, 0o604])
def test_a_key_file_that_others_may_read_is_refused(tmp_path, mode):
    master_key(tmp_path, {})
    SEAL_KEY.path(tmp_path).chmod(mode)
    with pytest.raises(UnavailableError, match="Others may read the seal key") as error:
        master_key(tmp_path, {})
    assert f"chmod 600 {SEAL_KEY.path(tmp_path)}" in error.value.next_step


def test_an_empty_or_wrong_key_file_is_never_replaced(tmp_path):
    master_key(tmp_path, {})
    path = SEAL_KEY.path(tmp_path)
    path.write_text("")
    with pytest.raises(UnavailableError, match="is empty"):
        master_key(tmp_path, {})
    path.write_text("not a key")
    with pytest.raises(InputError, match="not base64 of 32 bytes"):
        master_key(tmp_path, {})
    assert path.read_text() == "not a key"


def test_what_a_crash_left_of_a_key_file_is_no_key(tmp_path):
    path = SEAL_KEY.path(tmp_path)
    path.parent.mkdir(mode=0o700)
    path.with_suffix(".new").write_text("hal")
    assert len(base64.b64decode(master_key(tmp_path, {}).reveal())) == 32
    assert [file.name for file in path.parent.iterdir()] == ["seal.key"]


def test_a_place_where_no_key_can_be_kept_is_named(tmp_path):
    (tmp_path / "state").touch()
    with pytest.raises(UnavailableError, match=r"seal key .* cannot be had") as error:
        master_key(tmp_path / "state", {})
    assert "RESPOND_SEAL_KEY" in error.value.next_step


def test_processes_that_race_for_the_first_key_get_the_same_one(tmp_path):
    argv = [sys.executable, journal_child.__file__, "key", str(tmp_path)]
    pipe, environ = subprocess.PIPE, journal_child.environ()
    racing = [subprocess.Popen(argv, stdin=pipe, stdout=pipe, text=True, env=environ) for _ in range(4)]
    for process in racing:
        assert process.stdout.readline() == "ready\n"
    for process in racing:
        process.stdin.write("go\n")
        process.stdin.flush()
    found = {process.communicate(timeout=30)[0] for process in racing}
    assert found == {f"32 {master_key(tmp_path, {}).fingerprint}\n"}


def test_threads_that_race_for_a_keyrings_first_key_get_the_same_one(tmp_path, use):
    use(Kept())
    found, start = set(), threading.Barrier(6)

    def work():
        start.wait()
        found.add(master_key(tmp_path, {}))

    threads = [threading.Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 1


def test_the_key_lies_in_a_folder_apart_from_the_journals(tmp_path):
    assert SEAL_KEY.path(tmp_path).parent != tmp_path
    assert SEAL_KEY.path(Path("state")) == Path("state/keys/seal.key")


def test_a_key_file_that_cannot_be_read_or_made_says_what_to_do(tmp_path):
    SEAL_KEY.path(tmp_path).mkdir(parents=True, mode=0o700)
    with pytest.raises(UnavailableError, match=r"seal key .* cannot be had: Is a directory") as error:
        master_key(tmp_path, {})
    assert "RESPOND_SEAL_KEY" in error.value.next_step
    SEAL_KEY.path(tmp_path).rmdir()
    (SEAL_KEY.path(tmp_path).with_suffix(".new") / "in the way").mkdir(parents=True)
    with pytest.raises(UnavailableError, match=r"seal key .* cannot be had"):
        master_key(tmp_path, {})


def test_a_key_file_that_is_no_text_is_not_taken_for_a_key(tmp_path):
    master_key(tmp_path, {})
    SEAL_KEY.path(tmp_path).write_bytes(b"\xff" * 44)
    with pytest.raises(UnavailableError, match=r"seal key .* cannot be had"):
        master_key(tmp_path, {})


def test_without_locks_no_key_is_made_that_another_process_might_make_too(tmp_path, monkeypatch):
    def flock(_descriptor, _operation):
        raise OSError(95, "Operation not supported")

    monkeypatch.setattr(fcntl, "flock", flock)
    with pytest.raises(UnavailableError, match="Operation not supported"):
        master_key(tmp_path, {})
    assert not SEAL_KEY.path(tmp_path).exists()
