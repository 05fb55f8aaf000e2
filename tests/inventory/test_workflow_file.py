"""Which secrets a workflow uses is read from its file: from what it does, not from its comments."""

import pytest

from responder.errors import RejectedError
from responder.providers.github.workflow_file import read


def workflow(text):
    return read("a/b", "x.yml", "main", text)


@pytest.mark.parametrize(
    ("step", "names"),
    [
        ("run: echo ${{ secrets.MODAL_TOKEN_ID }}", ("MODAL_TOKEN_ID",)),
        ("run: echo ${{ secrets['modal_token_id'] }}", ("MODAL_TOKEN_ID",)),
        ("env: {ID: '${{ vars.AWS_ACCESS_KEY_ID }}'}", ("AWS_ACCESS_KEY_ID",)),
        ("if: secrets.A != '' && secrets.B != ''", ("A", "B")),
        ("run: make # ${{ secrets.MODAL_TOKEN_ID }}", ()),
        ("run: cat my_secrets.txt", ()),
    ],
)
def test_the_names_that_it_takes(step, names):
    found = workflow(f"on: push\njobs:\n  a:\n    steps:\n      - {step}\n")
    assert (found.names, found.any_name) == (names, False)


@pytest.mark.parametrize(
    "job",
    [
        "{uses: ./.github/workflows/other.yml, secrets: inherit}",
        "{steps: [{run: 'echo ${{ toJSON(secrets) }}'}]}",
        "{steps: [{run: 'echo ${{ secrets[matrix.name] }}'}]}",
    ],
)
def test_one_that_may_take_any_is_told_so(job):
    assert workflow(f"on: push\njobs:\n  a: {job}\n").any_name


@pytest.mark.parametrize(
    ("on", "inputs"),
    [
        ("push", None),
        ("[push, workflow_dispatch]", {}),
        ("workflow_dispatch", {}),
        ("{push: {}}", None),
        (
            "{workflow_dispatch: {inputs: {where: {options: [dev, 1]}, why:}}}",
            {"where": ("dev", "1"), "why": ()},
        ),
    ],
)
def test_what_it_can_be_dispatched_with(on, inputs):
    assert workflow(f"on: {on}\njobs: {{}}\n").inputs == inputs


def test_the_files_that_it_deploys():
    run = "run: |\n          modal deploy -e $E app/one.py\n          python -m modal deploy two.py && x.py\n"
    assert workflow(f"on: push\njobs:\n  a:\n    steps:\n      - {run}").deploys == ("app/one.py", "two.py")


@pytest.mark.parametrize("text", ["a: [", "[" * 700])
def test_what_is_no_yaml_is_refused(text):
    with pytest.raises(RejectedError, match="is no YAML"):
        workflow(text)


@pytest.mark.parametrize("text", ["- x\n- y\n", "", "on: 1\njobs: 2\n"])
def test_what_is_no_workflow_uses_nothing(text):
    found = workflow(text)
    assert (found.names, found.any_name, found.inputs) == ((), False, None)


def test_aliases_are_not_multiplied():
    bomb = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
        f"{b}: &{b} [{', '.join([f'*{a}'] * 9)}]\n" for a, b in zip("abcdefgh", "bcdefghi", strict=True)
    )
    assert workflow(bomb).names == ()
