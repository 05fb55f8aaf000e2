"""What is anchored outside shows what was done to a journal, even where nothing is left beside it."""

import shutil
import socket

import boto3
import pytest
from github import Auth, Github
from intruder import respond, rows_of, write_journal
from played import Clock, play

from responder.errors import InputError, TamperedError, UnavailableError
from responder.journal import Journal
from responder.journal.checkpoint import folder_of
from responder.journal.note import Signer
from responder.sandbox.aws import AwsPlane
from responder.sandbox.github import GithubPlane

REPOSITORY = "rentagpu/executor"


@pytest.fixture(scope="module")
def aws():
    plane = AwsPlane(account="333333333333")
    url = plane.start()
    key = plane.add_administrator("respond-operator")
    yield plane, url, key
    plane.stop()


@pytest.fixture(scope="module")
def github():
    plane = GithubPlane()
    operator, plane.stranger = plane.add_user("oncall"), plane.add_user("stranger")
    plane.add_repository(REPOSITORY, {}, permissions={"oncall": "admin", "stranger": "read"})
    yield plane, plane.start(), operator
    plane.stop()


@pytest.fixture
def world(aws, github, signer, path, holder, monkeypatch, tmp_path):
    """A journal of two runs; an inventory is named with `anchor_at`."""
    plane, aws_url, key = aws
    bucket = f"rentagpu-audit-{tmp_path.name}".replace("_", "-").lower()[:60]
    plane.add_bucket(bucket, object_lock=True)
    github_plane, github_url, operator = github
    issue = github_plane.add_issue(REPOSITORY)
    environ = {
        "AWS_ENDPOINT_URL": aws_url,
        "AWS_ACCESS_KEY_ID": key.access_key_id,
        "AWS_SECRET_ACCESS_KEY": key.secret_access_key,
        "GITHUB_TOKEN": operator,
        "GITHUB_API_URL": github_url,
        "RESPOND_INVENTORY": str(tmp_path / "respond.toml"),
    }
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    with Journal.open(path, clock=Clock()) as journal:
        play(journal, "r1", holder)
        play(journal, "r2", holder)
    return World(path, tmp_path / "respond.toml", bucket, issue, aws, github)


class World:
    def __init__(self, path, inventory, bucket, issue, aws, github):
        self.path, self.inventory, self.bucket, self.issue = path, inventory, bucket, issue
        self.plane, self.aws_url, self.key = aws
        self.github, self.github_url, self.operator = github

    def anchor_at(self, *places):
        s3 = f's3_bucket = "{self.bucket}"\nretain_days = 30\n'
        github = f'github_repository = "{REPOSITORY}"\ngithub_issue = {self.issue}\n'
        wanted = {"s3": s3, "github": github}
        self.inventory.write_text("[audit]\n" + "".join(wanted[place] for place in places))

    def s3(self):
        return boto3.client(
            "s3",
            endpoint_url=self.aws_url,
            region_name="us-east-1",
            aws_access_key_id=self.key.access_key_id,
            aws_secret_access_key=self.key.secret_access_key,
        )

    def comment(self, token, body):
        with Github(auth=Auth.Token(token), base_url=self.github_url, seconds_between_writes=0) as client:
            path = f"/repos/{REPOSITORY}/issues/{self.issue}/comments"
            client.requester.requestJsonAndCheck("POST", path, input={"body": body})

    def comments(self):
        return self.github.world()["repositories"][REPOSITORY]["issues"][str(self.issue)]

    def cut(self, events):
        """The journal's tail, and every trace of it on this machine."""
        shutil.rmtree(folder_of(self.path))
        write_journal(self.path, rows_of(self.path)[:events])


@pytest.mark.parametrize("place", ["s3", "github"])
def test_a_tail_that_was_cut_with_every_local_trace_is_found_by_the_anchor(world, place):
    world.anchor_at(place)
    anchored = respond("checkpoint", "--anchor")
    assert anchored.exception is None
    assert "Anchored: " in anchored.output
    whole = respond("verify", "--anchor")
    assert whole.exception is None
    assert "1 of them anchored outside" in whole.output
    world.cut(7)
    found = respond("verify", "--anchor")
    assert isinstance(found.exception, TamperedError)
    assert "the journal ends at event 7, and" in found.exception.what
    assert "tells of 10 events" in found.exception.what


