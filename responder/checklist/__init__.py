"""The security guide's checklist, each point looked at where it is so or is not: `respond check`."""

from collections.abc import Iterator, Sequence

from responder.checklist import delivery, isolation, privilege, project, recording, rotation
from responder.checklist.point import Facts, Look, Point, Result, Verdict, cannot_tell
from responder.questions import Questions

__all__ = ["PATIENCE", "POINTS", "Facts", "Look", "Point", "Result", "Verdict", "examine"]

PATIENCE = 90.0  # seconds for all points together; a workload may have to start a container
AT_ONCE = 16

POINTS: Sequence[Point] = (
    *project.POINTS,
    *isolation.POINTS,
    *privilege.POINTS,
    *rotation.POINTS,
    *delivery.POINTS,
    *recording.POINTS,
)


def examine(facts: Facts, points: Sequence[Point] = POINTS) -> Iterator[Result]:
    """Each point's result, in order. All are looked at at once; who is silent is waited for `PATIENCE` s."""
    questions = Questions(PATIENCE, at_once=AT_ONCE)
    asked = [(point, questions.ask(point.title, _looked_at, point, facts)) for point in points]
    for point, answer in asked:
        looks = answer.get()
        silent = (cannot_tell("No answer in time.", "respond doctor, then this again"),)
        yield Result(point, silent if looks is None else looks)


def _looked_at(point: Point, facts: Facts) -> tuple[Look, ...]:
    nothing = cannot_tell("respond.toml names nothing to look at.", "respond inventory discover")
    return tuple(point.look(facts)) or (nothing,)
