"""A house whose doors leaked: what tests of undo and watch contain."""

from datetime import timedelta
from typing import Any

from fakes.world import Crash
from table import BEGAN, OPERATOR, Table, Watcher, playbook

from responder.engine import Stranger, Watch, Watched, plan_undo, undo
from responder.engine.watch import PATIENCE
from responder.exposure import Exposure, LeakedAccessKey
from responder.secret import Secret

LEAKED = Exposure(
    source="a test",
    seen_at=BEGAN,
    access_keys=(
        LeakedAccessKey(
            credential="front",
            known=True,
            identifier="AKIAFRONT",
            secret=Secret("canary-front-abcdefgh"),
            user="house",
            other_keys=("AKIAOTHER",),
        ),
    ),
)


def door(
    name: str, *needs: str, uses: str = "doors.shut", phase: str = "contain", **more: Any
) -> dict[str, Any]:
    """A step on a door that nobody's credential opens."""
    made = {"id": name, "title": f"Shut {name}", "phase": phase, "uses": uses, "needs": list(needs)}
    return {**made, "with": {"door": more.pop("door", name)}, **more}


def leaked(name: str, *needs: str, **more: Any) -> dict[str, Any]:
    """A step on the door that the leaked key opens."""
    given = {"door": "${{ each.credential }}", "secret": "${{ each.secret }}"}
    step = door(name, *needs, **more)
    return {**step, "for_each": "${{ exposure.access_keys }}", "with": given}


def house(table: Table, *doors: str) -> None:
    for name in doors:
        table.world.things[name] = {"state": "open"}


def doors(table: Table) -> dict[str, str]:
    return {name: thing["state"] for name, thing in table.world.things.items() if "state" in thing}


def contain(table: Table, *steps: dict[str, Any]) -> None:
    """To its end: the run's secrets are gone."""
    assert table.start(playbook(*steps)).outcome == "succeeded"


def stop_before(table: Table, operation: str) -> None:
    """The process dies when it asks for this, and the next one finds the services alive."""

    def die() -> None:
        raise Crash

    table.world.faults[operation].append(die)


def undone(table: Table, *re_enable: str, watcher: Watcher | None = None, **more: Any):
    """What the command does: look, then give back."""
    engine = table.engine(watcher)
    planned = plan_undo(engine, "r1", table.state(), re_enable)
    return undo(engine, "r1", planned, operator=OPERATOR, confirmed_by="a test", **more)


def planned(table: Table, *re_enable: str):
    return plan_undo(table.engine(), "r1", table.state(), re_enable)


def watch(
    table: Table,
    *minutes: float,
    strangers=lambda _leaked, _ours: (),
    waited=None,
    patience: float = PATIENCE,
    **more: Any,
) -> Watched:
    """By a clock that goes on as it is told to wait."""

    def wait(seconds: float) -> None:
        table.clock.advance(seconds)
        if waited:
            waited(table.clock.now)

    dues = [timedelta(minutes=one) for one in minutes]
    kept = Watch(table.engine(), "r1", strangers, wait, patience=patience)
    return kept.keep(dues, operator=OPERATOR, **more)


STRANGER = Stranger("AKIAINTRUDER", "an access key of house", "aws iam …")