def test_what_is_anchored_in_s3_outlives_whoever_tries_to_remove_or_hide_it(world):
    world.anchor_at("s3")
    respond("checkpoint", "--anchor")
    s3 = world.s3()
    (version,) = s3.list_object_versions(Bucket=world.bucket)["Versions"]
    key, number = version["Key"], version["VersionId"]
    with pytest.raises(s3.exceptions.ClientError, match="AccessDenied"):
        s3.delete_object(Bucket=world.bucket, Key=key, VersionId=number, BypassGovernanceRetention=True)
    s3.put_object(Bucket=world.bucket, Key=key, Body=b"All is well.\n")
    s3.delete_object(Bucket=world.bucket, Key=key)
    world.cut(7)
    assert isinstance(respond("verify", "--anchor").exception, TamperedError)


def test_what_others_write_into_the_issue_says_nothing(world):
    world.anchor_at("github")
    respond("checkpoint", "--anchor")
    note = world.comments()[0]["body"]
    forged = Signer.fresh("respond/ada@laptop", b"e" * 32).sign(
        "respond/0123456789abcdef\n99\n" + "A" * 43 + "=\n"
    )
    for body in (
        "```text\nAll is well.\n```",
        f"```text\n{forged}```",
        note.replace("\n10\n", "\n99\n"),
        "\u2014",
    ):
        world.comment(world.github.stranger, body)
    result = respond("verify", "--anchor")
    assert result.exception is None
    assert "by 2 checkpoints" in result.output


def test_a_place_that_fails_is_told_and_keeps_no_other_back(world, monkeypatch):
    world.anchor_at("s3", "github")
    monkeypatch.setenv("GITHUB_TOKEN", "ghp_ofNobody00000000000000000000000000")
    result = respond("checkpoint", "--anchor")
    assert isinstance(result.exception, UnavailableError)
    assert f"{REPOSITORY}#{world.issue}" in result.exception.what
    assert len(world.s3().list_object_versions(Bucket=world.bucket)["Versions"]) == 1
    assert len(list(folder_of(world.path).iterdir())) == 1


def test_a_bucket_without_object_lock_is_no_anchor(world):
    world.bucket = f"{world.bucket}-x"
    world.plane.add_bucket(world.bucket)
    world.anchor_at("s3")
    result = respond("checkpoint", "--anchor")
    assert isinstance(result.exception, UnavailableError)
    assert "Lock" in result.exception.what


def test_nothing_anchored_is_not_taken_for_something(world):
    world.anchor_at("s3", "github")
    respond("checkpoint")
    result = respond("verify", "--anchor")
    assert isinstance(result.exception, UnavailableError)
    assert "no anchored checkpoint" in result.exception.what


@pytest.fixture
def silent(monkeypatch):
    """Makes a service one that nobody listens at."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        nowhere = f"http://127.0.0.1:{unused.getsockname()[1]}"
        yield lambda name: monkeypatch.setenv(name, nowhere)


def test_where_no_anchor_can_be_asked_what_the_file_shows_is_told_first(world, silent):
    world.anchor_at("s3")
    respond("checkpoint")
    silent("AWS_ENDPOINT_URL")
    result = respond("verify", "--anchor")
    assert "10 events, unbroken. Head: " in result.stdout
    assert "Vouched for up to event 10 by 1 checkpoint signed by respond/ada@laptop" in result.stdout
    assert isinstance(result.exception, UnavailableError)
    assert f"s3://{world.bucket} could not be asked" in result.exception.what


def test_where_no_anchor_can_be_asked_a_tampered_file_is_still_called_so(world, silent):
    world.anchor_at("s3")
    respond("checkpoint")
    write_journal(world.path, rows_of(world.path)[:7])
    silent("AWS_ENDPOINT_URL")
    assert isinstance(respond("verify", "--anchor").exception, TamperedError)


def test_an_anchor_that_cannot_be_asked_hides_nothing_of_another(world, silent):
    world.anchor_at("s3", "github")
    respond("checkpoint", "--anchor")
    silent("AWS_ENDPOINT_URL")
    result = respond("verify", "--anchor")
    assert isinstance(result.exception, UnavailableError)
    assert "by 2 checkpoints" in result.stdout
    world.cut(7)
    found = respond("verify", "--anchor")
    assert isinstance(found.exception, TamperedError)
    assert "tells of 10 events" in found.exception.what


def test_to_anchor_nowhere_is_refused(world):
    world.anchor_at()
    for command in ("checkpoint", "verify"):
        assert isinstance(respond(command, "--anchor").exception, InputError)


def test_anchored_checkpoints_of_a_copy_need_the_key(world, signer):
    world.anchor_at("github")
    respond("checkpoint", "--anchor")
    copy = world.path.parent.parent / "copy.db"
    shutil.copy(world.path, copy)
    assert isinstance(respond("verify", "--journal", copy, "--anchor").exception, InputError)
    result = respond("verify", "--journal", copy, "--anchor", "--key", signer.verifier)
    assert "up to event 10 by 1 checkpoint signed by respond/ada@laptop" in result.output
