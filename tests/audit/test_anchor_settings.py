"""Where checkpoints are anchored is said in the inventory, and what is said there is checked."""

import pytest

from responder.inventory import Inventory, InventoryError


def load(tmp_path, text):
    (tmp_path / "respond.toml").write_text(text)
    return Inventory.load(None, {}, tmp_path).audit


def test_an_inventory_that_names_no_place_anchors_nowhere(tmp_path):
    audit = load(tmp_path, '[github]\nrepository = "a/b"\n')
    assert (audit.s3_bucket, audit.github_repository, audit.github_issue) == ("", None, None)


def test_the_usual_repository_holds_the_issue_unless_another_is_named(tmp_path):
    usual = '[github]\nrepository = "a/b"\n[audit]\ngithub_issue = 7\n'
    assert load(tmp_path, usual).github_repository == "a/b"
    assert load(tmp_path, usual + 'github_repository = "c/d"\n').github_repository == "c/d"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("[audit]\ngithub_issue = 7\n", "has no repository to be in"),
        ('[audit]\ngithub_repository = "a/b"\n', "has no `github_issue`"),
        ('[audit]\ns3_bucket = "b"\nretain_days = 0\n', "retain_days"),
        ('[audit]\ns3_buckets = "b"\n', "s3_bucket"),
    ],
)
def test_a_mistake_is_named_with_its_line(tmp_path, text, why):
    with pytest.raises(InventoryError) as refused:
        load(tmp_path, text)
    assert why in refused.value.what
    assert "line" in refused.value.what
