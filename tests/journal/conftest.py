from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from responder.journal import Holder, Journal, Writer


class Clock:
    """Starts at three in the morning and goes on by a second each time it is read."""

    def __init__(self) -> None:
        self._now = datetime(2026, 1, 31, 3, tzinfo=UTC)

    def __call__(self) -> datetime:
        self._now += timedelta(seconds=1)
        return self._now


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "journal" / "journal.db"


@pytest.fixture
def journal(path: Path) -> Iterator[Journal]:
    with Journal.open(path, clock=Clock()) as journal:
        yield journal


@pytest.fixture
def holder() -> Holder:
    return Holder.current()


@pytest.fixture
def writer(journal: Journal, holder: Holder) -> Writer:
    return journal.begin("r1", holder, {"playbook": "leak"})
