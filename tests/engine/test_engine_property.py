"""Over random playbooks, faults and deaths: at most one effect an intent, and the end when faults cease."""

import tempfile
from pathlib import Path

from fakes.world import Crash
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from table import Table, playbook, secret_of, step

from responder.errors import DeniedError, RespondError, TransientError, UnreachableError

OPERATIONS = {
    "things.make": ("before", "apply", "applied", "verify", "reconcile"),
    "things.note": ("probe", "apply", "applied"),
}


@st.composite
def graphs(draw: st.DrawFn) -> list[dict]:
    """Each step may need any of those before it, and uses the secret of one of them where it can."""
    steps: list[dict] = []
    for index in range(draw(st.integers(1, 5))):
        needs = draw(st.sets(st.sampled_from(range(index)), max_size=3)) if index else set()
        uses = draw(st.sampled_from(sorted(OPERATIONS)))
        makers = [n for n in sorted(needs) if steps[n]["uses"] == "things.make"]
        given = {"using": secret_of(f"s{draw(st.sampled_from(makers))}")} if makers else {}
        steps.append(step(f"s{index}", *(f"s{n}" for n in sorted(needs)), uses=uses, given=given))
    return steps


@st.composite
def troubles(draw: st.DrawFn) -> tuple[list[dict], list[tuple[str, str]], list[int]]:
    """A playbook; faults by call, each with its kind; after how many events each of the first plays dies."""
    steps = draw(graphs())
    calls = [f"{op} {each['id']}" for each in steps for op in OPERATIONS[each["uses"]]]
    kinds = st.sampled_from(["transient", "unreachable", "denied", "crash"])
    faults = draw(st.lists(st.tuples(st.sampled_from(calls), kinds), max_size=6))
    deaths = draw(st.lists(st.integers(0, 12), max_size=3))
    return steps, faults, deaths


def switch_on(table: Table, faults: list[tuple[str, str]]) -> None:
    def fault(kind: str) -> None:
        match kind:
            case "transient":
                raise TransientError("things", "Any", "busy").after(0.0)
            case "unreachable":
                raise UnreachableError("things", "Any", "no route").after(0.0)
            case "denied":
                raise DeniedError("things", "Any", "not you")
        table.world.dead = True
        raise Crash

    for call, kind in faults:
        table.world.faults[call].append(lambda kind=kind: fault(kind))


def play(table: Table, text: str, death: int | None) -> None:
    watcher = None if death is None else table.dying_after(death)
    table.world.dead = False
    try:
        if table.journal.runs():
            table.resume(watcher)
        else:
            table.start(text, watcher)
    except (Crash, RespondError):
        return


@settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow])
@given(troubles())
def test_whatever_fails_and_dies_every_intent_has_at_most_one_effect_and_the_end_is_the_same(trouble):
    steps, faults, deaths = trouble
    text = playbook(*steps)
    with tempfile.TemporaryDirectory() as folder:
        table = Table(Path(folder))
        switch_on(table, faults)
        for death in [*deaths, None, None]:
            play(table, text, death)
            check_effects(table, steps)
        table.world.faults.clear()
        state = table.resume()
        assert state.outcome == "succeeded"
        check_effects(table, steps)
        check_end(table, steps)
        table.journal.close()


def check_effects(table: Table, steps: list[dict]) -> None:
    for each in steps:
        name = each["id"]
        made, removed = table.world.made[name], table.world.removed[name]
        assert made <= table.kinds(name).count("step.intended"), "an effect without an intent"
        assert made - removed <= 1, "a second effect stands beside the first"


def check_end(table: Table, steps: list[dict]) -> None:
    world = table.world
    assert set(world.things) == {each["id"] for each in steps}
    for each in steps:
        using = each["with"].get("using")
        if using:
            maker = using.removeprefix("${{ steps.").removesuffix(".secret }}")
            assert world.used[each["id"]] == world.things[maker]["secret"]
