"""Who approves what is deployed: one goes or comes, and nothing else of the protection changes."""

from dataclasses import replace

import pytest
from github_account import REPOSITORY, opened

from responder.action import Done, NotDone
from responder.errors import RefusedError
from responder.providers.github.people import reviews_of
from responder.providers.github.protection import EnvironmentRules, ProtectEnvironment
from responder.providers.github.reviewers import RemoveReviewer, ReviewerInput

REMOVE, PROTECT = RemoveReviewer(), ProtectEnvironment()


@pytest.fixture(scope="module")
def everybody():
    world = opened()
    permissions = {"oncall": "admin", "grace": "write", "linus": "write", "ada": "write"}
    for login in ("linus", "ada"):
        world.plane.add_user(login)
    world.plane.add_repository(REPOSITORY, {}, permissions=permissions)
    yield world, world.plane.snapshot()
    world.plane.stop()


@pytest.fixture
def world(everybody):
    world, before = everybody
    world.plane.restore(before)
    return world


def prod(world, *reviewers):
    world.plane.add_environment(REPOSITORY, "prod", reviewers=list(reviewers), branches=["main"])


def leaver(login="grace", instead=""):
    return ReviewerInput(repository=REPOSITORY, environment="prod", login=login, instead=instead)


def approving(world):
    return world.repository()["environments"]["prod"]["reviewers"]


def test_a_login_is_the_same_in_any_case(world):
    prod(world, "grace", "linus")
    call = world.call()
    [found] = reviews_of(call.connections, REPOSITORY, "prod", "Grace")
    assert found.login == "grace"
    assert isinstance(REMOVE.probe(call, leaver("GRACE")), NotDone)
    REMOVE.apply(call, leaver("GRACE"))
    assert approving(world) == ["linus"]
    assert isinstance(REMOVE.probe(call, leaver("GRACE")), Done)


def test_nobody_takes_their_own_place(world):
    prod(world, "grace")
    with pytest.raises(RefusedError, match="alone approves"):
        REMOVE.plan(world.call(), leaver(instead="Grace"))
    with pytest.raises(RefusedError, match="alone approves"):
        REMOVE.apply(world.call(), leaver(instead="Grace"))
    assert approving(world) == ["grace"]


def test_undone_who_came_meanwhile_by_another_hand_stays(world):
    prod(world, "grace")
    call, given = world.call(), leaver(instead="oncall")
    found = REMOVE.before(call, given)
    output = REMOVE.apply(call, given)
    assert approving(world) == ["oncall"]
    prod(world, "oncall", "ada")
    REMOVE.undo(replace(call, seen=found.seen), given, output)
    assert sorted(approving(world)) == ["ada", "grace"]


def test_a_reviewer_is_added_where_the_branches_stay_as_they_are(world):
    prod(world, "grace")
    given = EnvironmentRules(repository=REPOSITORY, environment="prod", reviewers=("Grace", "ada"))
    call = world.call()
    assert "Grace" not in PROTECT.plan(call, given).change
    PROTECT.apply(call, given)
    assert approving(world) == ["grace", "ada"]
    assert world.repository()["environments"]["prod"]["branches"] == ["main"]
    assert isinstance(PROTECT.probe(call, given), Done)
