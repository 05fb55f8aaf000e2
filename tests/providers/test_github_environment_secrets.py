import threading
from dataclasses import replace

import pytest
from github_account import REPOSITORY, Weather, opened

from responder.action import Done, NotDone, Unknown, exchanges
from responder.errors import DeniedError, InterruptedRunError, NotFoundError, TransientError
from responder.providers.github.environment_secrets import EnvironmentValues, PutEnvironmentSecrets
from responder.providers.github.pace import Pace
from responder.sandbox.faults import Faults, read_rule
from responder.secret import Secret

PUT = PutEnvironmentSecrets()
FRESH = {"MODAL_TOKEN_ID": "ak-fresh", "MODAL_TOKEN_SECRET": "as-fresh-canary"}
GIVEN = EnvironmentValues(
    repository=REPOSITORY,
    environment="prod",
    values={"MODAL_TOKEN_ID": "ak-fresh", "MODAL_TOKEN_SECRET": Secret("as-fresh-canary")},
)
ELSEWHERE = GIVEN.model_copy(update={"environment": "staging"})


class Clock:
    """The plane's seconds since some day; the action's waits move it, and nothing else does."""

    def __init__(self):
        self.now = 1_800_000_000.25
        self.waits = threading.Event()
        self.waits.wait = self.pass_by

    def pass_by(self, seconds):
        self.now += seconds
        return False


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def world(clock):
    world = opened(clock=lambda: clock.now)
    clock.now += 60
    yield world
    world.plane.stop()


def intended(call, given=GIVEN):
    found = PUT.before(call, given)
    assert isinstance(found, NotDone), found
    return replace(call, seen=found.seen)


def test_the_environment_holds_the_new_values_and_its_other_secrets_are_untouched(world):
    call = intended(world.call())
    output = PUT.apply(call, GIVEN)
    assert world.secrets("prod") == FRESH | {"UNRELATED": "old-prod-UNRELATED"}
    assert world.secrets("dev")["MODAL_TOKEN_ID"] == "old-dev-MODAL_TOKEN_ID"
    assert output.updated_at == dict.fromkeys(FRESH, "2027-01-15T08:01:00+00:00")


def test_without_an_environment_the_repositorys_own_secrets_are_written_and_proven(world, clock):
    world.plane.put_repository_secret(REPOSITORY, "MODAL_TOKEN_ID", "old")
    world.plane.put_repository_secret(REPOSITORY, "UNRELATED", "old")
    clock.now += 60
    given = GIVEN.model_copy(update={"environment": ""})
    assert REPOSITORY in PUT.plan(world.call(), given).change
    call = intended(world.call(), given)
    assert set(PUT.apply(call, given).updated_at) == set(FRESH)
    found = PUT.probe(call, given)
    assert isinstance(found, Done)
    assert f"GET /repos/{REPOSITORY}/actions/secrets: updated_at" in found.evidence
    own = {name: one["value"] for name, one in world.repository()["secrets"].items()}
    assert own == FRESH | {"UNRELATED": "old"}
    assert world.secrets("prod")["MODAL_TOKEN_ID"] == "old-prod-MODAL_TOKEN_ID"


def test_every_write_is_recorded_by_the_name_that_github_gives_it(world):
    call = intended(world.call())
    with exchanges() as recorded:
        PUT.apply(call, GIVEN)
    puts = {one.operation.rpartition("/")[2]: one.id for one in recorded if one.operation.startswith("PUT ")}
    assert set(puts) == set(FRESH)
    assert all(puts.values())


def test_the_environments_protection_stays(world):
    was = world.repository()["environments"]["prod"]
    PUT.apply(intended(world.call()), GIVEN)
    now = world.repository()["environments"]["prod"]
    assert {**now, "secrets": {}} == {**was, "secrets": {}}
    assert now["reviewers"] == ["grace"]


def test_an_environment_that_is_not_there_is_not_made(world):
    call = world.call()
    assert isinstance(PUT.before(call, ELSEWHERE), Unknown)
    assert PUT.plan(call, ELSEWHERE).change.endswith("not there yet).")
    with pytest.raises(NotFoundError):
        PUT.apply(call, ELSEWHERE)
    assert set(world.repository()["environments"]) == {"dev", "prod"}


