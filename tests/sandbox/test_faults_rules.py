"""The rules' language, and which rule happens to which request."""

import pytest

from responder.errors import InputError
from responder.sandbox.faults import GRAMMAR, Faults, read_rule
from responder.sandbox.faults.rule import KINDS


def faults(*lines, **settings):
    return Faults([read_rule(line) for line in lines], **settings)


def happening(book, service, operation):
    rule = book.happens(service, operation)
    return rule and rule.text


@pytest.mark.parametrize(
    ("line", "service", "operation", "kind", "value", "times"),
    [
        ("github:PUT secrets:503*2", "github", "PUT secrets", "503", None, 2),
        ("modal:ServiceUserCreate:lost-reply*1", "modal", "ServiceUserCreate", "lost-reply", None, 1),
        ("aws:CreateAccessKey:lost-reply", "aws", "CreateAccessKey", "lost-reply", None, None),
        ("aws:ListBucket:503", "aws", "ListBucket", "503", None, None),
        ("aws:429=2", "aws", None, "429", 2.0, None),
        ("modal:exhausted=0.5*3", "modal", None, "exhausted", 0.5, 3),
        ("*:reset", "*", None, "reset", None, None),
    ],
)
def test_a_line_says_where_what_how_long_and_how_often(line, service, operation, kind, value, times):
    rule = read_rule(line)
    assert (rule.service, rule.operation, rule.kind) == (service, operation, kind)
    assert (rule.value, rule.times) == (value, times)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("modl:500", "no service `modl`. Did you mean `modal`?"),
        ("aws:stal=3", "no kind `stal`. Did you mean `stall`?"),
        ("aws:505", "no kind `505`. Did you mean `50"),
        ("aws:createaccesskeys:500", "no operation `createaccesskeys`. Did you mean `CreateAccessKey`?"),
        ("modal:ServiceUsersCreate:500", "Did you mean `ServiceUserCreate`?"),
        ("github:PUSH secrets:500", "no method `PUSH`. Did you mean `PUT`?"),
        ("github:secrets:500", "a METHOD and a part of the path"),
        ("*:CreateAccessKey:500", "share no operation"),
        ("aws:exhausted=1", "happens at modal only"),
        ("modal:new-keys=1", "happens at aws only"),
        ("github:stall", "needs seconds"),
        ("github:503=2", "takes no value"),
        ("aws:down*2", "no TIMES"),
        ("aws:CreateAccessKey:policies=2", "no OPERATION"),
        ("aws:stall=soon", "not of the form"),
        ("aws:500*0", "not of the form"),
        ("aws", "has a service and a kind"),
        ("", "has a service and a kind"),
    ],
)
def test_a_line_that_is_no_rule_is_refused_with_the_nearest_word_that_would_do(line, said):
    with pytest.raises(InputError) as refused:
        read_rule(line)
    assert said in refused.value.what


def test_every_kind_is_in_the_help():
    described = [line.split()[0].partition("[")[0].partition("=")[0] for line in GRAMMAR.splitlines() if line]
    assert described[-len(KINDS) :] == list(KINDS)


def test_a_rule_happens_to_its_operation_alone_and_so_often_as_it_says():
    book = faults("aws:CreateAccessKey:503*2")
    assert happening(book, "aws", "ListAccessKeys") is None
    assert happening(book, "modal", "CreateAccessKey") is None
    asked = [happening(book, "aws", "CreateAccessKey") for _ in range(3)]
    assert asked == ["aws:CreateAccessKey:503*2"] * 2 + [None]
    assert book.world() == [{"rule": "aws:CreateAccessKey:503*2", "happened": 2}]


def test_the_first_rule_that_is_not_used_up_happens_and_a_star_means_every_service():
    book = faults("github:PUT secrets:503*1", "*:reset")
    path = "/repos/rentagpu/executor/environments/prod/secrets/A"
    assert happening(book, "github", f"GET {path}") == "*:reset"
    assert happening(book, "github", f"PUT {path}") == "github:PUT secrets:503*1"
    assert happening(book, "github", f"PUT {path}") == "*:reset"
    assert happening(book, "modal", "ClientHello") == "*:reset"


def test_what_is_added_comes_after_what_is_there_until_all_is_cleared():
    book = faults("aws:500*1")
    book.add([read_rule("aws:503")])
    assert [happening(book, "aws", "GetUser") for _ in range(2)] == ["aws:500*1", "aws:503"]
    book.clear()
    assert happening(book, "aws", "GetUser") is None
    book.reset()
    assert [happening(book, "aws", "GetUser") for _ in range(2)] == ["aws:500*1", None]


def test_in_fair_weather_nothing_happens_and_nothing_is_counted():
    book = faults("*:500", "modal:down", latency=1)
    with book.fair():
        assert happening(book, "aws", "GetUser") is None
        assert not book.is_down("modal")
        assert book.latency == 0
    assert happening(book, "aws", "GetUser") == "*:500"
    assert book.is_down("modal")
    assert book.latency == 1


def test_who_watches_is_told_now_and_of_every_change_until_it_has_seen_enough():
    book, seen = Faults(), []
    end = book.watch(lambda: seen.append(book.is_down("aws")))
    book.add([read_rule("*:down")])
    book.clear()
    end()
    book.add([read_rule("*:down")])
    assert seen == [False, True, False]
