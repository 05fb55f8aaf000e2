"""`respond resume` of a run that is over."""

import pytest
from tale import exposure

from responder.cli import cli
from responder.errors import Exit


@pytest.mark.parametrize(
    ("unidentified", "outcome", "code"),
    [(False, "succeeded", Exit.DONE), (True, "not contained", Exit.INCOMPLETE)],
)
def test_its_end_is_shown_and_nothing_is_played_or_written(tale, capsys, unidentified, outcome, code):
    tale.begin(exposed=exposure(unidentified=unidentified)).goes_well()
    before = list(tale.journal.events())
    files = sorted(tale.home.rglob("*"))

    ended = cli.main(["--home", str(tale.home), "resume", "r1"], standalone_mode=False)

    said = capsys.readouterr()
    assert ended == code
    assert f"Run r1 is over: {outcome}." in said.err
    assert "killed at any moment" not in said.err
    assert "Not proven" in said.out
    assert list(tale.journal.events()) == before
    assert sorted(tale.home.rglob("*")) == files  # neither a key nor a checkpoint
