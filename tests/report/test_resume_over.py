"""`respond resume` of a run that is over, or whose services are silent."""

import pytest
from tale import exposure

from responder.cli import cli
from responder.errors import Exit, RespondError
from responder.journal import Holder


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


def test_a_service_that_does_not_even_say_who_we_are_is_told_before_any_step_waits_for_it(
    tale, capsys, monkeypatch
):
    tale.begin().proves("deactivate_key[s3]", 0.6)
    monkeypatch.setattr(Holder, "alive", lambda _self: False)
    who = {"aws": "(No answer within 6 s.)", "modal": "ada", "github": "(GITHUB_TOKEN is not set.)"}
    monkeypatch.setattr("responder.cli.resume.operator", lambda _connections: who)

    with pytest.raises(RespondError):  # there is no key here to go on with
        cli.main(["--home", str(tale.home), "resume", "r1"], standalone_mode=False)

    said = capsys.readouterr().err
    assert "aws: No answer within 6 s. It is asked all the same" in said
    assert "github: GITHUB_TOKEN is not set." in said
    assert "modal" not in said
