"""What libraries tell developers does not reach who is on call."""

import subprocess
import sys

import pytest

SCRIPT = """
import atexit, sys, warnings
from responder.cli import main
atexit.register(warnings.warn, "do it otherwise", FutureWarning)
sys.argv[0] = "respond"
main()
"""


@pytest.mark.parametrize(("option", "told"), [((), False), (("--debug",), True)])
def test_a_librarys_warning_is_for_those_who_debug(option, told):
    command = [sys.executable, "-c", SCRIPT, *option, "playbook", "list"]
    ended = subprocess.run(command, capture_output=True, text=True, check=True)
    assert ("do it otherwise" in ended.stderr) is told
    assert "leak:" in ended.stdout
