"""`respond runs`: which runs there are, how they ended, and in whose hands those are that did not."""

import json
from dataclasses import replace

import pytest
from tale import HOLDER

from responder.cli import cli
from responder.journal import EventKind, Holder

RUNNING = "running, by ada on laptop (process 4711)"


@pytest.fixture
def respond(tale, capsys, monkeypatch):
    def typed(*arguments, columns=200):
        monkeypatch.setenv("COLUMNS", str(columns))
        cli.main(["--home", str(tale.home), *arguments], standalone_mode=False)
        return capsys.readouterr().out

    return typed


@pytest.mark.parametrize(
    ("alive", "words"), [(True, RUNNING), (None, f"perhaps {RUNNING}"), (False, "incomplete")]
)
def test_a_run_in_progress_is_not_called_incomplete_while_somebody_may_play_it(
    tale, respond, monkeypatch, alive, words
):
    tale.begin().proves("deactivate_key[s3]", 0.6)
    monkeypatch.setattr(Holder, "alive", lambda _self: alive)
    assert words in respond("runs")
    assert ("perhaps" in respond("runs")) == (alive is None)
    told = json.loads(respond("runs", "--json"))
    assert (told["outcome"], told["running"], told["by"]) == ("incomplete", alive, str(HOLDER))
    assert (RUNNING in respond("show", "r1").splitlines()[0]) == (alive is not False)


def test_a_run_that_is_over_is_in_nobodys_hands_though_its_process_goes_on(tale, respond, monkeypatch):
    tale.begin().goes_well()
    monkeypatch.setattr(Holder, "alive", lambda _self: True)
    assert "running" not in respond("runs")
    assert json.loads(respond("runs", "--json"))["running"] is False
    tale.journal.take_up("r1", replace(HOLDER, user="grace"), {"operator": {}}).append(
        EventKind.RUN_UNDOING, data={"confirmed_by": "typed prod", "re_enabled": []}
    )
    assert "being undone, by grace on laptop (process 4711)" in respond("runs")


def test_no_word_is_cut_on_a_narrow_terminal(tale, respond):
    tale.begin().goes_well()
    shown = respond("runs", columns=40)
    assert "…" not in shown
    assert "r1 succeeded" in shown
    assert "s3, ci" in shown
