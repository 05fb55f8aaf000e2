"""How to take a value out again: for each kind of place what works there, and nothing where none is found."""

from datetime import UTC, datetime

from responder.review.history.purge import advice
from responder.review.history.sighting import Commit, Sighting

MAIN = ("refs/heads/main",)


def seen(where="history", path="prod.env", **more):
    commits = (Commit("c" * 40, "Ada", datetime(2026, 1, 1, tzinfo=UTC)),)
    fields = {"refs": MAIN, "objects": ("a" * 40,), "commits": commits, "encoding": "plain", "secret": True}
    return Sighting(
        value="secret of AKIA", fingerprint="sha256:1", where=where, path=path, **{**fields, **more}
    )


def commands(*sightings):
    return [command for one in advice(sightings) for command in one.commands]


def test_nothing_is_advised_where_nothing_leaked():
    assert list(advice([])) == []
    assert list(advice([seen(secret=False)])) == []


def test_rotation_comes_first_and_the_services_copies_last():
    said = [one.what for one in advice([seen()])]
    assert said[0].startswith("Rotate first")
    assert "support" in said[-1]


def test_files_go_by_the_ids_of_their_versions_and_no_value_is_typed():
    typed = commands(seen())
    assert f"printf '%s\\n' {'a' * 40} > ../ids" in typed
    assert "git filter-repo --strip-blobs-with-ids ../ids" in typed


def test_many_versions_go_by_path_which_is_quoted():
    typed = commands(seen(path="a b.env", objects=tuple(f"{n:040x}" for n in range(30))))
    assert "git filter-repo --invert-paths --path 'a b.env'" in typed


def test_messages_are_replaced_by_a_value_that_is_typed_hidden():
    typed = commands(seen("commit message", "c" * 12))
    assert any("--replace-message ../values" in command for command in typed)
    assert any("read -rs" in command for command in typed)
    assert not any("strip-blobs" in command for command in typed)


def test_notes_are_taken_out_whole_as_filter_repo_leaves_them():
    typed = commands(seen(refs=("refs/notes/commits",)))
    assert "git update-ref -d refs/notes/commits" in typed
    assert not any("strip-blobs" in command for command in typed)


def test_what_is_on_this_machine_alone_needs_no_rewriting():
    for kept in (
        seen(refs=("refs/stash",)),
        seen(refs=(), kept="HEAD@{1}"),
        seen("ignored", refs=(), commits=()),
    ):
        assert not any("filter-repo" in command for command in commands(kept))
    assert "git stash drop" in commands(seen(refs=("refs/stash",)))
    assert "git stash drop" not in commands(seen(refs=(*MAIN, "refs/stash")))
    assert "git gc --prune=now" in commands(seen(refs=(), kept="HEAD@{1}"))
    assert any("ignored/.env" in one.what for one in advice([seen("ignored", "ignored/.env", refs=())]))


def test_only_githubs_support_can_take_it_out_of_pull_requests():
    said = list(advice([seen(refs=("refs/pull/12/head",)), seen(path="b", refs=("refs/pull/3/head",))]))
    assert any("(no. 3, 12)" in one.what and "support" in one.what for one in said)
    assert [command for one in said for command in one.commands] == []


def test_a_submodule_is_its_own_repository():
    said = [one.what for one in advice([seen(repository="vendor/lib")])]
    assert any(what.startswith("In vendor/lib: Rewrite the history") for what in said)
