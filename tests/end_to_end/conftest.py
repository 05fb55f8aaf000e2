import pytest

from responder.bundled import bundled


@pytest.fixture(scope="session")
def quick_playbook(tmp_path_factory):
    """The leak playbook with a second between its looks in place of ten."""
    text = (bundled("playbooks") / "leak.yaml").read_text()
    assert "wait: 10s" in text
    path = tmp_path_factory.mktemp("playbook") / "leak.yaml"
    path.write_text(text.replace("wait: 10s", "wait: 1s"))
    return path
