"""Who approves what is deployed: one goes or comes, and nothing else of the protection changes."""

from dataclasses import replace

import pytest
from github_account import REPOSITORY, opened

from responder.action import Done, NotDone, Unknown
from responder.errors import DeniedError, RefusedError
from responder.providers.github.people import access_of, deploy_keys_of, reviews_of
from responder.providers.github.protection import EnvironmentRules, ProtectEnvironment
from responder.providers.github.reviewers import RemoveReviewer, ReviewerInput
from responder.providers.github.take_access import AccessInput, TakeAccess
from responder.sandbox.github.ways_in import DeployKey

REMOVE, PROTECT, TAKE = RemoveReviewer(), ProtectEnvironment(), TakeAccess()


@pytest.fixture(scope="module")
def everybody():
    world = opened()
    permissions = {"oncall": "admin", "grace": "write", "linus": "write", "ada": "write"}
    for login in ("linus", "ada", "stranger"):
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


def released_by(world, *, people=(), below=()):
    """By whoever of these is in the team that approves, or in the one below it."""
    world.plane.add_member("rentagpu", "oncall", "admin")
    world.plane.add_team("rentagpu", "release", people, repositories={REPOSITORY: "write"})
    world.plane.add_team("rentagpu", "night", below, of="release")
    world.plane.add_environment(REPOSITORY, "prod", branches=["main"], teams=["release"])


def teams(world):
    found = world.plane.world()["people"]["rentagpu"]["teams"]
    return {slug: set(members) for slug, members in found.items()}


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


@pytest.mark.parametrize("login", ["nobody-there", "stranger"])
def test_who_may_not_approve_takes_nobodys_place(world, login):
    prod(world, "grace")
    with pytest.raises(RefusedError, match="may not approve"):
        REMOVE.plan(world.call(), leaver(instead=login))


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


def test_who_approves_by_a_team_is_taken_out_of_it_and_of_those_below_it(world):
    released_by(world, people=("grace", "linus"), below=("grace", "ada"))
    call, given = world.call(), leaver()
    [found] = reviews_of(call.connections, REPOSITORY, "prod", "GRACE")
    assert found.login == "grace"
    before = REMOVE.before(call, given)
    assert "by the team night" in before.why
    planned = REMOVE.plan(call, given)
    assert "out of the team night; release must" in planned.change
    assert "what else it opens to them" in planned.breaks

    REMOVE.apply(call, given)
    assert teams(world) == {"release": {"linus"}, "night": {"ada"}}
    assert isinstance(REMOVE.probe(call, given), Done)
    assert not reviews_of(call.connections, REPOSITORY, "prod", "grace")

    REMOVE.undo(replace(call, seen=before.seen), given, REMOVE.output_type())
    assert "grace" in teams(world)["night"]


def test_a_team_of_nobody_approves_nothing_so_somebody_must_follow(world):
    released_by(world, people=("grace",))
    call = world.call()
    with pytest.raises(RefusedError, match="alone approves"):
        REMOVE.apply(call, leaver())
    assert teams(world)["release"] == {"grace"}
    REMOVE.apply(call, leaver(instead="oncall"))
    assert (teams(world)["release"], approving(world)) == (set(), ["oncall"])
    assert world.repository()["environments"]["prod"]["reviewing_teams"] == ["release"]


def test_a_team_that_the_operator_is_not_shown_is_unknown_and_no_clean_one(world):
    released_by(world, people=("grace",))
    stranger = world.call(token=world.plane.add_token("ada"))
    assert isinstance(REMOVE.probe(stranger, leaver()), Unknown)
    with pytest.raises(DeniedError, match="is not shown it"):
        reviews_of(stranger.connections, REPOSITORY, "prod", "grace")


def test_who_is_let_in_by_the_organisation_is_taken_out_of_it_and_nobody_else(world):
    released_by(world, people=("grace", "linus"))
    call, given = world.call(), AccessInput(repository=REPOSITORY, login="Grace")
    [found] = access_of(call.connections, REPOSITORY, "grace")
    assert found.label == f"{REPOSITORY}/grace"
    TAKE.apply(call, given)
    assert isinstance(TAKE.probe(call, given), Done)
    assert set(world.plane.world()["people"]["rentagpu"]["members"]) == {"oncall", "linus"}
    assert not access_of(call.connections, REPOSITORY, "grace")
    assert not access_of(call.connections, REPOSITORY, "nobody-of-that-name")


@pytest.mark.parametrize(("login", "why"), [("Oncall", "lock you out"), ("rentagpu", "belongs to")])
def test_neither_the_operator_nor_the_owner_is_taken_out(world, login, why):
    with pytest.raises(RefusedError, match=why):
        TAKE.plan(world.call(), AccessInput(repository=REPOSITORY, login=login))


def test_a_repository_that_is_not_shown_is_unknown_and_no_access_taken(world):
    elsewhere = AccessInput(repository="rentagpu/elsewhere", login="grace")
    assert isinstance(TAKE.probe(world.call(), elsewhere), Unknown)


def test_the_deploy_keys_that_somebody_added_are_told_to_administrators(world):
    state = world.plane.snapshot()
    keys = state.repositories[REPOSITORY].ways_in.keys
    keys[7] = DeployKey(7, "runner", "ssh-ed25519 AAAA", read_only=False, added_by="grace", created_at=0)
    world.plane.restore(state)
    connections = world.call().connections
    assert deploy_keys_of(connections, REPOSITORY, "Grace") == [("7", "runner")]
    assert deploy_keys_of(connections, REPOSITORY, "ada") == []
    writer = world.call(token=world.plane.add_token("ada")).connections
    assert deploy_keys_of(writer, REPOSITORY, "grace") is None
