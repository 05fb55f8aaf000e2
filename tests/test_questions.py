"""Many questions at once: so many threads as may ask, and not one for each."""

import itertools
import threading

import pytest

from responder import questions as module
from responder.errors import DeniedError, NotShownError
from responder.questions import Questions


def test_of_thousands_no_more_are_asked_at_once_than_may_be_and_each_is_answered():
    questions = Questions(60, at_once=4)
    gate, threads, at_once, most = threading.Event(), set(), 0, 0
    lock = threading.Lock()

    def question(number):
        nonlocal at_once, most
        with lock:
            threads.add(threading.get_ident())
            at_once += 1
            most = max(most, at_once)
        gate.wait(60)
        with lock:
            at_once -= 1
        return number

    before = threading.active_count()
    answers = [questions.ask(str(number), question, number) for number in range(2000)]
    assert threading.active_count() <= before + 4
    gate.set()
    assert [answer.get() for answer in answers] == list(range(2000))
    assert most <= 4
    assert questions.unread == ()


def test_a_question_that_comes_when_all_others_are_answered_is_asked_too():
    questions = Questions(60, at_once=1)
    assert questions.ask("one", lambda: 1).get() == 1
    assert questions.ask("two", lambda: 2).get() == 2


@pytest.fixture
def impatient(monkeypatch):
    monkeypatch.setattr(module, "SILENCE", 0.4)


def test_once_somebody_waits_a_silent_service_is_not_waited_for_to_the_deadline(impatient):
    hurry, gate = threading.Event(), threading.Event()
    questions = Questions(3600, hurried=hurry.is_set)
    silent = questions.ask("silent", gate.wait, 30)
    other = questions.ask("other", lambda: 1)
    assert other.get() == 1
    hurry.set()
    assert silent.get() is None
    gate.set()
    assert questions.unread == ("silent: no answer in time",)
    assert questions.ask("late", lambda: 1).get() is None, "nothing more is asked by then"


def test_whoever_goes_on_answering_is_waited_for_in_a_hurry_too(impatient, monkeypatch):
    """Each answer comes a slice after the one before was taken, so that there is never a long silence."""
    began, gates = ([threading.Event() for _ in range(5)] for _ in range(2))
    looks, wait = itertools.count(), module.wait

    def answer(number):
        began[number].set()
        return gates[number].wait(60)

    def without_a_clock(futures, _pause):
        number, again = divmod(next(looks), 2)
        (gates[number].set if again else began[number].wait)()
        return wait(futures, 60 if again else 0)

    monkeypatch.setattr(module, "wait", without_a_clock)
    questions = Questions(3600, at_once=1, hurried=lambda: True)
    answers = [questions.ask(str(number), answer, number) for number in range(5)]
    assert [one.get() for one in answers] == [True] * 5
    assert questions.unread == ()


def test_whether_an_answer_came_says_nothing_of_it_to_anybody():
    questions = Questions(0)
    gate = threading.Event()
    assert not questions.ask("silent", gate.wait, 30).came()
    gate.set()
    assert questions.unread == ()


def test_what_is_shown_to_nobody_is_told_apart_from_what_could_not_be_read():
    def refuse(kind):
        raise kind("github", "GET /audit-log", "it is not for you.")

    questions = Questions(60)
    for kind in (NotShownError, DeniedError):
        assert questions.ask(kind.__name__, refuse, kind).get() is None
    assert [one.partition(":")[0] for one in questions.unread] == ["NotShownError", "DeniedError"]
    assert [one.partition(":")[0] for one in questions.limited] == ["NotShownError"]


def test_what_is_not_read_is_told_while_a_late_answer_adds_to_it():
    questions = Questions(60)

    class Late:
        def __bool__(self):
            questions.not_read("second", "it came late")
            return True

    questions.not_read("first", "it is not for you", limited=Late())
    assert questions.limited == ("first: it is not for you",)


def test_what_is_not_answered_for_one_reason_is_told_in_one_sentence():
    def refuse(kind, where, request):
        raise kind("github", f"GET /{where}", f"bad token (request {request})", next_step="Set another.")

    questions = Questions(60, in_one=True)
    for number, what in enumerate(("the keys", "the hooks")):
        questions.ask(f"{what} of a/b", refuse, DeniedError, what, number).get()
    questions.ask("the log", refuse, NotShownError, "log", 3).get()
    questions.not_read("who we are", "no answer in time")
    assert questions.unread == (
        "the keys, the hooks of a/b: bad token. Set another.",
        "the log: GET /log: bad token (request 3). Set another.",
        "who we are: no answer in time",
    )
    assert questions.limited == questions.unread[1:2]
    questions.not_read("the users", "no answer in time")
    assert questions.unread[2] == "who we are, the users: no answer in time"
