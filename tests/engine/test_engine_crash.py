"""A process may die at any instant; whoever resumes comes to the same end."""

import pytest
from fakes.world import Crash
from table import Table, Watcher, playbook, secret_of, step

from responder.engine import Engine
from responder.errors import RespondError, TransientError
from responder.exposure import Exposure, LeakedMemberToken, Unidentified
from responder.found import Kind
from responder.journal import Seals, Verified
from responder.journal.audit import verify
from responder.secret import Secret

TEXT = playbook(
    step("a"),
    step("b", uses="things.note"),
    step("never", **{"if": False}),
    step("c", "a", given={"using": secret_of("a")}),
    step("d", "b", "c", "never", uses="things.note", given={"using": secret_of("c")}),
)
EVENTS = 3 * 4 + 1 + 2  # four steps, a skipped one, shredded and finished


def lively(table: Table) -> None:
    """The first attempt at `c` loses its answer: so there is a retry to die in."""

    def lose() -> None:
        raise TransientError("things", "Make", "busy").after(0.0)

    table.world.faults["applied c"].append(lose)


def check_the_end(table: Table) -> None:
    world = table.world
    assert table.state().outcome == "succeeded"
    assert set(world.things) == {"a", "b", "c", "d"}
    for name in world.things:
        assert world.made[name] - world.removed[name] == 1, name
        assert world.removed[name] + 1 <= table.kinds(name).count("step.intended"), name
    assert world.used["c"] == world.things["a"]["secret"]
    assert world.used["d"] == world.things["c"]["secret"]
    audit = verify(table.path / "journal.db")
    assert isinstance(audit.chain, Verified)
    assert b"canary-" not in b"".join(file.read_bytes() for file in table.path.iterdir())


def test_the_events_that_the_crashes_below_are_set_at_are_all_there_are(table: Table):
    watcher = Watcher()
    table.start(TEXT, watcher)
    assert len(watcher.events) == EVENTS
    check_the_end(table)


@pytest.mark.parametrize("number", range(EVENTS + 2))
def test_a_crash_after_any_event_ends_in_the_same_world(table: Table, number: int):
    lively(table)
    with pytest.raises(Crash):
        table.start(TEXT, table.dying_after(number))
    table.resume()
    check_the_end(table)


@pytest.mark.parametrize("number", range(EVENTS - 3))
def test_a_second_crash_while_resuming_ends_in_the_same_world(table: Table, number: int):
    lively(table)
    for allowed in (number, 1, 2):
        try:
            if allowed == number and not table.journal.runs():
                table.start(TEXT, table.dying_after(allowed))
            else:
                table.resume(table.dying_after(allowed))
        except Crash:
            continue
    table.resume()
    check_the_end(table)


CALLS = [
    *(f"{operation} {name}" for name in "ac" for operation in ("before", "apply", "applied", "verify")),
    *(f"{operation} {name}" for name in "bd" for operation in ("probe", "apply", "applied")),
]


@pytest.mark.parametrize("call", CALLS)
def test_a_crash_in_any_call_to_the_service_ends_in_the_same_world(table: Table, call: str):
    def die() -> None:
        table.world.dead = True
        raise Crash

    table.world.faults[call].append(die)
    with pytest.raises(Crash):
        table.start(TEXT)
    table.resume()
    check_the_end(table)


def test_an_effect_whose_answer_died_with_the_process_is_not_applied_blindly_again(table: Table):
    def die() -> None:
        table.world.dead = True
        raise Crash

    table.world.faults["applied b"].append(die)
    with pytest.raises(Crash):
        table.start(playbook(step("b", uses="things.note")))
    table.resume()
    assert table.world.made["b"] == 1
    assert table.kinds("b") == ["step.intended", "step.succeeded"]


def test_a_run_whose_writer_cannot_seal_is_stopped_before_any_effect(table: Table, monkeypatch):
    def fail(*_: object) -> None:
        raise RespondError("no key")

    monkeypatch.setattr("responder.journal.seal.Seals.prepare", fail)
    with pytest.raises(RespondError, match="no key"):
        table.start(playbook(step("a")))
    assert table.world.asked == []


def leaky(table: Table) -> str:
    leaked = LeakedMemberToken(
        credential="m", known=True, identifier="ak-1", secret=Secret("canary-leaked-1")
    )
    found = Unidentified(kind=Kind.AWS_ACCESS_KEY, identifier="AKIA1", secret=Secret("canary-leaked-2"))
    table.exposure = Exposure(
        source="a test", seen_at=table.clock.now, member_tokens=(leaked,), unidentified=(found,)
    )
    each = {"for_each": "${{ exposure.member_tokens }}", "if": "${{ each.secret }}"}
    return playbook(step("a", given={"using": "${{ each.secret }}"}, **each))


def test_a_crash_between_shredding_and_the_end_is_resumed_without_any_secret(table: Table):
    text = leaky(table)
    with pytest.raises(Crash):
        table.start(text, table.dying_after(3))
    assert table.state().shredded
    assert table.resume().outcome == "not contained"
    assert table.world.made["a"] == 1


def test_a_crash_after_the_shredding_is_resumed_though_nothing_can_be_opened(table: Table, monkeypatch):
    shred = Seals.shred

    def shred_and_die(seals: Seals, run: str) -> None:
        shred(seals, run)
        raise Crash

    text = leaky(table)
    monkeypatch.setattr(Seals, "shred", shred_and_die)
    with pytest.raises(Crash):
        table.start(text)
    monkeypatch.undo()
    assert table.resume().outcome == "not contained"
    assert table.world.made["a"] == 1


def test_a_secret_of_the_exposure_is_there_after_a_crash(table: Table):
    text = leaky(table)
    with pytest.raises(Crash):
        table.start(text, table.dying_after(0))
    table.resume()
    assert table.world.used["a"] == "canary-leaked-1"


def test_a_finished_run_resumes_to_itself(table: Table):
    table.start(TEXT)
    before, asked = table.journal.head(), list(table.world.asked)
    assert table.resume().outcome == "succeeded"
    assert table.journal.head() == before
    assert table.world.asked == asked


def test_after_the_end_no_sealed_value_can_be_opened_by_anyone(table: Table):
    table.start(TEXT)
    output = table.state().steps["a"].output
    engine: Engine = table.engine()
    with pytest.raises(RespondError, match="shredded"):
        engine.seals.open("r1", "a/1/secret", output["secret"])
