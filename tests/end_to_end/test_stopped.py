"""Ctrl-C while services are being asked, once or in a temper: a clear line, 130, and nothing done."""

import signal
import subprocess

from aftermath import keys
from incident import PATIENCE, RESPOND

from responder.errors import Exit


def test_two_ctrl_c_while_a_silent_service_is_asked_for_the_plan_end_in_one_line(incident, tmp_path):
    incident.reset()
    before = {key: one["status"] for key, one in keys(incident.world()).items()}
    incident.weather("github:GET environments:stall=6", "aws:ListAccessKeys:stall=6")
    command = (*RESPOND, "--home", str(tmp_path), "leak", "--file", str(incident.leak), "--yes")
    with subprocess.Popen(
        command, env=incident.env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        while "Exposed in" not in process.stdout.readline():  # what comes next is the plan
            assert process.poll() is None
        process.send_signal(signal.SIGINT)
        said = process.stderr.readline()
        process.send_signal(signal.SIGINT)  # while it waits for nobody any more, and ends
        said += process.communicate(timeout=PATIENCE)[1]
    incident.weather()

    assert process.returncode == Exit.INTERRUPTED
    assert said.splitlines() == ["Stopped on request. Nothing more was done."]
    assert {key: one["status"] for key, one in keys(incident.world()).items()} == before
