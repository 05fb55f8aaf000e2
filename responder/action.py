"""The action contract: what a step can do, and what makes it safe to do twice.

An action is a class in a provider's module; its instance stands in that module's `ACTIONS`. It derives from

- `Reversible`: changes something, and can give it back;
- `Irreversible`: changes something for good, and says why;
- `Check`: changes nothing; waits until something is so.

Each has every part, by type: a class that lacks one is abstract, and its instance fails the type check.
"""

import importlib
import pkgutil
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property, wraps
from typing import (
    Any,
    ClassVar,
    Generic,
    ParamSpec,
    Protocol,
    Self,
    TypeAlias,
    TypeVar,
    cast,
    final,
    get_args,
)

from pydantic import BaseModel, ConfigDict

from responder.errors import IncompleteError, InterruptedRunError, ProviderError, TransientError

Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | None"


class Input(BaseModel):
    """Typed input of an action: the keys that a step's `with` may have."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", arbitrary_types_allowed=True, hide_input_in_errors=True
    )
    moments: ClassVar[frozenset[str]] = frozenset()  # fields that say since when, not what it is done to


class Output(BaseModel):
    """Typed output of an action. Fields of type `Secret` are sealed in the journal."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", arbitrary_types_allowed=True, hide_input_in_errors=True
    )


class Nothing(Output):
    """For actions whose only result is that it is so."""


P = ParamSpec("P")
In = TypeVar("In", bound=Input)
Out = TypeVar("Out", bound=Output)
Out_co = TypeVar("Out_co", bound=Output, covariant=True)


@dataclass(frozen=True)
class Plan:
    """What would be changed, from read-only calls."""

    change: str  # one sentence, in the imperative: "Deactivate key AKIA… of rentagpu-s3"
    breaks: str = ""  # what stops working meanwhile, and for whom; empty when nothing does


@dataclass(frozen=True)
class Done(Generic[Out_co]):
    """It is so, out there, now."""

    output: Out_co
    evidence: str  # what was asked and what was answered; for the record


@dataclass(frozen=True)
class NotDone:
    """It is not so. `seen` is kept with the intent, for whoever must find out later what happened.

    `outgrown`: what was done before stands as it was left, and by now more of it is wanted.
    """

    why: str
    seen: Mapping[str, Json] = field(default_factory=dict)
    outgrown: bool = False


@dataclass(frozen=True)
class Unknown:
    """It could not be found out. Never taken for done.

    `transient`: the service was out of reach or busy, and is worth asking again for longer. `retry_after` is
    in seconds, where it named a time.
    """

    why: str
    retry_after: float | None = None
    transient: bool = False


Probe: TypeAlias = Done[Out] | NotDone | Unknown


def answered(probe: Callable[P, Probe[Out]]) -> Callable[P, Probe[Out]]:
    """Makes a probe answer `Unknown` where the service could not be asked."""

    @wraps(probe)
    def answer(*args: P.args, **kwargs: P.kwargs) -> Probe[Out]:
        try:
            return probe(*args, **kwargs)
        except ProviderError as error:
            transient = isinstance(error, TransientError)
            named = error.retry_after if isinstance(error, TransientError) else None
            return Unknown(f"{error.what} {error.next_step}".strip(), named, transient)

    return answer


@dataclass(frozen=True)
class Exchange:
    """One request that a provider answered, by the provider's own name for it."""

    provider: str
    operation: str  # in the provider's words, never with a secret
    id: str

    def to_json(self) -> dict[str, Json]:
        return {"provider": self.provider, "operation": self.operation, "id": self.id}


_exchanges: ContextVar[list[Exchange] | None] = ContextVar("exchanges", default=None)
_MOST_EXCHANGES = 40


@contextmanager
def exchanges() -> Iterator[list[Exchange]]:
    """Collects what this thread's requests are called, while the block runs.

    Of very many, as when something is waited for, the first and the last are kept.
    """
    collected: list[Exchange] = []
    token = _exchanges.set(collected)
    try:
        yield collected
    finally:
        _exchanges.reset(token)


