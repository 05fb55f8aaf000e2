"""The action contract, for every action that is registered: a new action gets these tests by existing."""

import base64
import importlib
import json
import logging
import time
import traceback
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from importlib.util import find_spec

import pytest
from case import Case, Stage

from responder.action import (
    Action,
    Actions,
    Call,
    Check,
    Connections,
    Done,
    Irreversible,
    NotDone,
    Output,
    Reversible,
    Unknown,
)
from responder.errors import RespondError, UnreachableError
from responder.trace import Review, Reviewed

ACTIONS = Actions()
PATIENCE = 20.0


def cases_of(provider):
    module = f"{provider}_cases"
    return importlib.import_module(module).CASES if find_spec(module) else None


def names(kind=Action, *, repeatable=False):
    for provider in ACTIONS.providers():
        cases = cases_of(provider)
        for name, case in cases.by_action.items() if cases else ():
            if isinstance(ACTIONS[name], kind) and not (repeatable and case.makes_new):
                yield name


@dataclass(frozen=True)
class Trial:
    """One action on its stage, driven as the engine drives it."""

    action: Action
    case: Case
    stage: Stage
    call: Call

    @property
    def given(self):
        return self.stage.given

    def before(self):
        return self.action.before(self.call, self.given)

    def intended(self, found=None):
        """The call after its intent was recorded, on what was found before."""
        found = found or self.before()
        assert isinstance(found, NotDone), found
        return replace(
            self.call, seen=json.loads(json.dumps(dict(found.seen))), intended_at=datetime.now(UTC)
        )

    def proven(self, call, output):
        """What `verify` says in the end, polled as the engine polls it."""
        until = time.monotonic() + PATIENCE
        while True:
            found = self.action.verify(call, self.given, output)
            if isinstance(found, Done) or time.monotonic() > until:
                return found
            self.call.wait(0.05)

    def run(self, found=None):
        """From what was found before to the proof; gives the call with its intent, and the output."""
        call = self.intended(found)
        output = self.action.apply(call, self.given)
        proof = self.proven(call, output)
        assert isinstance(proof, Done), proof
        return call, output

    def world(self):
        return self.stage.world()


@pytest.fixture(scope="session")
def planes():
    opened = {}
    with ExitStack() as stack:

        def plane(provider):
            if provider not in opened:
                opened[provider] = stack.enter_context(cases_of(provider).open())
            return opened[provider]

        yield plane


@pytest.fixture
def stages(planes):
    @contextmanager
    def trial(name):
        provider = name.partition(".")[0]
        case = cases_of(provider).by_action[name]
        with case.prepare(planes(provider)) as stage:
            connections = Connections(stage.environ)
            yield Trial(ACTIONS[name], case, stage, call_over(connections))
            connections.close()

    return trial


@pytest.fixture
def trial(stages, request):
    with stages(request.param) as staged:
        yield staged


def call_over(connections):
    return Call(
        run="c0ntract",
        step="it",
        connections=connections,
        clock=lambda: datetime.now(UTC),
        progress=lambda _: None,
    )


def every(kind=Action, *, repeatable=False):
    return pytest.mark.parametrize("trial", list(names(kind, repeatable=repeatable)), indirect=True)


@pytest.mark.parametrize("provider", ACTIONS.providers())
def test_every_registered_action_is_held_to_the_contract(provider):
    cases = cases_of(provider)
    tried = set(cases.by_action) if cases else set()
    assert tried == set(ACTIONS._of(provider)), f"tests/contract/{provider}_cases.py"


@every()
def test_an_action_says_what_it_is_called_needs_and_takes(trial):
    action = trial.action
    assert all(part and part == part.lower() for part in action.name.split("."))
    assert action.permissions
    assert isinstance(trial.given, action.input_type)
    assert issubclass(action.output_type, Output)
    assert action.deadline > 0
    assert action.settle >= 0


@every(Irreversible)
def test_an_action_without_a_way_back_says_why(trial):
    assert trial.action.point_of_no_return.endswith(".")


@every()
def test_looking_changes_nothing(trial):
    was = trial.world()
    plan = trial.action.plan(trial.call, trial.given)
    found = trial.action.probe(trial.call, trial.given)
    if not isinstance(trial.action, Review):
        assert not isinstance(trial.before(), Done)
        assert not isinstance(found, Done)
    assert plan.change
    assert "\n" not in plan.change
    assert trial.world() == was


@every((Reversible, Irreversible))
def test_what_is_applied_is_proven_and_changes_the_world(trial):
    was = trial.world()
    _, output = trial.run()
    assert isinstance(output, trial.action.output_type)
    assert trial.world() != was


@every((Reversible, Irreversible), repeatable=True)
def test_what_is_proven_needs_nothing_more(trial):
    trial.run()
    assert isinstance(trial.before(), Done)
    assert isinstance(trial.action.probe(trial.call, trial.given), Done)


@every((Reversible, Irreversible), repeatable=True)
def test_applied_twice_is_as_applied_once(trial):
    call, _ = trial.run()
    once = trial.world()
    again = trial.action.apply(call, trial.given)
    assert isinstance(trial.proven(call, again), Done)
    assert trial.world() == once


@every(Reversible)
def test_what_is_undone_is_as_it_was(trial):
    was = trial.world()
    call, output = trial.run()
    trial.action.undo(call, trial.given, output)
    assert trial.world() == was
    assert not isinstance(trial.action.probe(trial.call, trial.given), Done)


