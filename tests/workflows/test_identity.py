"""GitHub's word for a job, and what AWS makes of it: the right job gets a session, and nobody else."""

import boto3
import jwt
import pytest
from automated import READS, iam_of, role
from botocore import UNSIGNED
from botocore.config import Config
from botocore.exceptions import ClientError
from cryptography.hazmat.primitives.asymmetric import rsa
from werkzeug.test import Client

from responder.sandbox import seed
from responder.sandbox.aws import AwsPlane
from responder.sandbox.github.oidc import ISSUER, Issuer
from responder.sandbox.github.workflow import load

AUDIENCE = "sts.amazonaws.com"
WHO = {"sub": f"repo:{seed.REPOSITORY}:environment:check", "repository_owner": "rentagpu"}


class Clock:
    now = 1_900_000_000.0

    def __call__(self):
        return self.now


@pytest.fixture(scope="module")
def aws():
    """An account with a role that jobs of one environment may be."""
    clock = Clock()
    plane = AwsPlane(clock, account="999999999999")
    key = plane.add_administrator("respond-operator")
    admin = {"AWS_ACCESS_KEY_ID": key.access_key_id, "AWS_SECRET_ACCESS_KEY": key.secret_access_key}
    url = plane.start()
    iam = iam_of({"AWS_ENDPOINT_URL": url}, admin)
    iam.create_open_id_connect_provider(Url=ISSUER, ClientIDList=[AUDIENCE], ThumbprintList=["0" * 40])
    plane.arn = role(iam, "respond-check", "check", READS)
    plane.sts = boto3.session.Session().client(
        "sts", endpoint_url=url, region_name="us-east-1", config=Config(signature_version=UNSIGNED)
    )
    plane.clock, plane.issuer = clock, Issuer(clock)
    plane.know_issuer(ISSUER, plane.issuer.public_key)
    yield plane
    plane.stop()


def word(aws, audience=AUDIENCE, **claims):
    return aws.issuer._word({**WHO, **claims}, audience)


def assume(aws, given):
    return aws.sts.assume_role_with_web_identity(
        RoleArn=aws.arn, RoleSessionName="check-1", WebIdentityToken=given
    )


def test_the_job_that_the_role_trusts_gets_a_session_of_it(aws):
    given = assume(aws, word(aws))
    assert given["AssumedRoleUser"]["Arn"].endswith(":assumed-role/respond-check/check-1")
    assert given["SubjectFromWebIdentityToken"] == WHO["sub"]
    (session,) = [one for one in aws.world()["sessions"] if one["owner"] == "respond-check"]
    assert session["access_key_id"] == given["Credentials"]["AccessKeyId"]


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"sub": f"repo:{seed.REPOSITORY}:pull_request"}, "AccessDenied"),
        ({"sub": "repo:somebody/else:environment:check"}, "AccessDenied"),
        ({"audience": "https://github.com/rentagpu"}, "InvalidIdentityToken"),
    ],
)
def test_another_job_or_a_word_for_another_service_is_refused(aws, given, code):
    with pytest.raises(ClientError, match=code):
        assume(aws, word(aws, **given))


def test_a_word_that_is_not_githubs_or_past_its_minutes_is_refused(aws):
    forged = jwt.encode(
        jwt.decode(word(aws), options={"verify_signature": False, "verify_exp": False}),
        rsa.generate_private_key(65537, 2048),
        "RS256",
    )
    for wrong in (forged, "no.word.at-all"):
        with pytest.raises(ClientError, match="InvalidIdentityToken"):
            assume(aws, wrong)
    late = word(aws)
    aws.clock.now += 301
    with pytest.raises(ClientError, match="ExpiredToken"):
        assume(aws, late)


@pytest.mark.parametrize(
    ("of_all", "of_job", "may"),
    [
        ("{}", "permissions: {id-token: write}", True),
        ("{id-token: write}", "name: one", True),
        ("{id-token: write}", "permissions: {contents: read}", False),
        ("write-all", "name: one", True),
        ("read-all", "name: one", False),
    ],
)
def test_only_a_job_that_may_identify_itself_can(of_all, of_job, may):
    text = f"on: push\npermissions: {of_all}\njobs: {{one: {{runs-on: x, {of_job}, steps: []}}}}\n"
    assert load("w.yml", text.encode()).jobs["one"].may_identify is may


def test_githubs_word_is_for_who_has_the_jobs_ticket_until_the_job_is_over():
    issuer = Issuer(Clock())
    ticket = issuer.admit(WHO)
    client = Client(issuer)
    bearer = {"Authorization": f"bearer {ticket}"}
    answer = client.get("/", query_string={"audience": AUDIENCE}, headers=bearer).get_json(force=True)
    of_another_day = dict.fromkeys(("verify_exp", "verify_nbf", "verify_iat"), False)
    key = issuer.public_key()
    claims = jwt.decode(answer["value"], key, ["RS256"], audience=AUDIENCE, options=of_another_day)
    assert claims.items() >= {"iss": ISSUER, "aud": AUDIENCE, "sub": WHO["sub"]}.items()
    assert client.get("/", headers={"Authorization": "bearer other"}).status_code == 401
    issuer.dismiss(ticket)
    assert client.get("/", headers=bearer).status_code == 401
