from collections.abc import Iterator
from pathlib import Path

import pytest
from played import Clock

from responder.journal import Holder, Journal


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