@every(Reversible)
def test_undone_twice_is_as_undone_once(trial):
    was = trial.world()
    call, output = trial.run()
    trial.action.undo(call, trial.given, output)
    trial.action.undo(call, trial.given, output)
    assert trial.world() == was


@every(Reversible)
def test_what_was_just_applied_is_not_lost(trial):
    call, _ = trial.run()
    assert trial.action.lost(call, trial.given) == ""


@every((Reversible, Irreversible))
def test_killed_before_the_effect_it_is_not_done_and_goes_on(trial):
    was = trial.world()
    call = trial.intended()
    assert isinstance(trial.action.reconcile(call, trial.given), NotDone)
    assert trial.world() == was
    trial.run()
    assert trial.world() != was


@pytest.mark.parametrize("name", list(names((Reversible, Irreversible))))
def test_killed_after_the_effect_it_ends_as_if_it_had_not_been(stages, name):
    with stages(name) as uninterrupted:
        uninterrupted.run()
        expected = uninterrupted.world()
    with stages(name) as trial:
        call = trial.intended()
        trial.action.apply(call, trial.given)  # and its output is lost
        resume(trial, call)
        assert trial.world() == expected


def resume(trial, call):
    """As the engine does: done is recorded and proven, not done starts again; an answer may take a moment."""
    until = time.monotonic() + PATIENCE
    found = trial.action.reconcile(call, trial.given)
    while isinstance(found, Unknown) and time.monotonic() < until:
        call.wait(0.05)
        found = trial.action.reconcile(call, trial.given)
    if isinstance(found, Done):
        assert isinstance(found.output, trial.action.output_type)
        assert isinstance(trial.proven(call, found.output), Done)
    else:
        assert isinstance(found, NotDone), found
        again = trial.before()  # by now it may have come about
        if isinstance(again, NotDone):
            trial.run(again)


@every()
def test_a_service_that_cannot_be_reached_leaves_it_unknown(trial):
    connections = Connections(trial.stage.unreachable)
    call = replace(call_over(connections), intended_at=datetime.now(UTC))
    began = time.monotonic()
    with trial.stage.cut():
        for look in (trial.action.probe, trial.action.before, trial.action.reconcile):
            assert is_unknown(look(call, trial.given))
        if not isinstance(trial.action, (Check, Review)):
            with pytest.raises(UnreachableError):
                trial.action.apply(call, trial.given)
    assert time.monotonic() - began < trial.action.deadline
    connections.close()


def is_unknown(found):
    """A review has an answer all the same: that it could not read."""
    match found:
        case Done(output=Reviewed(traces=(), unread=unread)):
            return bool(unread)
    return isinstance(found, Unknown)


@every(Review)
def test_a_review_finds_what_was_done_and_nothing_where_nothing_was(trial):
    nothing = trial.action.look(trial.call, trial.given)
    assert [one for one in nothing.traces if one.to_look_at] == []
    assert nothing.unread == ()
    trial.stage.make_so()
    was = trial.world()
    found = trial.action.look(trial.call, trial.given)
    assert any(one.to_look_at for one in found.traces)
    assert len({one.key for one in found.traces}) == len(found.traces)
    assert trial.world() == was


@every(Check)
def test_a_check_waits_until_it_is_so(trial):
    trial.stage.make_so()
    output = trial.action.apply(trial.call, trial.given)
    assert isinstance(trial.action.verify(trial.call, trial.given, output), Done)


@every()
def test_no_secret_shows_in_anything_that_an_action_says(trial, caplog, capfd):
    caplog.set_level(logging.DEBUG)
    said = [
        repr(trial.given),
        trial.given.model_dump_json(),
        repr(trial.action.plan(trial.call, trial.given)),
    ]
    trial.stage.make_so()
    call = replace(trial.call, progress=said.append)
    if isinstance(trial.action, (Check, Review)):
        output = trial.action.apply(call, trial.given)
    else:
        said.append(repr(trial.before()))
        call = replace(trial.intended(), progress=said.append)
        output = trial.action.apply(call, trial.given)
    secrets = set(trial.stage.secrets())
    assert secrets
    said += [repr(trial.proven(call, output)), repr(output), output.model_dump_json()]
    said.append(repr(trial.action.probe(call, trial.given)))
    said.append(complaint_of(trial))
    if isinstance(trial.action, Reversible):
        trial.action.undo(call, trial.given, output)
    said += [record.getMessage() + str(record.exc_text) for record in caplog.records]
    said += capfd.readouterr()
    everything = "\n".join(said)
    shown = [value for value in secrets if value in everything or in_base64(value) in everything]
    assert not shown


def complaint_of(trial):
    """The whole traceback of an error, with whatever it was caused by."""
    connections = Connections(trial.stage.unreachable)
    call = call_over(connections)
    if isinstance(trial.action, (Check, Review)):
        return repr(trial.action.probe(call, trial.given))
    with trial.stage.cut(), pytest.raises(RespondError) as caught:
        trial.action.apply(call, trial.given)
    connections.close()
    return "".join(traceback.format_exception(caught.value)) + repr(caught.value.__context__)


def in_base64(value):
    return base64.b64encode(value.encode()).decode().rstrip("=")
