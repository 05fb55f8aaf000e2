import getpass
import os
import subprocess
import sys
from dataclasses import replace

import journal_child
import pytest

from responder.errors import TamperedError
from responder.journal import Holder
from responder.journal import holder as module


@pytest.fixture(params=["proc", "ps"])
def source(request, monkeypatch, tmp_path):
    """Linux asks /proc; other systems ask ps. Both are there on Linux."""
    if request.param == "ps":
        monkeypatch.setattr(module, "_PROC", tmp_path / "proc")
    return request.param


@pytest.mark.usefixtures("source")
def test_the_current_process_lives_and_has_a_user(holder):
    holder = Holder.current()
    assert holder.alive() is True
    assert holder.pid == os.getpid()
    assert holder.user
    assert Holder.from_json(holder.to_json()) == holder


@pytest.mark.usefixtures("source")
def test_a_process_that_ended_is_not_alive_even_before_it_is_reaped():
    argv = [sys.executable, journal_child.__file__, "live"]
    pipe = subprocess.PIPE
    with subprocess.Popen(argv, stdin=pipe, stdout=pipe, text=True, env=journal_child.environ()) as process:
        process.stdout.readline()
        holder = replace(Holder.current(), pid=process.pid, started=module._started(process.pid))
        assert holder.alive() is True
        process.kill()
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
        assert holder.alive() is False
        process.wait()
        assert holder.alive() is False


@pytest.mark.usefixtures("source")
def test_another_process_with_the_same_number_is_not_the_holder(holder):
    holder = Holder.current()
    assert replace(holder, started=holder.started[:-1] + "x").alive() is False


def test_a_boot_since_then_ended_every_process(holder):
    _, namespace, ticks = holder.started.split(" ")
    assert replace(holder, started=f"another-boot {namespace} {ticks}").alive() is False


def test_on_another_host_or_in_another_container_it_cannot_be_told(holder):
    assert replace(holder, host="elsewhere").alive() is None
    boot, _, ticks = holder.started.split(" ")
    assert replace(holder, started=f"{boot} pid:[1] {ticks}").alive() is None


def test_a_holder_that_is_none_is_reported_as_tampering():
    with pytest.raises(TamperedError, match="does not say who holds the run"):
        Holder.from_json({"host": "h", "pid": "1"})


@pytest.mark.parametrize("started", ["", "Mon Nov 24 05:00:00 2026", "a"])
def test_a_holder_that_another_system_described_is_not_taken_for_a_process_of_ours(holder, started):
    assert replace(holder, started=started).alive() is False


def test_when_a_process_started_is_told_alike_from_every_time_zone(monkeypatch, tmp_path):
    monkeypatch.setattr(module, "_PROC", tmp_path / "proc")
    told = set()
    for zone in ("UTC", "Asia/Tokyo", "EST5"):
        monkeypatch.setenv("TZ", zone)
        told.add(module._started(os.getpid()))
    assert len(told) == 1
    assert None not in told


@pytest.mark.parametrize("error", [KeyError("uid"), OSError("no entry")])
def test_a_user_without_an_entry_in_the_user_database_has_a_number(monkeypatch, error):
    def nobody():
        raise error

    monkeypatch.setattr(getpass, "getuser", nobody)
    assert Holder.current().user == f"uid {os.getuid()}"
