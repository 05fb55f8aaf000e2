"""Deploying from here, when the repository's own workflow cannot."""

import json
import os
import threading
import time
from dataclasses import replace

import pytest
from modal_operator import APP, EXECUTOR, intended

from responder.action import Done, NotDone
from responder.errors import InputError, InterruptedRunError, RejectedError
from responder.providers.modal.deploy import DeployApp, DeployInput

pytest_plugins = ("modal_operator",)

DEPLOY = DeployApp()


def given(source=APP):
    return DeployInput(app=EXECUTOR, environment="prod", source=str(source))


def versions(operator):
    return [len(app["versions"]) for app in operator.plane.world()["apps"]]


def test_a_second_deployment_of_the_same_code_is_said_to_have_been_skipped(modal_operator):
    call = intended(DEPLOY, modal_operator.call(), given())
    first = DEPLOY.apply(call, given())
    assert (first.version, first.unchanged) == (1, False)
    assert "version 1" in DEPLOY.verify(call, given(), first).evidence
    again = intended(DEPLOY, modal_operator.call(), given())
    second = DEPLOY.apply(again, given())
    assert (second.version, second.unchanged) == (1, True)
    proof = DEPLOY.verify(again, given(), second)
    assert isinstance(proof, Done)
    assert "skipped as unchanged" in proof.evidence


def test_a_source_that_fails_changes_nothing_and_says_why_without_a_secret(modal_operator, tmp_path):
    source = tmp_path / "broken.py"
    source.write_text("import os\nraise LookupError('no such lease ' + os.environ['MODAL_TOKEN_SECRET'])\n")
    with pytest.raises(RejectedError, match="no such lease") as failed:
        DEPLOY.apply(intended(DEPLOY, modal_operator.call(), given(source)), given(source))
    assert modal_operator.ada.token_secret not in failed.value.what
    assert versions(modal_operator) == []


def test_a_source_that_is_not_there_is_said_in_the_plan_and_starts_no_deployment(modal_operator, tmp_path):
    missing = given(tmp_path / "gone.py")
    for part in (DEPLOY.plan, DEPLOY.apply):
        with pytest.raises(InputError, match=r"There is no file .*gone\.py to deploy from"):
            part(modal_operator.call(), missing)
    assert DEPLOY.plan(modal_operator.call(), given(f"{APP}::app")).change.startswith("Deploy")
    assert versions(modal_operator) == []


def test_the_child_is_given_no_credential_but_the_one_it_deploys_with(modal_operator, tmp_path):
    seen = tmp_path / "seen"
    source = tmp_path / "curious.py"
    source.write_text(
        "import json, os, pathlib, sys\n"
        f"pathlib.Path({str(seen)!r}).write_text(json.dumps([sorted(os.environ), sys.argv]))\n"
        "raise SystemExit(3)\n"
    )
    call = modal_operator.call(
        AWS_SECRET_ACCESS_KEY="aws/secret", GITHUB_TOKEN="ghp_x", RESPOND_SEAL_KEY="k", PATH="/usr/bin:/bin"
    )
    with pytest.raises(RejectedError):
        DEPLOY.apply(call, given(source))
    names, argv = json.loads(seen.read_text())
    assert {"PATH", "MODAL_TOKEN_ID", "MODAL_TOKEN_SECRET", "MODAL_SERVER_URL"} <= set(names)
    assert not [name for name in names if name.startswith(("AWS", "GITHUB", "RESPOND"))]
    assert modal_operator.ada.token_secret not in " ".join(argv)


def test_a_request_to_stop_ends_the_deployment(modal_operator, tmp_path):
    started = tmp_path / "started"
    source = tmp_path / "slow.py"
    source.write_text(
        "import os, pathlib, time\n"
        f"pathlib.Path({str(tmp_path / 'writing')!r}).write_text(str(os.getpid()))\n"
        f"os.rename({str(tmp_path / 'writing')!r}, {str(started)!r})\n"
        "time.sleep(60)\n"
    )
    call = replace(modal_operator.call(), stopping=threading.Event())

    def stop_once_started():
        until = time.monotonic() + 30
        while not started.exists() and time.monotonic() < until:
            call.stopping.wait(0.02)
        call.stopping.set()

    stopper = threading.Thread(target=stop_once_started)
    stopper.start()
    with pytest.raises(InterruptedRunError):
        DEPLOY.apply(call, given(source))
    stopper.join()
    with pytest.raises(ProcessLookupError):
        os.kill(int(started.read_text()), 0)
    assert versions(modal_operator) == []


def test_a_deployment_by_somebody_else_is_not_taken_for_ours(modal_operator):
    call = intended(DEPLOY, modal_operator.call(), given())
    modal_operator.deploy("prod", modal_operator.ci_prod)
    assert isinstance(DEPLOY.reconcile(call, given()), NotDone)
