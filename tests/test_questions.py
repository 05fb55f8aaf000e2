"""Many questions at once: so many threads as may ask, and not one for each."""

import threading

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
