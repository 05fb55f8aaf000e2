"""`respond check --fix`: what mends a failing point is played, and the point is looked at again."""

import subprocess
import sys

from responder.checklist import POINTS, Result
from responder.checklist.point import fail, fail_by_hand
from responder.cli.check import _mending

INVENTORY = """
[credentials.s3]
kind = "aws-access-key"
user = "rentagpu-s3"
max_age = "10d"
overlap = "1s"

[[credentials.s3.modal_secrets]]
environment = "prod"
secret = "my-app-secrets"
identifier_key = "AWS_ACCESS_KEY_ID"
secret_key = "AWS_SECRET_ACCESS_KEY"
"""


def test_what_has_grown_too_old_is_replaced_and_then_passes(incident, tmp_path):
    (tmp_path / "respond.toml").write_text(INVENTORY)
    env = {**incident.env, "RESPOND_INVENTORY": str(tmp_path / "respond.toml")}
    command = [sys.executable, "-m", "responder", "--home", str(tmp_path / "home"), "check", "--only", "ages"]

    def check(*options):
        return subprocess.run([*command, *options], env=env, capture_output=True, text=True, check=False)

    before = check()
    assert (before.returncode, before.stdout.splitlines()[-1]) == (4, "0 pass, 1 fail, 0 cannot tell")
    fixed = check("--fix", "--yes")
    assert fixed.returncode == 0, fixed.stdout + fixed.stderr
    assert fixed.stdout.splitlines()[-1] == "1 pass, 0 fail, 0 cannot tell"
    assert check("--fix").stdout.count("1 pass") == 1, "nothing is played where nothing fails"


def test_what_cannot_be_mended_by_itself_says_what_it_wants(incident, tmp_path):
    env = {**incident.env, "RESPOND_INVENTORY": str(tmp_path / "respond.toml")}
    (tmp_path / "respond.toml").write_text(
        'guarded_environments = ["staging"]\n' + INVENTORY.replace('"prod"', '"staging"')
    )
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "responder",
            "--home",
            str(tmp_path),
            "check",
            "--only=restricted",
            "--fix",
            "--yes",
        ],
        env=env,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 4, done.stdout + done.stderr
    assert "--dotenv staging=FILE" in " ".join(done.stderr.split())


def test_no_playbook_is_played_for_what_is_mended_by_hand():
    [point] = [one for one in POINTS if one.id == "restricted"]
    by_hand, missing = fail_by_hand("prod is open", "at modal.com"), fail("no prod", "respond run setup")
    assert _mending([Result(point, (by_hand,))]) == []
    assert _mending([Result(point, (by_hand, missing))]) == ["setup"]
