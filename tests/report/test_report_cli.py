import json
import os
import subprocess
import sys
import time
from pathlib import Path

import click
import pytest
from page_check import faults
from tale import BEGAN, Tale, timedelta

from responder.cli import cli
from responder.errors import InputError, RefusedError, TamperedError, UnavailableError
from responder.journal.checkpoint import folder_of, keep, sign, signer


@pytest.fixture
def report(tale, tmp_path, monkeypatch, capsys):
    """`respond report …` in an empty folder, on the tale's journal; gives what it prints."""
    folder = tmp_path / "here"
    folder.mkdir()
    monkeypatch.chdir(folder)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.null.Keyring")
    monkeypatch.delenv("RESPOND_INVENTORY", raising=False)

    def run(*arguments):
        cli.main(["--home", str(tale.home), "report", *map(str, arguments)], standalone_mode=False)
        return capsys.readouterr().out

    return run


def test_the_newest_run_is_told_in_a_file_of_its_name(tale: Tale, report):
    tale.begin("older").goes_well()
    tale.begin("newer", BEGAN + timedelta(days=1)).goes_well()
    report()
    (written,) = Path().iterdir()
    assert written.name == "respond-report-newer.html"
    assert written.stat().st_mode & 0o077 == 0
    assert faults(written.read_text(encoding="utf-8")) == []


def test_a_run_is_told_by_its_name(tale, report):
    tale.begin("older").goes_well()
    tale.begin("newer", BEGAN + timedelta(days=1)).goes_well()
    report("older", "--html", "a.html")
    assert "run older</title>" in Path("a.html").read_text(encoding="utf-8")


def test_markdown_goes_to_standard_output_and_no_file_is_written(tale, report):
    tale.begin().goes_well()
    assert report("--md").startswith("# Leak of s3 and ci\n")
    assert list(Path().iterdir()) == []


def test_an_unknown_run_is_said_to_be_unknown(tale, report):
    tale.begin().goes_well()
    with pytest.raises(InputError, match="There is no run nope"):
        report("nope")


def test_without_any_run_it_says_how_to_get_one(tale, report):
    with pytest.raises(InputError, match="no run yet") as told:
        report()
    assert "respond drill" in told.value.next_step


def test_without_a_journal_it_says_where_it_looked(tmp_path, report):
    with pytest.raises(InputError, match="no journal at"):
        cli.main(["--home", str(tmp_path / "none"), "report"], standalone_mode=False)


def test_a_file_that_is_there_is_left_alone(tale, report):
    tale.begin().goes_well()
    Path("a.html").write_text("evidence")
    with pytest.raises(RefusedError, match="exists already"):
        report("--html", "a.html")
    assert Path("a.html").read_text() == "evidence"


def test_a_file_that_cannot_be_written_is_said_to_be_so(tale, report):
    tale.begin().goes_well()
    with pytest.raises(UnavailableError, match="cannot be written"):
        report("--html", "nowhere/a.html")


@pytest.mark.parametrize(
    "wrong",
    [
        ("--md", "--html", "a.html"),
        ("--md", "--open"),
        ("--json",),
        ("r1", "--since", "90d"),
        ("--since", "90d", "--exposed-since", "2026-01-01"),
    ],
)
def test_what_does_not_go_together_is_refused(tale, report, wrong):
    tale.begin().goes_well()
    with pytest.raises(InputError):
        report(*wrong)
    assert list(Path().iterdir()) == []


def test_the_time_to_detect_follows_from_when_the_exposure_began(tale, report):
    tale.begin().goes_well()
    assert "| Time to detect | not known |" in report("--md")
    assert "| Time to detect | 3 h |" in report("--md", "--exposed-since", "2026-01-31T00:00")
    assert "| 2026-01-30 23:00:00.000 |" in report("--md", "--exposed-since", "2026-01-30T23:00")


