"""Values on their way into the journal and back, and what stands for those that do not exist yet."""

from datetime import UTC, datetime
from enum import StrEnum

import pytest

from responder.action import Irreversible, Output
from responder.engine.plan import placeholder
from responder.engine.record import digest, freeze, shown, thaw
from responder.secret import Secret


class Colour(StrEnum):
    RED = "red"


class Inner(Output):
    secret: Secret
    at: datetime


class Everything(Output):
    values: dict[str, Secret | str]
    inner: tuple[Inner, ...]
    colour: Colour
    name: str
    count: int
    ratio: float
    known: bool | None


class Sealer:
    """Keeps what it seals under the name that it was given."""

    def __init__(self) -> None:
        self.kept: dict[str, Secret] = {}

    def seal(self, label: str, secret: Secret) -> dict[str, str]:
        assert label not in self.kept
        self.kept[label] = secret
        return {"sealed": label, "fingerprint": secret.fingerprint}

    def open(self, label: str, sealed: dict[str, str]) -> Secret:
        assert sealed["sealed"] == label
        return self.kept[label]


VALUE = Everything(
    values={"a": Secret("canary-in-a-mapping"), "b": "in clear"},
    inner=(
        Inner(secret=Secret("canary-in-a-list-1"), at=datetime(2026, 1, 31, 3, tzinfo=UTC)),
        Inner(secret=Secret("canary-in-a-list-2"), at=datetime(2026, 1, 31, 4, tzinfo=UTC)),
    ),
    colour=Colour.RED,
    name="n",
    count=3,
    ratio=0.5,
    known=None,
)


def test_a_value_comes_back_as_it_was_and_each_secret_in_it_is_sealed_under_its_own_name():
    sealer = Sealer()
    frozen = freeze(VALUE, sealer.seal, "s/1")
    assert "canary" not in repr(frozen)
    assert set(sealer.kept) == {"s/1/values/a", "s/1/inner/0/secret", "s/1/inner/1/secret"}
    assert Everything.model_validate(thaw(frozen, sealer.open, "s/1")) == VALUE


def test_what_is_shown_of_a_value_has_a_fingerprint_in_place_of_each_secret():
    told = shown(VALUE)
    assert "canary" not in repr(told)
    assert told["values"] == {
        "a": {"fingerprint": Secret("canary-in-a-mapping").fingerprint},
        "b": "in clear",
    }
    assert told["inner"][1]["secret"] == {"fingerprint": Secret("canary-in-a-list-2").fingerprint}
    assert (told["colour"], told["count"], told["ratio"], told["known"]) == ("red", 3, 0.5, None)


def test_what_has_no_form_in_the_journal_is_refused_and_not_written_as_something_else():
    with pytest.raises(TypeError, match="object has no place"):
        freeze({"a": [object()]}, Sealer().seal, "s/1")


def test_two_inputs_have_one_digest_only_where_they_are_the_same():
    assert digest({"a": 1, "b": 2}) == digest({"b": 2, "a": 1})
    assert len({digest(value) for value in ({"a": 1}, {"a": 2}, {"b": 1}, [], {}, None)}) == 6


def test_what_only_a_run_will_make_is_planned_with_in_values_of_its_kind():
    class Made(Output):
        secret: Secret
        name: str | None
        count: int
        by_name: dict[str, str]
        names: tuple[str, ...]
        at: datetime

    class Making(Irreversible):
        output_type = Made

    stand_in = placeholder(Making)
    assert stand_in.secret == Secret("<fresh secret>")
    assert stand_in.name == "<fresh name>"
    assert (stand_in.count, stand_in.by_name, stand_in.names, stand_in.at) == (0, {}, [], None)
