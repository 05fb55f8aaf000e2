"""What a step sees, and what the sandbox refuses because it would otherwise guess."""

import base64

import pytest
from github_world import REPOSITORY, a_world

from responder.sandbox.github.expressions import (
    Context,
    ExpressionError,
    Scope,
    condition,
    evaluate,
    interpolate,
)
from responder.sandbox.github.masking import Masks

HEAD = b"on: {workflow_dispatch: {inputs: {environment: {default: dev}, fast: {type: boolean}}}}\n"
SCOPE = Scope(
    {"inputs": Context({"name": "Dev", "none": None}), "github": Context({"ref": "main"}, complete=False)},
    {"success": lambda: False, "always": lambda: True},
)


def log_of(steps, *, head=HEAD, job=b"", runner_env=None, **inputs):
    """The run's log and conclusion for the steps of one job."""
    text = head + b"jobs:\n  one:\n    runs-on: x\n    environment: dev\n" + job + b"    steps:\n" + steps
    with a_world(workflow=text, runner_env=runner_env or {}) as world:
        world.plane.put_repository_secret(REPOSITORY, "MODAL_TOKEN_ID", "of the repository")
        world.plane.put_repository_secret(REPOSITORY, "HF_TOKEN", "hf_secret")
        world.plane.put_repository_variable(REPOSITORY, "REGION", "us-east-1")
        run = world.dispatch("dev", **inputs)
        conclusion = world.wait(run.id)["conclusion"]
        return world.log(run.id)[1:], conclusion


def test_contexts_reach_the_script_the_environment_before_the_repository():
    script = b"""
      - env: {ID: "${{ secrets.MODAL_TOKEN_ID }}", FAST: "${{ inputs.fast && 'yes' || 'no' }}"}
        run: |
          test "$ID" = ak-dev
          echo "$FAST ${{ vars.REGION }} ${{ github.repository }} ${{ github.ref_name }} ${{ github.actor }}"
          echo "$GITHUB_ACTOR $CI ${{ env.FAST }}${{ secrets.NOWHERE }}"
"""
    log, conclusion = log_of(script, fast=True)
    assert (log, conclusion) == (
        ["yes us-east-1 rentagpu/executor main oncall", "oncall true yes"],
        "success",
    )


def test_a_step_gets_a_clean_environment_and_what_the_composition_gives(monkeypatch):
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "of the person at the keyboard")
    script = b'      - run: echo "[$AWS_SECRET_ACCESS_KEY] $MODAL_SERVER_URL"; test "$HOME" != ~root\n'
    log, conclusion = log_of(script, runner_env={"MODAL_SERVER_URL": "http://127.0.0.1:1"})
    assert (log, conclusion) == (["[] http://127.0.0.1:1"], "success")


def test_conditions_decide_which_steps_run_after_a_failure():
    steps = b"""
      - run: "false"
      - run: echo never
      - if: failure() && inputs.fast
        run: echo cleaning
      - if: ${{ always() }}
        run: echo always
"""
    log, conclusion = log_of(steps, fast="true")
    assert log == ["Error: Process completed with exit code 1.", "cleaning", "always"]
    assert conclusion == "failure"


@pytest.mark.parametrize(
    ("steps", "why"),
    [
        (b"      - run: echo ${{ steps.x.outputs.y }}\n", "does not know the context 'steps'"),
        (b"      - run: echo ${{ github.event.number }}\n", "does not know github.event"),
        (b"      - run: echo ${{ secrets.GITHUB_TOKEN }}\n", "does not know secrets.GITHUB_TOKEN"),
        (b"      - run: echo ${{ hashFiles('x') }}\n", "does not know the function hashFiles()"),
        (b"      - {run: echo, shell: pwsh}\n", "does not have the shell 'pwsh'"),
        (b"      - {run: echo, working-directory: nowhere}\n", "no such working directory: nowhere"),
    ],
)
def test_what_the_sandbox_does_not_know_fails_the_step_and_says_so(steps, why):
    log, conclusion = log_of(steps)
    assert conclusion == "failure"
    assert why in log[0]


