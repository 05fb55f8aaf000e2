"""Runs: order, concurrency, intent and outcome, retries, resume."""

from responder.engine.hands import already_on_it
from responder.engine.plan import PlannedStep, plan_steps
from responder.engine.reversal import Reversal, Stays, Undoing, plan_undo
from responder.engine.run import Engine, Observer, Order, unfinished
from responder.engine.state import (
    OVER,
    Look,
    RunState,
    StepState,
    exposed_identifiers,
    fold,
    is_rotation,
    subjects,
)
from responder.engine.supersede import SUPERSEDED, supersede
from responder.engine.undo import PARTLY, UNDONE, undo
from responder.engine.watch import Stranger, Watch, Watched, schedule

__all__ = [
    "OVER",
    "PARTLY",
    "SUPERSEDED",
    "UNDONE",
    "Engine",
    "Look",
    "Observer",
    "Order",
    "PlannedStep",
    "Reversal",
    "RunState",
    "Stays",
    "StepState",
    "Stranger",
    "Undoing",
    "Watch",
    "Watched",
    "already_on_it",
    "exposed_identifiers",
    "fold",
    "is_rotation",
    "plan_steps",
    "plan_undo",
    "schedule",
    "subjects",
    "supersede",
    "undo",
    "unfinished",
]
