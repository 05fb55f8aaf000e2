import pytest
from tale import Tale


@pytest.fixture
def tale(tmp_path):
    made = Tale(tmp_path / "home")
    yield made
    made.journal.close()