def exchanged(provider: str, operation: str, request_id: str) -> None:
    """To be called at a provider's edge for every answer. Without `exchanges` around, nothing happens."""
    collected = _exchanges.get()
    if collected is None or not request_id:
        return
    if len(collected) >= _MOST_EXCHANGES:
        del collected[_MOST_EXCHANGES // 2]
    collected.append(Exchange(provider, operation, request_id))


class Connection(Protocol):
    """A provider's clients, made from the environment on first use and shared by all steps of a process."""

    @classmethod
    def connect(cls, environ: Mapping[str, str]) -> Self: ...

    def close(self) -> None: ...


C = TypeVar("C", bound=Connection)


class Connections:
    """One connection of each kind a process. May be used from any thread."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ
        self._open: dict[type[Any], Connection] = {}
        self._locks: dict[type[Any], threading.Lock] = {}
        self._lock = threading.Lock()

    def get(self, kind: type[C]) -> C:
        with self._lock:
            lock = self._locks.setdefault(kind, threading.Lock())
        with lock:  # kinds do not wait for one another: each imports an SDK
            if kind not in self._open:
                self._open[kind] = kind.connect(self._environ)
            return cast("C", self._open[kind])

    def close(self) -> None:
        """Every one of them: one that fails keeps no other open, and raises at the end."""
        with ExitStack() as closing:
            for connection in self._open.values():
                closing.callback(connection.close)
            self._open.clear()


@dataclass(frozen=True)
class Call:
    """What an action is told beside its input.

    `seen` and `intended_at` are those of the intent of the current attempt (empty and None before there is
    one). `run` is unique and at most 12 letters and digits: what must be recognised later is named with it.
    `ours` reads what runs of this journal have made, and what their requests since then are called.
    `alive_until` is when something else that contains the same credential had to be done again, if ever: what
    was got with it until then is to be contained too.
    """

    run: str
    step: str
    connections: Connections
    clock: Callable[[], datetime]  # UTC
    progress: Callable[[str], None]  # what is being waited for, for the person who watches; never a secret
    stopping: threading.Event = field(default_factory=threading.Event)
    ours: Callable[[datetime], frozenset[str]] = lambda _since: frozenset()
    alone: threading.Event | None = None  # set once a run waits for reviews alone; None where no run waits
    seen: Mapping[str, Json] = field(default_factory=dict)
    intended_at: datetime | None = None
    alive_until: datetime | None = None

    def hurried(self) -> bool:
        """Whether somebody waits for this alone: what only looks is to come to its end."""
        return self.stopping.is_set() or (self.alone is not None and self.alone.is_set())

    def wait(self, seconds: float) -> None:
        """Sleep, but not past a request to stop.

        Raises:
            InterruptedRunError: somebody asked the run to stop.
        """
        if self.stopping.wait(seconds):
            raise InterruptedRunError("Stopped on request.", state="What was done is recorded.")


class Action(ABC, Generic[In, Out]):
    """The parts that every action has. Derive from `Reversible`, `Irreversible` or `Check`."""

    input_type: ClassVar[type[Input]]
    output_type: ClassVar[type[Output]]
    deadline: ClassVar[float] = 120.0  # seconds for all attempts of a step together
    settle: ClassVar[float] = (
        30.0  # seconds that the service may take until what was applied is so everywhere
    )
    contested: ClassVar[bool] = False  # others may undo it: what is not so after `settle` is applied again

    @property
    @abstractmethod
    def name(self) -> str:
        """What playbooks call it: `provider.verb_object`."""

    @property
    @abstractmethod
    def permissions(self) -> tuple[str, ...]:
        """The provider's permissions that the operator needs, in the provider's own words."""

    @abstractmethod
    def plan(self, call: Call, given: In) -> Plan:
        """What would change. Read-only calls; values that a later step will make are placeholders here."""

    @abstractmethod
    def probe(self, call: Call, given: In) -> Probe[Out]:
        """Is it so, out there, now? A question that could not be answered is `Unknown`, never raised."""

    @abstractmethod
    def apply(self, call: Call, given: In) -> Out:
        """Do it.

        Raises:
            TransientError: worth another try, after `reconcile`.
            ProviderError: any other answer of the service.
        """

    def before(self, call: Call, given: In) -> Probe[Out]:
        """Is there anything to do? What it sees is kept with the intent."""
        return self.probe(call, given)

    def verify(self, call: Call, given: In, output: Out) -> Probe[Out]:  # noqa: ARG002
        """The proof, after `apply`."""
        return self.probe(call, given)

    def reconcile(self, call: Call, given: In) -> Probe[Out]:
        """There is an intent and no outcome: did it happen? May remove what we made and nobody holds."""
        return self.probe(call, given)

    def __init_subclass__(cls, **kwargs: object) -> None:
        super().__init_subclass__(**kwargs)
        for base in getattr(cls, "__orig_bases__", ()):
            match get_args(base):
                case (type() as given, type() as output):
                    cls.input_type, cls.output_type = given, output


class Reversible(Action[In, Out]):
    @abstractmethod
    def undo(self, call: Call, given: In, output: Out) -> None:
        """Give back what `apply` took; `call.seen` tells what was there. `probe` then says not done.

        Twice is as good as once.
        """

    def lost(self, call: Call, given: In) -> str:  # noqa: ARG002
        """Why nothing is there any more that it could be given back to; empty while there is. Read-only.

        Raises:
            ProviderError: it could not be found out.
        """
        return ""


class Irreversible(Action[In, Out]):
    @property
    @abstractmethod
    def point_of_no_return(self) -> str:
        """Why there is no way back, one sentence for the plan."""


class Check(Action[In, Out]):
    """Changes nothing. `patience` is how many seconds it waits for its answer to become done."""

    patience: ClassVar[float] = 60.0
    interval: ClassVar[float] = 1.0

    @final
    def apply(self, call: Call, given: In) -> Out:
        began = call.clock()
        while True:
            found = self.probe(call, given)
            if isinstance(found, Done):
                return found.output
            if (call.clock() - began).total_seconds() >= self.patience:
                raise IncompleteError(
                    f"Not so after {self.patience:.0f} s: {found.why}", state="This step changed nothing."
                )
            call.progress(found.why)
            call.wait(self.interval)


AnyAction: TypeAlias = Action[Any, Any]


class Actions(Mapping[str, AnyAction]):
    """The actions of a package of providers, by name. A provider is imported when it is asked for."""

    def __init__(self, package: str = "responder.providers") -> None:
        self._package = package
        self._loaded: dict[str, dict[str, AnyAction]] = {}

    def providers(self) -> list[str]:
        return self._providers

    @cached_property
    def _providers(self) -> list[str]:
        path = importlib.import_module(self._package).__path__
        return sorted(module.name for module in pkgutil.iter_modules(path) if module.ispkg)

    def __getitem__(self, name: str) -> AnyAction:
        provider, _, _ = name.partition(".")
        if provider not in self.providers():
            raise KeyError(name)
        return self._of(provider)[name]

    def __iter__(self) -> Iterator[str]:
        for provider in self.providers():
            yield from self._of(provider)

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def _of(self, provider: str) -> dict[str, AnyAction]:
        if provider not in self._loaded:
            self._loaded[provider] = dict(_found_in(f"{self._package}.{provider}"))
        return self._loaded[provider]


def _found_in(package: str) -> Iterator[tuple[str, AnyAction]]:
    for module in pkgutil.iter_modules(importlib.import_module(package).__path__, f"{package}."):
        for found in getattr(importlib.import_module(module.name), "ACTIONS", ()):
            yield found.name, found
