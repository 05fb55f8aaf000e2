"""Where the inventory is looked for."""

import pytest
from small_inventory import SMALL

from responder.inventory import EXAMPLE, Inventory, InventoryError, NoInventoryError


def test_it_is_looked_for_where_it_is_named_then_here_then_in_the_users_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    here, there = tmp_path / "here", tmp_path / "config" / "respond"
    here.mkdir()
    with pytest.raises(NoInventoryError) as refused:
        Inventory.load(None, {}, here)
    for place in (here / "respond.toml", there / "respond.toml", EXAMPLE, "RESPOND_INVENTORY"):
        assert str(place) in refused.value.what + refused.value.next_step

    there.mkdir(parents=True)
    (there / "respond.toml").write_text(SMALL)
    assert Inventory.load(None, {}, here).path == there / "respond.toml"
    (here / "respond.toml").write_text(SMALL)
    assert Inventory.load(None, {"RESPOND_INVENTORY": ""}, here).path == here / "respond.toml"
    (here / "named.toml").write_text(SMALL)
    assert Inventory.load(None, {"RESPOND_INVENTORY": "named.toml"}, here).path == here / "named.toml"
    (here / "given.toml").write_text(SMALL)
    given = Inventory.load(here / "given.toml", {"RESPOND_INVENTORY": "named.toml"}, here)
    assert given.path == here / "given.toml"


@pytest.mark.parametrize(
    ("path", "environ"), [("absent.toml", {}), (None, {"RESPOND_INVENTORY": "absent.toml"})]
)
def test_a_named_file_that_is_not_there_is_never_replaced_by_another(tmp_path, path, environ):
    (tmp_path / "respond.toml").write_text(SMALL)
    with pytest.raises(NoInventoryError, match=r"no file .*absent\.toml"):
        Inventory.load(path and tmp_path / path, environ, tmp_path)


def test_a_file_in_another_encoding_is_told_so(tmp_path):
    (tmp_path / "respond.toml").write_bytes(b"# caf\xe9\n")
    with pytest.raises(InventoryError, match="is not UTF-8"):
        Inventory.load(None, {}, tmp_path)
