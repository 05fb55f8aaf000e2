"""What somebody did with a leaked credential or left behind, and how a provider looks for it.

A review is an action of each provider, `aws.review`, `modal.review`, `github.review`: a `Review` whose input
derives from `LookBack`. It changes nothing, it deletes nothing, and what it could not read it says.
"""

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import ClassVar, Final, Literal, TypeVar, final, get_args

from pydantic import AwareDatetime, BaseModel, ConfigDict

from responder.action import Action, Call, Done, Input, Output, Plan, Probe
from responder.errors import InterruptedRunError, RefusedError, RespondError
from responder.questions import Questions
from responder.secret import redact

__all__ = [
    "LOOK_BACK",
    "RANK",
    "Foreign",
    "LookBack",
    "Review",
    "Reviewed",
    "Severity",
    "Trace",
    "not_foreign",
    "worst_first",
]

Severity = Literal["critical", "high", "medium", "low", "info"]
RANK: Final[Mapping[str, int]] = MappingProxyType(
    {"critical": 0, "high": 1, "medium": 2, "low": 3, "info": 4}
)
PATIENCE: Final = 45.0  # seconds of a look that is beside the rest of a run
UNHURRIED: Final = 150.0  # where somebody asked for the look and nothing else
LOOK_BACK: Final = timedelta(days=7)  # where nobody knows since when it was exposed


class Trace(BaseModel):
    """One thing that somebody did or left behind."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    provider: str
    kind: str  # a stable word with its provider: aws.user-created, modal.app-deployed
    subject: str  # its identifier, as the provider's own commands take it
    of: str = ""  # what it belongs to: a key's user, an app's environment, a deploy key's repository
    what: str  # one sentence
    at: AwareDatetime | None = None
    by: str = ""  # who, in the provider's words; empty where it does not tell
    severity: Severity
    because: str  # why it is so severe, one sentence
    if_new: Severity | None = None  # how severe it is where an earlier look saw others like it, and not this
    evidence: str  # what was asked, and what was answered
    undo: str = ""  # the command that would undo it; empty where there is nothing to undo
    remove_with: str = ""  # the action that removes it, by `subject` and `of`; empty where none does
    holds: tuple[str, ...] = ()  # what it guards with: more than at an earlier look is no news, less is
    mark: str = ""  # what makes the same thing new again: a later time, another digest

    @property
    def thing(self) -> tuple[str, str, str]:
        """Which thing it is, whatever state it is in."""
        return (self.kind, self.of, self.subject)

    @property
    def key(self) -> str:
        """Whether it was seen before in this very state."""
        return "\n".join((*self.thing, self.mark))

    @property
    def label(self) -> str:
        """What tells it from others where a playbook is played over traces."""
        return f"{self.kind} {self.of}/{self.subject}" if self.of else f"{self.kind} {self.subject}"

    @property
    def to_look_at(self) -> bool:
        """Worth a person's look: all but what is only told."""
        return self.severity != "info"


class Foreign(Input):
    """What is to be removed. `known` are the inventory's names and whatever runs made: never touched."""

    known: tuple[str, ...] = ()

    def refuse_known(self, *names: str) -> None:
        """Raises: RefusedError."""
        for name in names:
            if name in self.known:
                raise not_foreign(name)


def not_foreign(name: str) -> RefusedError:
    return RefusedError(
        f"{name} is not foreign: the inventory knows it, or a run made it.",
        next_step="If it leaked, type `respond leak`. `respond show` tells what a run made.",
    )


class LookBack(Input):
    """What a review is told, whatever the provider.

    What `respond` and the operator themselves did is nobody's trace: it is known by identifier alone.
    """

    since: AwareDatetime | None = None  # when it was exposed; None where nobody knows
    seen_at: AwareDatetime | None = None  # when it was noticed: LOOK_BACK is counted from there
    leaked: tuple[str, ...] = ()  # identifiers of what leaked
    ours: tuple[str | None, ...] = ()  # identifiers of what this run has made; None where it has not
    known: tuple[str, ...] = ()  # names that the inventory has: users, apps, repositories

    def start(self, now: datetime) -> datetime:
        """From when on to look."""
        return self.since or (self.seen_at or now) - LOOK_BACK


class Reviewed(Output):
    """What a review saw. With anything `unread` it is not clean, however few its traces are."""

    traces: tuple[Trace, ...] = ()
    unread: tuple[str, ...] = ()  # what could not be read and why, a sentence each
    limited: tuple[str, ...] = ()  # what of it the service shows to nobody of this plan or these rights
    reaches: AwareDatetime | None = None  # how far back it was shown, where the service forgets what is older
    listed: tuple[tuple[str, str], ...] = ()  # kind and `of` of what has no date and was read, be it empty


In = TypeVar("In", bound=LookBack)


class Review(Action[In, Reviewed]):
    """Changes nothing: looks, and says what it saw and what it could not see.

    It always has an answer, also where the service is silent, so that it neither holds up nor fails a run.
    """

    deadline: ClassVar[float] = 60.0
    looks_at: ClassVar[str]  # "CloudTrail and IAM", for the plan
    output_type = Reviewed

    def __init_subclass__(cls, **kwargs: object) -> None:
        super().__init_subclass__(**kwargs)
        for base in getattr(cls, "__orig_bases__", ()):
            match get_args(base):
                case (type() as given,):
                    cls.input_type = given

    @abstractmethod
    def look(self, call: Call, given: In) -> Reviewed:
        """Within the time of `questions`."""

    @staticmethod
    def questions(call: Call, at_once: int = 8) -> Questions:
        """For a look, with the time that it has: where only it keeps a run from its end, a few seconds."""
        seconds = UNHURRIED if call.alone is None else PATIENCE
        return Questions(seconds, at_once, call.hurried, in_one=True)

    def plan(self, call: Call, given: In) -> Plan:
        since = given.start(call.clock())
        return Plan(f"Look in {self.looks_at} for what was done since {since:%Y-%m-%d %H:%M} UTC")

    @final
    def probe(self, call: Call, given: In) -> Probe[Reviewed]:
        reviewed = self.see(call, given)
        return Done(reviewed, self.told(reviewed))

    @final
    def see(self, call: Call, given: In) -> Reviewed:
        """`look`, where whatever goes wrong is what could not be read."""
        try:
            # What leaked may be what an earlier run made: it is somebody else's now, too.
            made = {*call.ours(given.start(call.clock())), *given.ours}
            ours = tuple(sorted(filter(None, made.difference(given.leaked))))
            return self.look(call, given.model_copy(update={"ours": ours}))
        except InterruptedRunError:
            raise
        except RespondError as error:
            why = f"{error.what} {error.next_step}".strip()
        except Exception as error:  # noqa: BLE001  # a mistake of ours here must not fail a containment
            why = f"a mistake of ours: {type(error).__name__}: {error}"
        return Reviewed(unread=(redact(f"{self.looks_at}: {why}"),))

    @staticmethod
    def told(reviewed: Reviewed) -> str:
        """In a line: how much there is to look at, and what could not be read."""
        to_look_at = sum(one.to_look_at for one in reviewed.traces)
        said = f"{to_look_at or 'no'} thing{'' if to_look_at == 1 else 's'} to look at"
        return f"{said}; not read: {'; '.join(reviewed.unread)}" if reviewed.unread else said

    @final
    def apply(self, call: Call, given: In) -> Reviewed:
        return self.see(call, given)


def worst_first(traces: Sequence[Trace]) -> list[Trace]:
    """The most severe first; of the same severity the oldest."""
    return sorted(traces, key=lambda one: (RANK[one.severity], one.at.timestamp() if one.at else 0.0))
