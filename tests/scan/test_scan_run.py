"""`respond scan --run`: what the run is about is looked for, and what was seen is written down beside it."""

import base64
import json
import subprocess
from datetime import UTC, datetime

import pytest
from planted import Planted

from responder.cli import cli
from responder.engine.record import freeze
from responder.engine.run import EXPOSURE_LABEL
from responder.errors import Exit, InputError, RefusedError
from responder.exposure import Exposure, LeakedAccessKey
from responder.journal import EventKind, Holder, Journal, Seals
from responder.journal.audit import verify
from responder.report.log import as_line
from responder.report.record import records
from responder.review.searches import scans
from responder.secret import Secret

SEAL_KEY = base64.b64encode(b"k" * 32).decode()


@pytest.fixture
def incident(tmp_path, monkeypatch):
    """A run about a key that was committed; gives the home and the plant."""
    monkeypatch.setenv("RESPOND_SEAL_KEY", SEAL_KEY)
    planted = Planted(tmp_path / "repo")
    plant = planted.plant("deleted file", "history", "prod.env")
    planted.commit("Add", {"prod.env": plant.text})
    planted.remove("prod.env")
    key = LeakedAccessKey(
        credential="s3", known=True, identifier=plant.identifier, secret=Secret(plant.secret)
    )
    exposure = Exposure(source="a paste", seen_at=datetime.now(UTC), access_keys=(key,))
    with Journal.open(tmp_path / "home" / "journal" / "journal.db") as journal:
        seals = Seals(journal, Secret(SEAL_KEY))
        frozen = freeze(exposure, lambda label, secret: seals.seal("r1", label, secret), EXPOSURE_LABEL)
        journal.begin("r1", Holder.current(), {"exposure": frozen, "steps": []})
    return tmp_path, plant


def scan(folder, *arguments):
    command = ["--home", str(folder / "home"), "scan", str(folder / "repo"), "--no-patterns", *arguments]
    return cli.main(command, standalone_mode=False)


def opened(folder):
    return Journal.open(folder / "home" / "journal" / "journal.db")


def test_the_runs_own_values_are_looked_for_and_the_places_written_down(incident, capsys):
    folder, plant = incident
    assert scan(folder, "--run", "r1") == Exit.FOUND
    assert "prod.env, line 2" in capsys.readouterr().out
    with opened(folder) as journal:
        (noted,) = scans(journal, "r1")
        assert scans(journal, "another") == []
        *_, record = records(journal.iterate())
    (place,) = noted.places
    assert (place["place"], place["line"], place["encoding"]) == ("prod.env", 2, "plain")
    assert place["author"].startswith("Ada Quick")
    assert noted.total == 1
    assert plant.secret not in json.dumps(place)
    assert "scan r1 scanned: 1 places, in" in as_line(record)
    assert verify(folder / "home" / "journal" / "journal.db").sound


def test_pull_requests_that_could_not_be_fetched_are_written_down_as_not_looked_at(incident, monkeypatch):
    folder, _ = incident
    nowhere = "http://127.0.0.1:1"
    monkeypatch.setenv("GITHUB_API_URL", nowhere)
    subprocess.run(
        ["git", "-C", str(folder / "repo"), "remote", "add", "origin", f"{nowhere}/a/b.git"], check=True
    )
    scan(folder, "--run", "r1", "--pulls")
    with opened(folder) as journal:
        (noted,) = scans(journal, "r1")
    assert any("cannot be reached" in why for why in noted.not_looked_at)


def test_a_run_that_is_over_wants_its_values_again(incident, tmp_path, capsys):
    folder, plant = incident
    with opened(folder) as journal:
        writer = journal.take_up("r1", Holder.current(), {})
        Seals(journal, Secret(SEAL_KEY)).shred("r1")
        writer.append(EventKind.RUN_SHREDDED, data={})
    with pytest.raises(RefusedError, match="its values are shredded"):
        scan(folder, "--run", "r1")
    leak = tmp_path / "leak.env"
    leak.write_text(plant.text)
    assert scan(folder, "--run", "r1", "--file", str(leak)) == Exit.FOUND
    with opened(folder) as journal:
        assert len(scans(journal, "r1")) == 1


def test_a_run_that_is_not_there_is_refused_before_anything_is_searched(incident, capsys):
    folder, _ = incident
    with pytest.raises(InputError, match="There is no run r2"):
        scan(folder, "--run", "r2")
    assert capsys.readouterr().out == ""
