"""What is being replaced on schedule leaks meanwhile: the leak comes first, and nothing of both is left."""

import signal

import hasty  # noqa: F401  # puts the helpers below on the path
import pytest
from aftermath import github_secrets, keys, secret_values, service_users
from hourly import inventory
from operators import client

from responder.bundled import bundled
from responder.journal.keys import SEAL_KEY


@pytest.fixture
def leak(job, tmp_path):
    quick = tmp_path / "leak.yaml"
    quick.write_text((bundled("playbooks") / "leak.yaml").read_text().replace("wait: 10s", "wait: 1s"))

    def play(text, home=None):
        path = tmp_path / "leaked.env"
        path.write_text(text)
        where = ("--home", str(home or job.home), "--inventory", str(job.inventory))
        options = ("--strategy", "rotate-first", "--playbook", str(quick), "--yes")
        return job.forked.respond(*where, "leak", "--file", str(path), *options, **job.more)

    return play


def assert_one_live_key(world):
    ((fresh, key),) = keys(world).items()
    assert key["status"] == "Active"
    for values in secret_values(world).values():
        assert (values["AWS_ACCESS_KEY_ID"], values["AWS_SECRET_ACCESS_KEY"]) == (
            fresh,
            key["secret_access_key"],
        )
    return fresh


def test_where_the_fresh_key_is_proven_everywhere_the_leaked_one_is_only_contained_and_retired(
    incident, job, leak
):
    inventory(job.inventory, max_age="1s", overlap="1h")
    ((old, key),) = keys(incident.world()).items()
    code, told, stderr = job("s3", "--due", "--yes")
    assert (code, len(told["overlap"])) == (0, 1), stderr
    (fresh,) = set(keys(incident.world())) - {old}

    ended = leak(f"AWS_ACCESS_KEY_ID={old}\nAWS_SECRET_ACCESS_KEY={key['secret_access_key']}\n")
    assert ended.returncode == 0, ended.stderr
    assert f"Run {told['runs'][0]} is replacing s3 on schedule." in ended.stdout
    assert assert_one_live_key(incident.world()) == fresh
    inventory(job.inventory)
    code, told, _ = job("s3", "--due")
    assert (code, told["next"]["credential"], told["runs"]) == (0, "s3", []), "nothing is under way"


@pytest.fixture
def shared(incident, job):
    """The journal is in S3, where every machine finds it."""
    client("s3", incident).create_bucket(Bucket="rentagpu-journal")
    job.more["RESPOND_JOURNAL"] = "s3://rentagpu-journal/respond/journal.db"
    job.more["RESPOND_SEAL_KEY"] = SEAL_KEY.fresh().reveal()


def test_half_way_through_both_are_contained_and_another_is_made_from_another_machine_too(
    incident, job, leak, shared, tmp_path
):
    inventory(job.inventory, max_age="1s")
    ((old, key),) = keys(incident.world()).items()
    code, _, stderr = job("s3", "--due", "--yes", killed_after=12)
    assert code == -signal.SIGKILL, stderr
    between = set(keys(incident.world()))
    assert len(between) == 2

    laptop = tmp_path / "laptop"
    ended = leak(f"AWS_ACCESS_KEY_ID={old}\nAWS_SECRET_ACCESS_KEY={key['secret_access_key']}\n", laptop)
    assert ended.returncode == 0, ended.stderr
    assert "is replacing s3 on schedule" in ended.stdout
    assert assert_one_live_key(incident.world()) not in between
    where = ("--home", str(laptop))
    verified = job.forked.respond(*where, "audit", "verify", **job.more)
    assert verified.returncode == 0, verified.stderr
    inventory(job.inventory)
    code, told, _ = job("s3", "--due")
    assert (code, told["runs"], told["skipped"]) == (0, [], []), "nothing is under way"
    assert not list(job.home.rglob("journal.db")), "no machine has one of its own"


def test_a_token_that_leaks_half_way_leaves_no_service_user_behind(incident, job, leak):
    inventory(job.inventory, max_age="1s")
    (old,) = service_users(incident.world(), "ci-dev")
    code, _, stderr = job("ci-dev", "--due", "--yes", killed_after=8)
    assert code == -signal.SIGKILL, stderr
    between = {one["token_id"] for one in service_users(incident.world(), "ci-dev")}
    assert len(between) == 2

    ended = leak(f"MODAL_TOKEN_ID={old['token_id']}\nMODAL_TOKEN_SECRET={old['token_secret']}\n")
    assert ended.returncode == 0, ended.stderr
    world = incident.world()
    (fresh,) = service_users(world, "ci-dev")
    assert fresh["token_id"] not in between
    assert github_secrets(world, "dev")["MODAL_TOKEN_ID"] == fresh["token_id"]
