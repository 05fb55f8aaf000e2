import pytest
from beginnings import INVENTORY, company

from responder.inventory import Inventory


@pytest.fixture
def described(tmp_path):
    (tmp_path / "respond.toml").write_text(INVENTORY)
    return Inventory.load(tmp_path / "respond.toml", {}, tmp_path)


@pytest.fixture
def beginning(tmp_path):
    """Its repository has another default branch than most."""
    with company(tmp_path, "777777777777", "trunk") as begun:
        yield begun


@pytest.fixture(scope="module")
def standing(tmp_path_factory):
    """For tests that are refused, and so leave it as it was; its folder has a respond.toml."""
    with company(tmp_path_factory.mktemp("company"), "777777777778") as begun:
        (begun.folder / "respond.toml").write_text(INVENTORY)
        yield begun