def test_values_are_written_even_if_the_same_ones_may_be_there(world):
    PUT.apply(intended(world.call()), GIVEN)
    assert isinstance(PUT.before(world.call(), GIVEN), NotDone)
    assert isinstance(PUT.probe(world.call(), GIVEN), NotDone)


def test_the_proof_tells_when_each_was_written_and_what_was_there_before(world):
    call = intended(world.call())
    assert isinstance(PUT.verify(call, GIVEN, None), NotDone)
    output = PUT.apply(call, GIVEN)
    proof = PUT.verify(call, GIVEN, output)
    assert isinstance(proof, Done)
    assert "MODAL_TOKEN_ID 2027-01-15T08:01:00+00:00 (was 2027-01-15T08:00:00+00:00)" in proof.evidence


def test_a_secret_that_was_not_there_is_planned_as_new_and_proven(world):
    given = GIVEN.model_copy(update={"values": {"Extra": "value"}})
    assert PUT.plan(world.call(), given).change.endswith("(Extra: not there yet).")
    call = intended(world.call(), given)
    output = PUT.apply(call, given)
    assert isinstance(PUT.verify(call, given, output), Done)
    assert world.secrets("prod")["EXTRA"] == "value"


def test_a_write_within_the_second_of_the_one_before_is_made_again_so_that_it_shows(world, clock):
    PUT.apply(intended(world.call()), GIVEN)
    later = GIVEN.model_copy(update={"values": {"MODAL_TOKEN_ID": "ak-later"}})
    call = intended(world.call(stopping=clock.waits), later)
    output = PUT.apply(call, later)
    assert isinstance(PUT.verify(call, later, output), Done)
    assert world.secrets("prod")["MODAL_TOKEN_ID"] == "ak-later"


def test_a_write_of_which_one_half_got_lost_is_done_again_whole(world):
    falls = iter([503])
    weather = Weather(world, lambda method, _: next(falls, None) if method == "PUT" else None, early=True)
    call = intended(weather.world.call())
    with pytest.raises(TransientError):
        PUT.apply(call, GIVEN)
    assert world.secrets("prod") != FRESH | {"UNRELATED": "old-prod-UNRELATED"}
    assert isinstance(PUT.reconcile(call, GIVEN), NotDone)
    PUT.apply(call, GIVEN)
    weather.close()
    assert world.secrets("prod") == FRESH | {"UNRELATED": "old-prod-UNRELATED"}


def test_whoever_may_only_read_is_refused(world):
    reader = world.plane.add_user("reader")
    world.plane.restore(with_reader(world.plane.snapshot()))
    with pytest.raises(DeniedError):
        PUT.apply(world.call(token=reader), GIVEN)
    assert isinstance(PUT.before(world.call(token=reader), GIVEN), Unknown)


def with_reader(state):
    state.repositories[REPOSITORY].permissions["reader"] = "read"
    return state


def test_where_github_says_how_long_it_is_waited_and_then_written_and_looked_at():
    faults = Faults(
        [read_rule("github:PUT secrets:secondary-limit=1*3"), read_rule("github:GET secrets:429=1*1")]
    )
    world = opened(faults=faults)
    said = []
    call = intended(world.call(progress=said.append))
    PUT.apply(call, GIVEN)
    world.plane.stop()
    assert world.secrets("prod") == FRESH | {"UNRELATED": "old-prod-UNRELATED"}
    assert [rule["happened"] for rule in faults.world()] == [3, 1]
    assert all("Again in 1 s, as GitHub says." in one for one in said)


def test_a_stop_ends_such_a_wait():
    world = opened(faults=Faults([read_rule("github:GET secrets:429=600")]))
    stopping = threading.Event()
    stopping.set()
    with pytest.raises(InterruptedRunError):
        PUT.before(world.call(stopping=stopping), GIVEN)
    world.plane.stop()


def test_hundreds_of_writes_are_spread_and_all_wait_when_one_is_told_to():
    now, waits = 0.0, []

    def wait(seconds):
        nonlocal now
        waits.append(seconds)
        now += seconds

    pace = Pace(clock=lambda: now)
    for _ in range(80):
        pace.turn(wait)
    assert 55 <= now <= 65, "80 in the first minute, and no more"
    pace.closed_for(600)
    pace.turn(wait)
    assert waits[-1] == 600
