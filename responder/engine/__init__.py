"""Runs: order, concurrency, intent and outcome, retries, resume."""

from responder.engine.plan import PlannedStep, plan_steps
from responder.engine.run import Engine, Observer, Order, unfinished
from responder.engine.state import OVER, RunState, StepState, fold

__all__ = [
    "OVER",
    "Engine",
    "Observer",
    "Order",
    "PlannedStep",
    "RunState",
    "StepState",
    "fold",
    "plan_steps",
    "unfinished",
]
