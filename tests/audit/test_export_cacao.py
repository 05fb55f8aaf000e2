"""`--format cacao`: playbooks that other orchestrators read, and a run's record beside its playbook."""

import base64
import copy
import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cacao_check import mistakes, precedes
from click.testing import CliRunner, Result
from exporting import export
from hypothesis import given, settings
from hypothesis import strategies as st
from incident_record import STEPS, Player, look, play_incident, play_undo

from responder.action import Actions
from responder.cli import cli
from responder.errors import Exit, InputError, RefusedError
from responder.journal import EventKind, Holder, Journal
from responder.playbook import load, named, read
from responder.report.export.cacao import of_playbook
from responder.report.export.cacao.order import Branches, Sequel, arrange, leaves

TAKER = Holder("desk", 12, "b n 2", "grace")
LEAK = load(*read("leak"), Actions())
BOTH = [(name, strategy) for name in named() for strategy in load(*read(name), Actions()).strategies]


def playbook_export(*words: str) -> Result:
    return CliRunner().invoke(cli, ["playbook", "export", *words])


def exported(name: str, strategy: str) -> dict:
    result = playbook_export(name, "--strategy", strategy)
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def kept(step: dict) -> dict:
    (extension,) = step["step_extensions"].values()
    return extension


def actions_of(playbook: dict) -> dict[str, dict]:
    return {kept(s)["step_id"]: s for s in playbook["workflow"].values() if "step_extensions" in s}


@pytest.mark.parametrize(("name", "strategy"), BOTH)
def test_every_playbook_is_a_cacao_playbook_in_the_order_of_each_of_its_strategies(name, strategy):
    playbook = exported(name, strategy)
    loaded = load(*read(name), Actions())
    assert mistakes(playbook) == []
    assert actions_of(playbook).keys() == {step.id for step in loaded.steps}
    before = precedes(playbook)
    for step in loaded.steps:
        for need in step.needs_under(strategy):
            assert (need, step.id) in before


def test_what_is_independent_runs_side_by_side_and_a_pause_holds_up_only_what_needs_it():
    before = precedes(exported("leak", "contain-first"))
    contain = ("deactivate_key", "deny_sessions", "freeze_service_user", "revoke_github_token")
    assert not {(one, other) for one in contain for other in contain} & before
    assert ("recheck_key", "create_key") not in before
    assert ("recheck_key", "delete_key") in before


def test_conditions_pauses_options_and_inputs_of_the_file_are_all_in_it():
    playbook = exported("leak", "contain-first")
    steps = actions_of(playbook)
    assert steps["recheck_key"]["delay"] == 10_000
    assert kept(steps["deny_sessions"])["arguments"]["session"] == "${{ each.session }}"
    assert kept(steps["deny_sessions"])["for_each"] == "${{ exposure.access_keys }}"
    (asks,) = (
        s for s in playbook["workflow"].values() if s.get("condition", "").startswith("__if_make_room__")
    )
    assert playbook["workflow"][asks["on_true"]] is steps["make_room"]
    assert "each.known" in playbook["playbook_variables"]["__if_make_room__"]["description"]
    assert playbook["playbook_variables"]["__option_redeploy__"]["value"] == "workflow"
    assert {"name": "Runbook leak", "source": "runbooks/leak.md"}.items() <= playbook["external_references"][
        1
    ].items()


def test_the_same_text_gets_the_same_identifiers_and_another_text_or_strategy_others():
    at = datetime(2026, 1, 31, tzinfo=UTC)
    text = read("leak")[1]
    one = of_playbook(LEAK, "leak.yaml", text, "contain-first", at)
    assert one == of_playbook(LEAK, "leak.yaml", text, "contain-first", at)
    others = [
        of_playbook(LEAK, "leak.yaml", text + "# reviewed\n", "contain-first", at),
        of_playbook(LEAK, "leak.yaml", text, "rotate-first", at),
    ]
    for other in others:
        assert other["id"] != one["id"]
        assert not {k for k, v in one["workflow"].items() if v["type"] == "action"} & other["workflow"].keys()


def test_a_playbook_of_ones_own_is_exported_by_its_path_into_a_file(tmp_path):
    mine, out = tmp_path / "mine.yaml", tmp_path / "mine.json"
    mine.write_text(read("leak")[1].replace("name: leak", "name: mine"))
    assert playbook_export(str(mine), "--output", str(out)).exit_code == 0
    playbook = json.loads(out.read_text())
    assert mistakes(playbook) == []
    assert [one["name"] for one in playbook["external_references"]] == ["mine.yaml"]


def test_a_strategy_that_the_playbook_does_not_have_is_refused_with_the_nearest():
    result = playbook_export("leak", "--strategy", "rotate-frist")
    assert isinstance(result.exception, InputError)
    assert "rotate-first" in result.exception.next_step


def spoilt(**changes) -> dict:
    playbook = copy.deepcopy(exported("leak", "contain-first"))
    step = actions_of(playbook)["recheck_key"]
    for key, value in changes.items():
        step[key] = value
    return playbook


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"on_success": "end--00000000-0000-4000-8000-000000000000"}, "is not there"),
        ({"commands": [{"type": "telepathy", "command": "x"}]}, "no command type telepathy"),
        ({"mood": "good"}, "mood is not a property"),
        ({"targets": ["http-api--00000000-0000-4000-8000-000000000000"]}, "there is no target"),
        ({"delay": "10s"}, "is not of type 'integer'"),
    ],
)
def test_the_checks_of_these_tests_find_what_they_are_for(changes, said):
    assert said in "\n".join(mistakes(spoilt(**changes)))