def test_a_step_may_fail_where_the_workflow_says_so_and_defaults_hold_for_every_step():
    head = HEAD + b"defaults: {run: {working-directory: gpu_app, shell: bash}}\n"
    log, conclusion = log_of(
        b"      - {run: exit 3, continue-on-error: true}\n      - run: ls; false | true\n", head=head
    )
    assert log == [
        "Error: Process completed with exit code 3.",
        "app.py",
        "Error: Process completed with exit code 1.",
    ]
    assert conclusion == "failure"


def test_a_job_that_the_sandbox_cannot_run_fails_and_says_why():
    text = HEAD + b"jobs: {one: {strategy: {matrix: {x: [1]}}, steps: [{run: echo}]}}\n"
    with a_world(workflow=text) as world:
        run = world.dispatch("dev")
        assert world.wait(run.id)["conclusion"] == "failure"
        assert world.log(run.id) == ["The sandbox does not support strategy in a workflow."]


def test_a_job_whose_need_failed_is_skipped():
    text = (
        HEAD
        + b"""jobs:
  after: {needs: before, runs-on: x, steps: [{run: echo}]}
  before: {runs-on: x, steps: [{run: exit 3}]}
"""
    )
    with a_world(workflow=text) as world:
        run = world.dispatch("dev")
        jobs = {job["key"]: job["conclusion"] for job in world.wait(run.id)["jobs"]}
        assert jobs == {"before": "failure", "after": "skipped"}


def test_an_environment_that_a_job_names_first_is_made():
    text = HEAD + b"jobs: {one: {environment: {name: preview}, steps: [{run: echo}]}}\n"
    with a_world(workflow=text) as world:
        world.wait(world.dispatch("dev").id)
        assert world.truth()["environments"]["preview"]["reviewers"] == []


def test_a_job_that_takes_too_long_is_killed():
    log, conclusion = log_of(b"      - run: sleep 600\n", job=b"    timeout-minutes: 0.002\n")
    assert (log, conclusion) == (["Error: the job took longer than its 0.002 minutes."], "failure")


def test_masks_cover_lines_and_encodings_and_what_a_step_adds():
    log, _ = log_of(b"""
      - run: |
          echo "::add-mask::made-up-here"; echo "made-up-here"
          printf %s "${{ secrets.HF_TOKEN }}" | base64
          printf 'id:%s' "${{ secrets.HF_TOKEN }}:x" | base64
""")
    assert log[:2] == ["***", "***"]
    assert base64.b64encode(b"hf_secret").decode()[2:-2] not in log[2]
    assert "***" in log[2]


def test_each_line_of_a_secret_is_masked_by_itself():
    masks = Masks()
    masks.add("first line\nsecond line")
    assert masks.line("x second line y") == "x *** y"


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("inputs.none || 'dev'", "dev"),
        ("inputs.name == 'dEV' && !inputs.none", True),
        ("inputs['name'] != 'dev' || (1 == '1' && 'it''s')", "it's"),
        ("inputs.missing", None),
        ("github.ref", "main"),
    ],
)
def test_expressions_mean_what_they_mean_at_github(expression, value):
    assert evaluate(expression, SCOPE) == value


def test_text_around_expressions_stays():
    assert interpolate("a ${{ inputs.name }}-${{ 2 }}${{ true }}${{ null }} b", SCOPE) == "a Dev-2true b"


def test_a_condition_without_a_status_check_asks_for_success_too():
    assert not condition("inputs.name == 'dev'", SCOPE)
    assert condition("always() && inputs.name == 'dev'", SCOPE)


@pytest.mark.parametrize(
    "expression", ["", "inputs.", "inputs.name &&", "(1", "1 2", "a ? b", "github.sha", "''.x"]
)
def test_an_expression_that_is_none_is_refused(expression):
    with pytest.raises(ExpressionError):
        evaluate(expression, SCOPE)