def test_a_report_of_a_changed_journal_is_made_and_says_so(tale, report):
    tale.begin().goes_well()
    with tale.journal.database.transaction() as connection:
        connection.execute("DROP TRIGGER events_never_change")
        connection.execute("UPDATE events SET data = replace(data, 'the service said so', 'it is well')")
    with pytest.raises(TamperedError, match="event 4 was edited"):
        report("--html", "a.html")
    assert 'class="alarm"' in Path("a.html").read_text(encoding="utf-8")


def test_a_journal_that_lost_what_a_report_needs_is_said_to_be_changed(tale, report):
    tale.begin().goes_well()
    with tale.journal.database.transaction() as connection:
        connection.execute("DROP TRIGGER events_never_change")
        connection.execute("UPDATE events SET data = '{}' WHERE seq = 3")
    with pytest.raises(TamperedError, match="no report can be made") as told:
        report("--md")
    assert "event 3" in told.value.what


def test_the_page_is_shown_in_the_browser(tale, report, tmp_path, monkeypatch):
    tale.begin().goes_well()
    browser = tmp_path / "bin" / "xdg-open"
    browser.parent.mkdir()
    part, shown = tmp_path / "part", tmp_path / "shown"
    browser.write_text(f'#!/bin/sh\nprintf %s "$1" > "{part}" && mv "{part}" "{shown}"\n')
    browser.chmod(0o755)
    monkeypatch.setenv("PATH", f"{browser.parent}{os.pathsep}{os.environ['PATH']}")
    report("--open")
    until = time.monotonic() + 60
    while not shown.exists() and time.monotonic() < until:
        time.sleep(0.01)
    page = Path(shown.read_text().removeprefix("file://"))
    assert faults(page.read_text(encoding="utf-8")) == []
    assert list(Path().iterdir()) == []


def test_a_quarter_is_told_as_json_for_machines(tale, report):
    tale.begin("old").goes_well()
    tale.begin("new", BEGAN + timedelta(days=100)).goes_well()
    told = json.loads(report("--since", "2026-04-01", "--json"))
    assert [one["run"] for one in told["incidents"]] == ["new"]
    assert told["incidents"][0]["contained_after"] == pytest.approx(1.4)


def test_a_quarter_as_json_names_the_public_key_that_the_checkpoint_was_checked_with(tale, report):
    tale.begin().goes_well()
    own = signer(tale.home, {})
    keep(folder_of(tale.path), *sign(tale.journal, own))
    told = json.loads(report("--since", "2026-01-01", "--json"))
    assert told["chain"]["checkpoint"]["keys"] == [str(own.verifier)]


def test_a_quarter_without_an_inventory_says_nothing_of_ages(tale, report):
    tale.begin().goes_well()
    assert "There is no respond.toml" in report("--since", "2026-01-01", "--md")


def test_a_quarter_in_a_file_is_named_by_its_day(tale, report):
    tale.begin().goes_well()
    report("--since", "2026-01-01")
    assert [one.name for one in Path().iterdir()] == ["respond-report-since-2026-01-01.html"]


@pytest.mark.parametrize("since", ["yesterday", "90", "-3d", "2026-13-01", ""])
def test_a_time_that_is_none_is_refused(tale, report, since):
    with pytest.raises(click.BadParameter):
        report("--since", since)


def test_weeks_and_days_are_counted_from_now(tale, report):
    tale.begin().goes_well()
    assert report("--since", "2w", "--md").splitlines()[0] == report("--since", "14d", "--md").splitlines()[0]


_HELP = """
import sys
from responder.cli import main
try:
    main()
finally:
    assert "jinja2" not in sys.modules
"""


def test_the_signature_is_checked_with_the_key_of_this_machine(tale, report):
    tale.begin().goes_well()
    keep(folder_of(tale.path), *sign(tale.journal, signer(tale.home, {})))
    assert ", signed by respond/" in report("--md")


def test_a_run_that_is_called_like_a_path_gets_a_file_here(tale, report):
    tale.begin("../r 1").goes_well()
    report()
    assert [one.name for one in Path().iterdir()] == ["respond-report-___r_1.html"]


def test_help_imports_no_template_and_says_how_to_get_a_pdf():
    command = [sys.executable, "-c", _HELP, "report", "--help"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    assert "PDF" in done.stdout
