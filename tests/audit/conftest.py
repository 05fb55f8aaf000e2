from collections.abc import Iterator
from pathlib import Path

import pytest
from played import Clock

from responder.journal import Holder, Journal
from responder.journal.note import Signer


@pytest.fixture
def holder() -> Holder:
    return Holder("laptop", 4711, "b n 1", "ada")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "home" / "journal" / "journal.db"


@pytest.fixture
def journal(path: Path) -> Iterator[Journal]:
    with Journal.open(path, clock=Clock()) as journal:
        yield journal


@pytest.fixture
def signer(monkeypatch, tmp_path):
    """The key that this machine signs with; its home is the journal's."""
    key = Signer.fresh("respond/ada@laptop", b"a" * 32)
    monkeypatch.setenv("RESPOND_AUDIT_KEY", key.written.reveal())
    monkeypatch.setenv("RESPOND_HOME", str(tmp_path / "home"))
    return key
