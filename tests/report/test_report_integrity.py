import subprocess
import sys

import pytest
from tale import BEGAN

from responder.journal.checkpoint import folder_of, keep, sign
from responder.journal.note import Signer
from responder.report.incident import read_incident
from responder.report.integrity import read_chain
from responder.report.markdown import incident_markdown
from responder.report.page import incident_page

SIGNER = Signer.fresh("respond/ada@laptop", b"s" * 32)


@pytest.fixture
def signed(tale):
    tale.begin().goes_well()
    keep(folder_of(tale.path), *sign(tale.journal, SIGNER))
    return tale


def told(tale, chain):
    incident = read_incident(tale.journal, tale.run, chain)
    return incident_page(incident, BEGAN, "0.1"), incident_markdown(incident, BEGAN, "0.1")


def test_a_report_names_the_checkpoint_and_who_signed_it(signed):
    chain = read_chain(signed.path, (SIGNER.verifier,))
    head = signed.journal.head()
    assert (chain.events, chain.head, chain.problem) == (head.seq, head.hash, "")
    assert (chain.checkpoint.size, chain.checkpoint.signed_by) == (head.seq, "respond/ada@laptop")
    for text in told(signed, chain):
        assert "signed by respond/ada" in text
        assert f"{head.seq:012d}.note" in text


def test_a_signature_that_nobody_checked_is_not_claimed(signed):
    for text in told(signed, read_chain(signed.path)):
        assert "signed by" not in text
        assert "not checked here" in text


def test_a_run_that_ended_after_the_checkpoint_is_said_to(signed):
    signed.begin("r2").goes_well()
    page, _ = told(signed, read_chain(signed.path, (SIGNER.verifier,)))
    assert "does not reach the end of this run" in page


def test_a_checkpoint_by_somebody_else_is_a_problem(signed):
    chain = read_chain(signed.path, (Signer.fresh("respond/eve@laptop", b"e" * 32).verifier,))
    assert "not signed by respond/eve@laptop" in chain.problem
    assert chain.checkpoint is None


def test_an_end_that_was_cut_off_shows_by_the_checkpoint(signed):
    with signed.journal.database.transaction() as connection:
        connection.execute("DROP TRIGGER events_never_go")
        connection.execute("DELETE FROM events WHERE seq = (SELECT max(seq) FROM events)")
    assert read_chain(signed.path, (SIGNER.verifier,)).problem


def test_without_a_checkpoint_a_report_says_what_that_means(tale):
    page, _ = told(tale.begin().goes_well(), read_chain(tale.path))
    assert "none beside the journal" in page


def test_the_command_that_a_report_gives_verifies_the_journal(signed, tmp_path):
    _, text = told(signed, read_chain(signed.path, (SIGNER.verifier,)))
    command = next(line for line in text.splitlines() if line.startswith("- Check: "))
    arguments = command.removeprefix("- Check: `respond ").removesuffix("`").split()
    assert "--key" in arguments
    done = subprocess.run(
        [sys.executable, "-m", "responder", *arguments],
        cwd=signed.path.parent,
        env={"HOME": str(tmp_path), "PYTHON_KEYRING_BACKEND": "keyring.backends.null.Keyring"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
