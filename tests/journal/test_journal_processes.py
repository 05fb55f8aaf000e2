"""Real processes on one journal: they do not disturb one another, and a kill loses nothing acknowledged."""

import os
import signal
import subprocess
import sys
from contextlib import contextmanager

import journal_child

from responder.journal import EventKind, Journal, Verified, verify_chain
from responder.journal.audit import verify


@contextmanager
def child(*args):
    argv = [sys.executable, journal_child.__file__, *map(str, args)]
    pipe = subprocess.PIPE
    with subprocess.Popen(argv, stdin=pipe, stdout=pipe, text=True, env=journal_child.environ()) as process:
        try:
            assert process.stdout.readline() == "ready\n"
            yield process
        finally:
            process.kill()


def test_processes_with_runs_of_their_own_keep_one_unbroken_chain(path):
    with child("append", path, "r1", 120) as one, child("append", path, "r2", 120) as two:
        for process in (one, two):
            process.stdin.write("go\n")
            process.stdin.flush()
        acknowledged = [*one.communicate(timeout=30)[0].split(), *two.communicate(timeout=30)[0].split()]
        assert (one.returncode, two.returncode) == (0, 0)
    with Journal.open(path) as journal:
        events = journal.events()
        assert verify_chain(event.row() for event in events) == Verified(242, journal.head().hash)
    assert sorted(acknowledged) == sorted(e.hash for e in events if e.kind is EventKind.STEP_INTENDED)
    assert verify(path).sound


def test_connections_that_take_turns_keep_one_unbroken_chain(path, holder):
    with Journal.open(path) as one, Journal.open(path) as two:
        writers = one.begin("r1", holder, {}), two.begin("r2", holder, {})
        for attempt in range(1, 11):
            for writer in writers:
                writer.append(EventKind.STEP_RETRIED, step="s", attempt=attempt)
        assert one.events() == two.events()
        assert [event.run for event in one.iterate()] == ["r1", "r2"] * 11
    assert verify(path).sound


def test_a_kill_in_the_middle_of_appending_loses_nothing_that_was_acknowledged(path):
    for round_number in range(3):
        with child("append", path, f"r{round_number}", 100_000) as process:
            process.stdin.write("go\n")
            process.stdin.flush()
            acknowledged = [process.stdout.readline().strip() for _ in range(20 + round_number)]
            process.send_signal(signal.SIGKILL)
            acknowledged += [line.strip() for line in process.stdout if len(line) == 65]
            assert process.wait(timeout=60) == -signal.SIGKILL
        audit = verify(path, acknowledged)
        assert audit.sound
        with Journal.open(path) as journal:
            written = [event.hash for event in journal.events(f"r{round_number}")[1:]]
            # At most the one that was committed and not yet said.
            assert written[: len(acknowledged)] == acknowledged
            assert len(written) <= len(acknowledged) + 1


def test_who_takes_over_a_killed_process_goes_on_in_the_same_chain(path, holder):
    with child("append", path, "r1", 100_000) as process:
        process.stdin.write("go\n")
        process.stdin.flush()
        process.stdout.readline()
        with Journal.open(path) as journal:
            assert journal.holder("r1").alive() is True
            process.send_signal(signal.SIGKILL)
            os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)  # dead, and not reaped
            assert journal.holder("r1").alive() is False
            writer = journal.take_up("r1", holder, {}, replacing=journal.holder("r1"))
            writer.append(EventKind.RUN_FINISHED)
            assert journal.holder("r1") == holder
    assert verify(path).sound


def test_a_living_writer_that_was_taken_over_is_stopped_at_its_next_event(path, holder):
    with child("append", path, "r1", 100_000) as process:
        process.stdin.write("go\n")
        process.stdin.flush()
        process.stdout.readline()
        with Journal.open(path) as journal:
            resumed = journal.take_up("r1", holder, {})
            process.stdout.read()
            assert process.wait(timeout=60) == 1
            assert journal.head().kind is EventKind.RUN_RESUMED
            resumed.append(EventKind.RUN_FINISHED)
            assert verify(path).sound


def test_processes_that_create_the_journal_at_once_agree_on_one(path):
    script = "import sys; sys.stdin.readline(); from pathlib import Path; "
    script += "from responder.journal import Holder, Journal; "
    script += "Journal.open(Path(sys.argv[1])).begin(sys.argv[2], Holder.current(), {})"
    pipe, environ = subprocess.PIPE, journal_child.environ()
    racing = [
        subprocess.Popen([sys.executable, "-c", script, str(path), name], stdin=pipe, text=True, env=environ)
        for name in ("r1", "r2", "r3")
    ]
    for process in racing:
        process.stdin.write("go\n")
        process.stdin.flush()
    for process in racing:
        process.communicate(timeout=30)
        assert process.returncode == 0
    with Journal.open(path) as journal:
        assert sorted(journal.runs()) == ["r1", "r2", "r3"]
    assert verify(path).sound
