"""Promise 2: no secret value in any output, log, journal, argv, environment of a child or file."""

import base64
import json
import resource
import signal
import subprocess
import sys
import threading
import urllib.parse
from pathlib import Path

import operators
import pytest
from aftermath import KEY_OWNER, github_secrets, keys, secret_values, service_users
from incident import RESPOND

from responder.errors import Exit

KILLED_AFTER = Path(__file__).with_name("killed_after.py")


def secrets_of(world):
    """Every secret value of the drill that a rotation touches, by what it is."""
    found = {f"key {k}": key["secret_access_key"] for k, key in keys(world).items()}
    found |= {f"user {u['name']}": u["token_secret"] for u in service_users(world)}
    found |= {f"GitHub {e}": github_secrets(world, e)["MODAL_TOKEN_SECRET"] for e in ("dev", "prod")}
    found |= {f"Modal {e}": values["AWS_SECRET_ACCESS_KEY"] for e, values in secret_values(world).items()}
    for session in world["aws"]["sessions"]:
        found[f"session {session['access_key_id']}"] = session["secret_access_key"]
        found[f"session token {session['access_key_id']}"] = session["session_token"]
    return found


def forms(value):
    raw = value.encode()
    yield raw
    yield urllib.parse.quote(value, safe="").encode()
    for lead in range(3):  # base64 inside a longer text starts at any of three places
        encoded = base64.b64encode(b"\0" * lead + raw).rstrip(b"=")
        yield encoded[(lead * 8 + 5) // 6 : (lead + len(raw)) * 8 // 6]


class Watch(threading.Thread):
    """Reads what every descendant of a process shows of itself in /proc, until told to stop."""

    def __init__(self, pid):
        super().__init__(daemon=True)
        self.pid = pid
        self.seen = {}
        self.over, self.looked = threading.Event(), threading.Event()

    def run(self):
        while not self.over.wait(0.01):
            for process in self.family():
                for name in ("cmdline", "environ"):
                    try:
                        shown = Path(f"/proc/{process}/{name}").read_bytes()
                    except OSError:
                        continue
                    place = f"{name} of {process}"
                    if shown not in self.seen.get(place, b""):  # it changes with exec, and a corpse has none
                        self.seen[place] = self.seen.get(place, b"") + shown
            self.looked.set()

    def family(self):
        children = {}
        for stat in Path("/proc").glob("[0-9]*/stat"):
            try:
                parent = int(stat.read_text().rpartition(")")[2].split()[1])
            except OSError:
                continue
            children.setdefault(parent, []).append(int(stat.parent.name))
        found, rest = [], [self.pid]
        while rest:
            found.append(rest.pop())
            rest += children.get(found[-1], [])
        return found


def play(sandbox, folder, *command):
    """Run a command that can write below `folder` only; gives its exit code, and all it wrote or showed."""
    env = sandbox.env | {
        "HOME": str(folder / "home"),
        "TMPDIR": str(folder / "tmp"),
        "RESPOND_HOME": str(folder / "journal"),
        "XDG_CONFIG_HOME": str(folder / "config"),
        "XDG_CACHE_HOME": str(folder / "cache"),
    }
    for name in ("home", "tmp", "work"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    with subprocess.Popen(
        command,
        env=env,
        cwd=folder / "work",  # where a core would be
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        preexec_fn=with_cores,  # noqa: PLW1509  # no thread is running yet
    ) as process:
        watch = Watch(process.pid)
        watch.start()
        assert watch.looked.wait(60)
        out, err = process.communicate(timeout=100)
        watch.over.set()
        watch.join()
    written = {str(path): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    return process.returncode, {"standard output": out, "standard error": err, **watch.seen, **written}


def with_cores():
    """As on a machine where somebody hunts for a crash."""
    _, most = resource.getrlimit(resource.RLIMIT_CORE)
    resource.setrlimit(resource.RLIMIT_CORE, (most, most))


def assert_clean(everything, secrets):
    found = [
        f"{what} in {where}"
        for what, value in secrets.items()
        for form in forms(value)
        for where, content in everything.items()
        if form in content
    ]
    assert found == []


@pytest.mark.parametrize("redeploy", ["workflow", "direct"])
def test_no_secret_is_in_anything_that_a_run_writes_or_shows(incident, quick_playbook, tmp_path, redeploy):
    incident.reset()
    before = incident.world()
    options = ("--playbook", str(quick_playbook), "--redeploy", redeploy, "--yes")
    leak = (*RESPOND, "-v", "--log-format", "json", "leak", "--file", str(incident.leak), *options)

    _, everything = play(incident, tmp_path, *leak)

    after = incident.world()
    secrets = secrets_of(before) | secrets_of(after)
    assert len(set(secrets.values())) >= 7
    assert any(where.endswith("journal.db") for where in everything)
    assert_clean(everything, secrets)


def test_no_secret_lies_about_after_a_kill(incident, quick_playbook, tmp_path):
    incident.reset()
    before = incident.world()
    options = ("--playbook", str(quick_playbook), "--yes")
    leak = (sys.executable, str(KILLED_AFTER), "30", "leak", "--file", str(incident.leak), *options)

    code, everything = play(incident, tmp_path, *leak)

    assert code == -signal.SIGKILL
    assert_clean(everything, secrets_of(before) | secrets_of(incident.world()))


def test_no_secret_lies_about_after_faults_a_crash_a_resume_a_watch_and_an_undo(
    incident, quick_playbook, tmp_path
):
    incident.reset()
    secrets = secrets_of(incident.world())
    [key] = keys(incident.world())
    loud = ("-v", "--log-format", "json", "--debug")
    leak = ("leak", "--file", str(incident.leak), "--playbook", str(quick_playbook), "--yes")
    incident.weather("aws:CreateAccessKey:lost-reply*1", "modal:500*3", "github:reset*2", "aws:429=1*1")

    code, crashed = play(incident, tmp_path, sys.executable, str(KILLED_AFTER), "12:SIGABRT", *loud, *leak)
    secrets |= secrets_of(incident.world())
    _, resumed = play(incident, tmp_path, *RESPOND, *loud, "resume")
    incident.weather()
    secrets |= secrets_of(incident.world())
    run = json.loads(incident.run(*RESPOND, "--home", str(tmp_path / "journal"), "runs", "--json").stdout)
    assert run["outcome"] == "succeeded", resumed["standard error"]
    operators.iam(incident).delete_user_policy(UserName=KEY_OWNER, PolicyName="respond-deny-sessions")
    _, watched = play(incident, tmp_path, *RESPOND, *loud, "watch", run["run"], "--at", "1s")
    undo = ("undo", run["run"], "--yes", "--re-enable", key)
    undone, given_back = play(incident, tmp_path, *RESPOND, *loud, *undo)

    assert (code, undone) == (-signal.SIGABRT, Exit.DONE)
    assert b"step.checked" in watched["standard error"]
    assert len(set(secrets.values())) >= 7
    for everything in (crashed, resumed, watched, given_back):
        assert_clean(everything, secrets)


def test_the_watch_would_see_a_secret_in_argv_in_the_environment_and_in_a_file(incident, tmp_path):
    script = "import sys; open('left', 'w').write(sys.argv[1]); sys.stdin.read()"

    _, everything = play(incident, tmp_path, sys.executable, "-c", script, "canary-in-argv")

    where = [place for place, content in everything.items() if b"canary-in-argv" in content]
    assert any(place.startswith("cmdline") for place in where)
    assert any(place.endswith("left") for place in where)