def test_a_run_is_the_steps_that_were_confirmed_and_what_became_of_each(
    journal: Journal, path: Path, holder: Holder
):
    play_incident(journal, "r1", holder, TAKER)
    result = export(path, "--format", "cacao", "--run", "r1")
    assert result.exit_code == 0, result.output
    made = json.loads(result.stdout)
    playbook, execution = made["playbook"], made["execution"]
    assert mistakes(playbook) == []
    active = {one["id"]: one for one in STEPS if one["active"]}
    assert actions_of(playbook).keys() == active.keys()
    assert {(need, i) for i, one in active.items() for need in one["needs"] if need in active} <= precedes(
        playbook
    )
    assert (execution["status"], execution["times_resumed"]) == ("successfully_executed", 1)
    assert execution["step_results"].keys() <= playbook["workflow"].keys()
    by_step = {one["step"]: one for one in execution["step_results"].values()}
    created, looked = by_step["create_key[s3]"], by_step["recheck_key[s3]"]
    assert (created["attempts"], created["executed_by"]) == (2, "grace@desk")
    assert (created["status"], created["status_text"]) == (
        "successfully_executed",
        "sts:GetCallerIdentity answers",
    )
    assert created["started"] < created["ended"]
    assert by_step["delete_service_user[ci-prod]"]["retries"] == 1
    assert not looked["changed_something"]
    assert base64.b64decode(looked["commands_b64"][0]).startswith(b"aws.deactivate_access_key")
    assert [one["step"] for one in execution["not_applicable"]] == ["redeploy_from_here[s3]"]
    assert playbook["derived_from"] == [exported("leak", "contain-first")["id"]]


def test_of_an_unfinished_run_it_says_what_failed_what_waits_and_what_was_not_reached(journal, path, holder):
    play = Player(journal, "r1", holder)
    play.intend("deny_sessions[s3]", {})
    play.end(EventKind.STEP_FAILED, "deny_sessions[s3]", "iam:PutUserPolicy: denied")
    play.end(EventKind.STEP_PARKED, "deactivate_key[s3]", "It could not be found out.")
    play.intend("delete_service_user[ci-prod]", {})
    execution = json.loads(export(path, "--format", "cacao", "--run", "r1").stdout)["execution"]
    assert execution["status"] == "failed"
    assert "ended" not in execution
    statuses = {one["step"]: one["status"] for one in execution["step_results"].values()}
    assert statuses == {
        "deny_sessions[s3]": "failed",
        "deactivate_key[s3]": "await_user_input",
        "delete_service_user[ci-prod]": "ongoing",
    }
    unreached = {one["step"] for one in execution["not_reached"]}
    assert unreached == {"recheck_key[s3]", "create_key[s3]", "verify_workload[s3]", "delete_key[s3]"}


def test_later_looks_and_an_undo_are_in_the_record_of_a_run(journal, path, holder):
    play_incident(journal, "r1", holder, TAKER)
    look(journal, "r1", holder, "held", "re-applied")
    play_undo(journal, "r1", holder)
    execution = json.loads(export(path, "--format", "cacao", "--run", "r1").stdout)["execution"]
    assert (execution["status"], execution["status_text"]) == ("undone", "partly undone")
    by_step = {one["step"]: one for one in execution["step_results"].values()}
    deactivated = by_step["deactivate_key[s3]"]
    assert [one["result"] for one in deactivated["later_looks"]] == ["held", "re-applied"]
    assert deactivated["status"] == "undone"
    assert by_step["deny_sessions[s3]"]["status_text"].startswith("Not undone: iam:DeleteUserPolicy")


@pytest.mark.parametrize(
    "words", [(), ("--run", "r1", "--since", "2026-01-01"), ("--run", "r1", "--until", "2026-02-01")]
)
def test_a_cacao_export_is_of_one_whole_run_or_refused(journal, path, holder, words):
    play_incident(journal, "r1", holder, TAKER)
    result = export(path, "--format", "cacao", *words)
    assert isinstance(result.exception, InputError)
    assert result.exception.exit_code == Exit.INPUT
    assert "one whole run" in result.exception.what


def test_an_export_of_a_playbook_never_writes_over_a_file(tmp_path):
    there = tmp_path / "there.json"
    there.write_text("mine")
    assert isinstance(playbook_export("leak", "-o", str(there)).exception, RefusedError)
    assert there.read_text() == "mine"


@st.composite
def needs_of(draw):
    ids = [f"s{number}" for number in range(draw(st.integers(1, 12)))]
    needs = {one: tuple(draw(st.sets(st.sampled_from(ids[:at])))) if at else () for at, one in enumerate(ids)}
    waiting = draw(st.sets(st.sampled_from(ids)))
    return needs, waiting


@settings(max_examples=300)
@given(needs_of())
def test_in_any_order_of_needs_each_step_stands_once_and_after_all_that_it_needs(drawn):
    needs, waiting = drawn
    order = arrange(needs, waiting)
    assert sorted(leaves(order)) == sorted(needs)
    before: set[tuple[str, str]] = set()

    def walk(part, earlier):
        match part:
            case Sequel(parts=parts):
                for one in parts:
                    earlier = walk(one, earlier)
            case Branches(parts=parts):
                assert len(parts) >= 2
                earlier = frozenset().union(*(walk(one, earlier) for one in parts))
            case _:
                before.update((one, part) for one in earlier)
                earlier |= {part}
        return earlier

    walk(order, frozenset())
    assert {(need, step) for step, some in needs.items() for need in some} <= before
