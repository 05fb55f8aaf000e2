"""`respond playbook …`, as a person types it."""

import json
import re
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner, Result

from responder.action import Actions
from responder.cli.playbook import playbook
from responder.playbook import load, named, read
from responder.playbook.draw import as_mermaid, as_text, waves
from responder.playbook.model import Playbook

LEAK = load(*read("leak"), Actions())
DEMO = Path(__file__).parent / "data" / "demo.yaml"


def respond(*words: str, columns: int = 80) -> Result:
    return CliRunner().invoke(playbook, words, env={"COLUMNS": str(columns)})


def test_list_names_each_playbook_with_its_title_and_its_number_of_steps():
    result = respond("list")
    assert result.exit_code == 0
    assert f"leak: A credential has leaked, {len(LEAK.steps)} steps" in result.stdout
    assert len(result.stdout.splitlines()) == len(named())


def test_show_has_each_step_in_order_with_its_action_needs_pause_and_point_of_no_return():
    result = respond("show", "leak", columns=200)
    assert result.exit_code == 0
    places = [result.stdout.index(f"{step.id}: {step.uses}") for step in LEAK.steps]
    assert places == sorted(places)
    for phase in ("Contain", "Rotate", "Recover", "Retire"):
        assert f"\n{phase}\n" in re.sub(r" +\n", "\n", result.stdout)
    assert (
        "Waits for verify_workload, prove_token, update_modal_secret, put_github_secrets (rotate-first)"
        in result.stdout
    )
    assert "10 s after deactivate_key" in result.stdout
    assert "For each of exposure.service_users" in result.stdout
    assert "Only if options.redeploy == 'workflow' and each.workflow" in result.stdout
    assert "contain-first (default): Kill" in result.stdout
    actions = Actions()
    final = [step for step in LEAK.steps if getattr(actions[step.uses], "point_of_no_return", "")]
    assert result.stdout.count("No way back: ") == len(final) > 0


def test_show_yaml_is_the_file_to_the_letter():
    assert respond("show", "leak", "--yaml").stdout == named()["leak"].read_text(encoding="utf-8")


@pytest.mark.parametrize("command", [("list",), ("show", "leak"), ("graph", "leak")])
def test_nothing_is_wider_than_a_narrow_terminal(command: tuple[str, ...]):
    lines = respond(*command, columns=40).stdout.splitlines()
    assert lines
    assert max(map(len, lines)) <= 40


def test_validate_says_one_line_a_file_and_ends_well():
    result = respond("validate", "leak", "leak")
    assert result.exit_code == 0
    assert result.stdout == f"leak: good, {len(LEAK.steps)} steps\n" * 2
    assert result.stderr == ""


def test_validate_looks_at_every_file_before_it_ends_with_two(tmp_path: Path):
    first, second = tmp_path / "first.yaml", tmp_path / "second.yaml"
    first.write_text(named()["leak"].read_text(encoding="utf-8").replace("for_each:", "foreach:", 1))
    second.write_text("name: [")
    result = respond("validate", str(first), str(second), "leek", "leak")
    assert result.exit_code == 2
    assert result.stdout == f"leak: good, {len(LEAK.steps)} steps\n"
    assert re.search(r"first\.yaml, line \d+: `foreach` is not known here\.", result.stderr)
    assert "Did you mean `for_each`?" in result.stderr
    assert "second.yaml, line 1: this is not YAML" in result.stderr
    assert "There is no playbook `leek`." in result.stderr
    assert "Did you mean `leak`?" in result.stderr


def test_validate_reads_files_that_cannot_be_read_as_mistakes(tmp_path: Path):
    binary = tmp_path / "binary.yaml"
    binary.write_bytes(b"\xff\xfe")
    result = respond("validate", str(binary), str(tmp_path))
    assert result.exit_code == 2
    assert "not UTF-8" in result.stderr
    assert "directory" in result.stderr


def test_graph_has_each_step_once_under_its_phase_with_what_it_waits_for():
    text = respond("graph", "leak").stdout
    for step in LEAK.steps:
        assert len(re.findall(rf"^ +\d+  {step.id}\b", text, re.MULTILINE)) == 1
    assert re.search(r"recheck_key +← 10 s after deactivate_key", text)
    assert text.index("\ncontain\n") < text.index("\nrotate\n") < text.index("\nrecover\n")


def test_graph_follows_the_strategy():
    text = respond("graph", "leak", "--strategy", "rotate-first").stdout
    assert re.search(r"deactivate_key +← verify_workload, prove_key", text)
    assert not re.search(r"deactivate_key +← verify_workload", respond("graph", "leak").stdout)


def test_graph_of_an_unknown_strategy_names_the_nearest():
    result = respond("graph", "leak", "--strategy", "rotate-frist")
    assert result.exit_code != 0
    assert result.exception.next_step == "Did you mean `rotate-first`?"


def test_a_step_is_in_a_later_wave_than_all_it_needs():
    for strategy in LEAK.strategies:
        number = waves(LEAK, strategy)
        for step in LEAK.steps:
            assert all(number[need] < number[step.id] for need in step.needs_under(strategy))


def test_mermaid_has_an_arrow_for_each_need_and_marks_what_cannot_be_undone():
    lines = respond("graph", "leak", "--format", "mermaid").stdout.splitlines()
    assert lines[0] == "flowchart TD"
    arrows = [line for line in lines if "-->" in line]
    assert len(arrows) == sum(len(step.needs_under("contain-first")) for step in LEAK.steps)
    assert "  step_deactivate_key -->|10 s| step_recheck_key" in lines
    (final,) = [line for line in lines if line.endswith(" final") and "class " in line]
    assert "step_delete_service_user" in final
    assert "step_deactivate_key" not in final


def test_mermaid_keeps_a_titles_quotes_out_of_its_own():
    text = yaml.safe_load(DEMO.read_text(encoding="utf-8"))
    text["steps"][2]["title"] = 'Say "no" #1'
    drawn = as_mermaid(Playbook.model_validate(text), "careful")
    assert 'step_other["Say #quot;no#quot; #35;1"]' in drawn


def test_a_graph_fits_whatever_the_names():
    text = yaml.safe_load(DEMO.read_text(encoding="utf-8"))
    text["steps"][2]["id"] = "a_step_with_a_name_that_is_far_too_long_for_its_column"
    text["steps"][1]["needs"] = ["make", text["steps"][2]["id"]]
    drawn = as_text(Playbook.model_validate(text), "careful", width=60)
    assert max(map(len, drawn.splitlines())) <= 60


def test_schema_is_json_with_every_action_and_its_help_has_the_line_for_editors():
    schema = json.loads(respond("schema").stdout)
    assert schema["$defs"]["Step"]["properties"]["uses"]["enum"] == sorted(Actions())
    assert "# yaml-language-server: $schema=playbook.schema.json" in respond("schema", "--help").stdout
