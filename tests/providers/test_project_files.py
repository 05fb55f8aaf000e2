"""A file is written where there is none, and what a person has stays theirs."""

from datetime import UTC, datetime

import pytest

from responder.action import Call, Connections, NotDone, Nothing, Unknown
from responder.errors import ConflictError, ProviderError, RefusedError, RejectedError
from responder.providers.project.files import FileInput, WriteFile

ACTION = WriteFile()


@pytest.fixture
def given(tmp_path):
    return FileInput(folder=str(tmp_path), path=".github/workflows/deploy.yml", text="name: ours\n")


@pytest.fixture
def call():
    return Call("r1", "it", Connections({}), lambda: datetime.now(UTC), lambda _: None)


def target(given, tmp_path):
    path = tmp_path / given.path
    path.parent.mkdir(parents=True)
    return path


def test_a_file_that_is_there_and_differs_is_never_written_over(given, call, tmp_path):
    path = target(given, tmp_path)
    path.write_text("name: theirs\n")
    assert ACTION.plan(call, given).change.startswith("Leave")
    assert isinstance(ACTION.before(call, given), Unknown)
    with pytest.raises(ConflictError, match="it is there and differs"):
        ACTION.apply(call, given)
    assert path.read_text() == "name: theirs\n"
    assert [one.name for one in path.parent.iterdir()] == [path.name]


def test_a_link_that_leads_nowhere_is_not_followed(given, call, tmp_path):
    path = target(given, tmp_path)
    path.symlink_to(tmp_path / "nowhere")
    with pytest.raises(ProviderError):
        ACTION.apply(call, given)
    assert path.is_symlink()
    assert not (tmp_path / "nowhere").exists()


def test_what_was_changed_since_it_was_written_is_not_deleted(given, call, tmp_path):
    ACTION.apply(call, given)
    (tmp_path / given.path).write_text("name: changed\n")
    with pytest.raises(RefusedError, match="was changed since"):
        ACTION.undo(call, given, Nothing())
    assert (tmp_path / given.path).read_text() == "name: changed\n"


def test_what_a_kill_left_aside_is_gone_after_the_next_try(given, call, tmp_path):
    path = target(given, tmp_path)
    (path.parent / f".{path.name}.{call.run}").write_text("name: o")
    assert isinstance(ACTION.reconcile(call, given), NotDone)
    ACTION.apply(call, given)
    assert [one.name for one in path.parent.iterdir()] == [path.name]


@pytest.mark.parametrize("path", ["../beside.yml", "out/beside.yml"])
def test_nothing_is_written_outside_the_project(given, call, tmp_path, path):
    inside = tmp_path / "project"
    inside.mkdir()
    (inside / "out").symlink_to(tmp_path)
    with pytest.raises(RejectedError, match="is not in"):
        ACTION.apply(call, given.model_copy(update={"folder": str(inside), "path": path}))
    assert not (tmp_path / "beside.yml").exists()
