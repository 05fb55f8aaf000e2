"""The last event of a run says by itself whether what leaked is contained."""

import pytest
from contained import LEAKED, door, house, leaked
from table import Table, playbook

from responder.exposure import Exposure, LeakedAccessKey, Unidentified
from responder.found import Kind

OTHER = Unidentified(kind=Kind.GITHUB_TOKEN, identifier="sha256:abc")


def last_word(table: Table, exposure: Exposure, *steps) -> str:
    table.exposure = exposure
    house(table, "front", "a")
    table.start(playbook(*steps))
    last = table.journal.events("r1")[-1]
    assert last.kind == "run.finished"
    return last.data["outcome"]


def test_all_that_leaked_had_a_step_that_contained_it(table: Table):
    assert last_word(table, LEAKED, leaked("shut"), door("a")) == "succeeded"


def test_what_leaked_had_no_step_that_would_contain_it(table: Table):
    assert last_word(table, LEAKED, door("a")) == "not contained"


def test_to_rotate_is_not_to_contain(table: Table):
    assert last_word(table, LEAKED, leaked("shut", phase="rotate")) == "not contained"


@pytest.mark.parametrize("active", [True, False])
def test_a_step_that_is_left_out_contains_nothing(table: Table, *, active: bool):
    word = last_word(table, LEAKED, leaked("shut", **{"if": active}), door("a"))
    assert word == ("succeeded" if active else "not contained")


@pytest.mark.parametrize(("life", "word"), [("live", "not contained"), ("dead", "succeeded")])
def test_what_is_dead_already_needs_no_step(table: Table, life: str, word: str):
    key = LEAKED.access_keys[0].model_copy(update={"life": life})
    assert last_word(table, LEAKED.model_copy(update={"access_keys": (key,)}), door("a")) == word


@pytest.mark.parametrize(("life", "word"), [("unknown", "not contained"), ("dead", "succeeded")])
def test_what_nobody_could_identify_is_not_contained(table: Table, life: str, word: str):
    found = OTHER.model_copy(update={"life": life})
    assert last_word(table, LEAKED.model_copy(update={"unidentified": (found,)}), leaked("shut")) == word


def test_the_other_key_of_a_contained_credential_is_told_apart(table: Table):
    spare = LeakedAccessKey(credential="front", known=True, spare=True, identifier="AKIASPARE", user="house")
    both = LEAKED.model_copy(update={"access_keys": (*LEAKED.access_keys, spare)})
    first_only = leaked("shut", **{"if": "${{ not each.spare }}"})
    assert last_word(table, both, first_only) == "not contained"
