"""What `respond doctor` says of the audit key, and of where checkpoints are to be anchored."""

import json
import shlex

import pytest
from doctor_world import SIMULATE

from responder.inventory import Audit, Inventory
from responder.journal.checkpoint import AUDIT_KEY, signer
from responder.sandbox import seed
from responder.sandbox.github.server import Server, one_at_a_time

pytest_plugins = ["doctor_world"]

OBJECTS = ("s3:PutObject", "s3:PutObjectRetention", "s3:GetObjectRetention", "s3:GetObjectVersion")
LOOKS = ("s3:ListBucketVersions", "s3:GetBucketObjectLockConfiguration")


def in_bucket(name=seed.AUDIT_BUCKET):
    return Inventory(audit=Audit(s3_bucket=name))


def on_issue(number=1, repository=seed.REPOSITORY):
    return Inventory(audit=Audit(github_repository=repository, github_issue=number))


def of(report, about):
    return [(a.finding.level, a.finding.what, a.finding.mend) for a in report.answers if a.about == about]


class TestBucket:
    def test_one_with_object_lock_in_which_we_may_anchor_is_fine(self, world, journal):
        environ = world.operator("respond-auditor", *SIMULATE, *OBJECTS, *LOOKS)
        locked, allowed = of(world.examined(journal, environ, inventory=in_bucket()), "aws.anchor")
        assert (locked[0], allowed[0]) == ("ok", "ok")
        assert "in compliance mode, for 400 days" in locked[1]

    def test_one_that_is_not_there(self, world, journal):
        [(level, what, mend)] = of(world.examined(journal, inventory=in_bucket("nope")), "aws.anchor")
        assert (level, what) == ("failed", "There is no bucket nope.")
        assert "--object-lock-enabled-for-bucket --bucket nope" in mend

    def test_one_without_object_lock(self, world, journal):
        [(level, what, mend)] = of(world.examined(journal, inventory=in_bucket(seed.BUCKET)), "aws.anchor")
        assert level == "failed"
        assert what.startswith(f"Object Lock is off in the bucket {seed.BUCKET}")
        assert f"put-object-lock-configuration --bucket {seed.BUCKET}" in mend

    @pytest.mark.parametrize("missing", LOOKS)
    def test_we_may_not_look(self, world, journal, missing):
        allowed = [one for one in (*SIMULATE, *OBJECTS, *LOOKS) if one != missing]
        environ = world.operator("respond-auditor", *allowed)
        [(level, what, mend)] = of(world.examined(journal, environ, inventory=in_bucket()), "aws.anchor")
        assert level == "failed"
        assert missing in what
        assert mend.startswith("aws iam put-user-policy --user-name respond-auditor")

    @pytest.mark.parametrize("missing", OBJECTS)
    def test_we_may_not_put_or_lock_or_read(self, world, journal, missing):
        environ = world.operator("respond-auditor", *SIMULATE, *LOOKS, *(o for o in OBJECTS if o != missing))
        _, (level, what, mend) = of(world.examined(journal, environ, inventory=in_bucket()), "aws.anchor")
        assert level == "warning"
        assert f"Whether you may {missing} on arn:aws:s3:::{seed.AUDIT_BUCKET}/*" in what
        words = shlex.split(mend)
        policy = json.loads(words[words.index("--policy-document") + 1])
        assert set(policy["Statement"][0]["Action"]) == {*OBJECTS, *LOOKS}
        assert words[words.index("--policy-name") + 1] == "respond-anchor"  # not what another mend made

    def test_a_deny_is_no_doubt(self, world, journal):
        environ = world.operator("respond-denied", *SIMULATE, *LOOKS, *OBJECTS, denied=OBJECTS[:1])
        _, (level, what, _) = of(world.examined(journal, environ, inventory=in_bucket()), "aws.anchor")
        assert (level, "Deny keeps you from s3:PutObject on" in what) == ("failed", True)

    def test_where_we_may_not_simulate_nothing_is_claimed(self, world, journal):
        environ = world.operator("respond-blind", *LOOKS, *OBJECTS)
        _, (level, _, _) = of(world.examined(journal, environ, inventory=in_bucket()), "aws.anchor")
        assert level == "warning"


@pytest.fixture
def told(world):
    """Serves the same GitHub to a fine-grained token, with something else in each answer."""
    servers = []

    def serve(**changed):
        def app(environ, start_response):
            said = []
            body = b"".join(world.github.app(environ, lambda *given: said.append(given)))
            found = json.loads(body)
            changes = {name: value for name, value in changed.items() if name in found}
            body = json.dumps({**found, **changes}).encode() if changes else body
            status, headers = said[0][:2]
            gone = {"content-length", "x-oauth-scopes"}
            kept = [(name, value) for name, value in headers if name.lower() not in gone]
            start_response(status, [*kept, ("Content-Length", str(len(body)))])
            return [body]

        servers.append(Server(one_at_a_time(app, world.github._changed), 0))
        return {**world.environ, "GITHUB_API_URL": servers[-1].url}

    yield serve
    for server in servers:
        server.close()


class TestIssue:
    def test_one_that_is_there_is_fine(self, world, journal):
        [(level, what, _)] = of(world.examined(journal, inventory=on_issue()), "github.anchor")
        assert (level, what) == (
            "ok",
            f"There is an issue 1 in {seed.REPOSITORY}, and it can be commented on.",
        )

    def test_one_that_is_not_there(self, world, journal):
        [(level, what, mend)] = of(world.examined(journal, inventory=on_issue(99)), "github.anchor")
        assert (level, "There is no issue 99" in what) == ("failed", True)
        assert mend.startswith(f"gh issue create --repo {seed.REPOSITORY}")

    @pytest.mark.parametrize(
        ("changed", "level", "mend"),
        [
            ({"archived": True}, "failed", "gh repo unarchive"),
            ({"locked": True, "permissions": {"pull": True}}, "failed", "gh issue unlock 1"),
            ({"locked": True, "permissions": {"pull": True, "push": True}}, "ok", ""),
        ],
    )
    def test_one_that_cannot_be_commented_on(self, world, journal, told, changed, level, mend):
        [found] = of(world.examined(journal, told(**changed), inventory=on_issue()), "github.anchor")
        assert found[0] == level
        assert mend in found[2]

    def test_the_token_needs_to_write_issues_only_where_they_are_an_anchor(self, world, journal, told):
        for inventory, wanted in ((on_issue(), True), (Inventory(), False)):
            [(_, what, _)] = of(world.examined(journal, inventory=inventory, environ=told()), "github.scopes")
            assert ("Issues: write" in what) == wanted


class TestKey:
    def test_there_is_none_and_none_is_made(self, world, journal):
        [(level, what, _)] = of(world.examined(journal, inventory=Inventory()), "audit-key")
        assert (level, what.startswith("There is none yet")) == ("ok", True)
        assert not AUDIT_KEY.path(journal.parent.parent).exists()

    def test_its_public_half_is_shown(self, world, journal):
        key = signer(journal.parent.parent, {})
        [(level, what, _)] = of(world.examined(journal, inventory=Inventory()), "audit-key")
        assert level == "ok"
        assert what.endswith(str(key.verifier))

    def test_others_may_read_it(self, world, journal):
        signer(journal.parent.parent, {})
        path = AUDIT_KEY.path(journal.parent.parent)
        path.chmod(0o644)
        [(level, _, mend)] = of(world.examined(journal, inventory=Inventory()), "audit-key")
        assert level == "failed"
        assert f"chmod 600 {path}" in mend
