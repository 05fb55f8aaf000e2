"""What `respond doctor` says of each service, with one thing wrong at a time."""

import json
import shlex
import time

import boto3
import pytest
from doctor_world import AWS, ONE_USER, SIMULATE, SOME, UNTRIABLE, declared, load

from responder.found import Kind
from responder.inventory import Audit, Credential, Inventory
from responder.providers.github.preflight import MEMBERS, ROLES
from responder.providers.modal.preflight import KNOWN
from responder.sandbox import seed
from responder.sandbox.github.server import Server, one_at_a_time
from responder.secret import Secret

pytest_plugins = ["doctor_world"]


@pytest.fixture
def scoped(world):
    """Serves the same GitHub, its tokens with other scopes; with None as fine-grained ones, without any."""
    servers = []

    def serve(scopes):
        def app(environ, start_response):
            def answer(status, headers, *rest):
                others = [header for header in headers if header[0] != "X-OAuth-Scopes"]
                said = [] if scopes is None else [("X-OAuth-Scopes", scopes)]
                return start_response(status, [*others, *said], *rest)

            return world.github.app(environ, answer)

        servers.append(Server(one_at_a_time(app, world.github._changed), 0))
        return {**world.environ, "GITHUB_API_URL": servers[-1].url}

    yield serve
    for server in servers:
        server.close()


def unanchored(world):
    """What anchors take is test_doctor_anchor.py's."""
    return world.inventory.model_copy(update={"audit": Audit()})


def assumed(world, role, *allowed):
    """An environment in which we work in a session of a fresh role that may do this."""
    everybody = {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}
    statement = {"Effect": "Allow", "Action": list(allowed), "Resource": "*"}
    iam, sts = (
        boto3.client(
            service,
            endpoint_url=world.environ["AWS_ENDPOINT_URL"],
            region_name="us-east-1",
            aws_access_key_id=world.environ["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=world.environ["AWS_SECRET_ACCESS_KEY"],
        )
        for service in ("iam", "sts")
    )
    trust = json.dumps({"Version": "2012-10-17", "Statement": [everybody]})
    arn = iam.create_role(RoleName=role, AssumeRolePolicyDocument=trust)["Role"]["Arn"]
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    iam.put_role_policy(RoleName=role, PolicyName="access", PolicyDocument=policy)
    got = sts.assume_role(RoleArn=arn, RoleSessionName="oncall")["Credentials"]
    return {
        **world.environ,
        "AWS_ACCESS_KEY_ID": got["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": got["SecretAccessKey"],
        "AWS_SESSION_TOKEN": got["SessionToken"],
    }


class TestAws:
    @pytest.mark.parametrize("missing", AWS)
    def test_one_permission_that_an_action_declares_is_missing(self, world, journal, missing):
        environ = world.operator("respond-limited", *SIMULATE, *SOME, *(p for p in AWS if p != missing))
        report = world.examined(journal, environ, inventory=ONE_USER)
        what = f"respond-limited may not {missing} on rentagpu-s3 (by iam:SimulatePrincipalPolicy)."
        assert report.failed[0] == f"aws.permissions: {what}"
        mend = next(a.finding.mend for a in report.answers if a.finding.what == what)
        assert mend.startswith("aws iam put-user-policy --user-name respond-limited ")

    @pytest.mark.parametrize("missing", sorted({*AWS} - UNTRIABLE))
    def test_one_is_missing_and_we_may_not_simulate(self, world, journal, missing):
        environ = world.operator("respond-limited", *SOME, *(p for p in AWS if p != missing))
        report = world.examined(journal, environ, inventory=ONE_USER)
        assert report.failed[0] == (
            f"aws.permissions: respond-limited may not {missing} on rentagpu-s3 "
            "(by calls that change nothing)."
        )
        assert any(all(name in line for name in UNTRIABLE) for line in report.warned)

    @pytest.mark.parametrize("missing", ["cloudtrail:LookupEvents", "iam:DeleteUser", "iam:PutRolePolicy"])
    def test_what_only_some_things_need_is_missing(self, world, journal, missing):
        rest = (one for one in {*SIMULATE, *SOME, *AWS} if one != missing)
        what, mend = world.examined(journal, world.operator("respond-limited", *rest)).only_warning()
        assert f"respond-limited may not {missing}, or that could not be found out: " in what
        assert missing in mend

    def test_what_cannot_be_tried_is_not_taken_for_allowed(self, world, journal):
        operator = world.operator("respond-blind", *AWS, *SOME)
        report = world.examined(journal, operator, inventory=unanchored(world))
        untold = next(line for line in report.warned if "without doing it" in line)
        assert "iam:CreateAccessKey, iam:PutUserPolicy could not be found out" in untold
        assert any("iam:SimulatePrincipalPolicy" in a.finding.mend for a in report.answers)
        assert not report.failed

    def test_the_mending_command_mends(self, world, journal):
        environ = world.operator("respond-limited", *SIMULATE, "iam:ListAccessKeys")
        _, mend = world.examined(journal, environ, inventory=unanchored(world)).only_failure()
        words = shlex.split(mend)
        policy = json.loads(words[words.index("--policy-document") + 1])
        mended = world.operator("respond-mended", *SIMULATE, *policy["Statement"][0]["Action"])
        assert policy["Statement"][0]["Resource"] == ["arn:aws:iam::333333333333:user/rentagpu-s3"]
        assert not world.examined(journal, mended, inventory=unanchored(world)).failed

    def test_a_session_of_a_role_is_asked_about_as_the_role(self, world, journal):
        allowed = (p for p in (*SIMULATE, *SOME, *AWS) if p != "iam:CreateAccessKey")
        environ = assumed(world, "respond-role", *allowed)
        what, mend = world.examined(journal, environ, inventory=unanchored(world)).only_failure()
        assert what.startswith("respond-role may not iam:CreateAccessKey on rentagpu-s3 (by iam:Simulate")
        assert mend.startswith("aws iam put-role-policy --role-name respond-role ")

    def test_an_explicit_deny_is_told_apart(self, world, journal):
        environ = world.operator("respond-denied", *SIMULATE, *SOME, *AWS, denied=("iam:CreateAccessKey",))
        what, mend = world.examined(journal, environ, inventory=unanchored(world)).only_failure()
        assert "A policy's Deny keeps respond-denied from iam:CreateAccessKey" in what
        assert "aws iam list-attached-user-policies --user-name respond-denied" in mend

    def test_a_user_that_does_not_exist(self, world, journal, tmp_path):
        inventory = load('user = "rentagpu-s3"', 'user = "rentagpu-s4"', tmp_path)
        what, mend = world.examined(journal, inventory=inventory).only_failure()
        assert what == "There is no IAM user rentagpu-s4."
        assert "aws iam list-users" in mend

    def test_two_keys_leave_no_room(self, world, journal):
        second = world.aws.add_access_key("rentagpu-s3").access_key_id
        what, mend = world.examined(journal).only_warning()
        assert second in what
        assert "aws iam delete-access-key --user-name rentagpu-s3" in mend

    def test_signed_in_as_the_user_whose_key_is_replaced(self, world, journal):
        statement = {"Effect": "Allow", "Action": "*", "Resource": "*"}
        policy = {"Version": "2012-10-17", "Statement": [statement]}
        world.aws.add_user("all-in-one", policy)
        environ = world.signed_in_to_aws(world.aws.add_access_key("all-in-one"))
        own = Credential(name="s3", kind=Kind.AWS_ACCESS_KEY, user="all-in-one")
        inventory = Inventory(credentials={"s3": own})
        what, mend = world.examined(journal, environ, inventory=inventory).only_failure()
        assert "You are signed in as all-in-one" in what
        assert "AWS_PROFILE" in mend

    def test_a_dead_key_is_told_once_and_the_others_stand(self, world, journal):
        report = world.examined(journal, {**world.environ, "AWS_ACCESS_KEY_ID": "AKIADEADDEADDEADDEAD"})
        what, mend = report.only_failure()
        assert "the key is unknown, inactive or deleted" in what
        assert what.endswith("Nothing else was asked of AWS.")
        assert "AWS_PROFILE" in mend


class TestModal:
    def test_every_declared_permission_is_known(self):
        assert set(declared("modal")) <= KNOWN

    def test_a_member_without_the_role_of_manager(self, world, journal):
        environ = world.signed_in_to_modal(world.modal.add_member_token("sam"))
        report = world.examined(journal, environ)
        lines = [line for line in report.failed if line.startswith("modal.permissions")]
        assert any("sam has the role member in workspace rentagpu" in line for line in lines)
        assert any("sam is viewer in prod, not contributor" in line for line in lines)
        assert not any("sam is viewer in dev" in line for line in lines)
        mends = [a.finding.mend for a in report.answers if a.about == "modal.permissions"]
        assert "modal environment roles update prod sam --role contributor" in mends
        assert any("make sam a manager" in mend for mend in mends)

    def test_signed_in_as_the_service_user_that_is_replaced(self, world, journal):
        report = world.examined(journal, world.signed_in_to_modal(world.ci["prod"]))
        token = world.ci["prod"].token_id
        assert any(f"{token} is what you are signed in with" in line for line in report.failed)
        assert any("ci-prod is no member of rentagpu" in line for line in report.failed)

    def test_a_secret_lacks_a_key(self, world, journal):
        def lose(state):
            for secret in state.secrets.values():
                if secret.environment == "prod":
                    secret.values.pop("AWS_SECRET_ACCESS_KEY", None)

        world.change_modal(lose)
        what, mend = world.examined(journal).only_failure()
        assert what.startswith("Secret my-app-secrets of prod has no AWS_SECRET_ACCESS_KEY, only AWS_ACCESS")
        assert "https://modal.com/secrets" in mend

    def test_a_secret_that_does_not_exist(self, world, journal, tmp_path):
        inventory = load('secret = "my-app-secrets"', 'secret = "my-apps-secrets"', tmp_path)
        report = world.examined(journal, inventory=inventory)
        assert report.failed == [
            "modal.s3: There is no Secret my-apps-secrets of dev.",
            "modal.s3: There is no Secret my-apps-secrets of prod.",
        ]

    def test_an_environment_that_does_not_exist(self, world, journal):
        own = world.inventory.workloads[0].model_copy(update={"environment": "staging", "workflow": None})
        inventory = Inventory(workloads=(own,))
        mends = {a.finding.what: a.finding.mend for a in world.examined(journal, inventory=inventory).answers}
        gone = "There is no environment staging in workspace rentagpu."
        assert mends[gone].startswith("modal environment create staging")

    def test_an_app_without_the_function(self, world, journal, tmp_path):
        inventory = load('function = "identity"', 'function = "whoami"', tmp_path)
        report = world.examined(journal, inventory=inventory)
        assert len(report.failed) == 2
        assert "There is no function whoami of app rentagpu-executor in prod." in report.failed[1]
        assert "modal deploy -e prod gpu_app/app.py" in [a.finding.mend for a in report.answers]

    def test_a_service_user_that_does_not_exist(self, world, journal, tmp_path):
        inventory = load('service_user = "ci-prod"', 'service_user = "ci-production"', tmp_path)
        what, mend = world.examined(journal, inventory=inventory).only_failure()
        assert what == "There is no service user ci-production."
        assert "modal workspace service-users list" in mend

    def test_a_successor_stands_for_its_base_and_two_of_them_are_one_too_many(self, world, journal):
        world.modal.add_service_user("ci-prod--3f9a2c7k", {"prod": "contributor"}, created_by="ada")
        what, mend = world.examined(journal).only_warning()
        assert what.startswith("ci-prod and ci-prod--3f9a2c7k stand for the same credential")
        assert "respond runs" in mend

    def test_a_member_token_of_the_inventory_is_looked_up(self, world, journal):
        sam = world.modal.add_member_token("sam").token_id
        own = world.environ["MODAL_TOKEN_ID"]
        kept = Credential(name="m", kind=Kind.MODAL_MEMBER_TOKEN, identifiers=(sam, "ak-gone", own))
        report = world.examined(journal, inventory=Inventory(credentials={"m": kept}))
        assert f"modal.m: There is a token {sam}." in report.of("ok")
        assert report.failed[0] == "modal.m: There is no token ak-gone that you may see."
        assert report.failed[1].startswith(f"modal.m: {own} is what you are signed in with")


class TestGithub:
    def test_every_declared_permission_is_known(self):
        assert set(declared("github")) <= {*ROLES, MEMBERS}

    def test_a_dead_token_is_told_once_and_the_others_stand(self, world, journal):
        dead = world.github.add_token("oncall", expires_at=time.time() - 1)
        report = world.examined(journal, {**world.environ, "GITHUB_TOKEN": dead})
        what, mend = report.only_failure()
        assert "Bad credentials" in what
        assert mend == "Set GITHUB_TOKEN to a token that lives."
        assert any(line.startswith("aws.permissions") for line in report.of("ok"))

    def test_a_person_who_may_only_read(self, world, journal):
        reader = world.github.add_user("reader")
        state = world.github.snapshot()
        state.repositories[seed.REPOSITORY].permissions["reader"] = "read"
        world.github.restore(state)
        report = world.examined(journal, {**world.environ, "GITHUB_TOKEN": reader})
        expected = (
            "reader may not push to rentagpu/executor, which Actions: write, Environments: write takes."
        )
        assert f"github.permissions: {expected}" in report.failed
        assert any("collaborators/reader -f permission=push" in a.finding.mend for a in report.answers)

    def test_a_person_who_may_push_is_told_what_a_review_is_not_shown(self, world, journal):
        grace = world.github.add_token("grace")
        report = world.examined(journal, {**world.environ, "GITHUB_TOKEN": grace})
        what, mend = report.only_warning()
        assert "grace is no administrator of rentagpu/executor" in what
        assert "permission=admin" in mend

    def test_a_repository_that_the_token_may_not_see(self, world, journal):
        stranger = world.github.add_user("stranger")
        report = world.examined(journal, {**world.environ, "GITHUB_TOKEN": stranger})
        gone = "There is no repository rentagpu/executor that this token may see."
        assert f"github.permissions: {gone}" in report.failed

    def test_an_environment_lacks_a_secret(self, world, journal):
        state = world.github.snapshot()
        del state.repositories[seed.REPOSITORY].environments["prod"].vault.secrets["MODAL_TOKEN_SECRET"]
        world.github.restore(state)
        what, mend = world.examined(journal).only_failure()
        assert what == "There is no secret MODAL_TOKEN_SECRET in environment prod of rentagpu/executor."
        assert mend.startswith("gh secret set MODAL_TOKEN_SECRET --env prod --repo rentagpu/executor")

    def test_an_environment_that_does_not_exist(self, world, journal):
        state = world.github.snapshot()
        del state.repositories[seed.REPOSITORY].environments["dev"]
        world.github.restore(state)
        what, mend = world.examined(journal).only_failure()
        assert what == "There is no environment dev of rentagpu/executor."
        assert mend.startswith("gh api -X PUT repos/rentagpu/executor/environments/dev")

    @pytest.mark.parametrize(
        ("old", "new", "flaw", "hint"),
        [
            ("      request:\n", "      asker:\n", "has no input `request`", "request: {type: string"),
            (
                "      environment:\n        desc",
                "      where:\n        desc",
                "has no input `envir",
                "inputs",
            ),
            ("${{ inputs.request }}", "deploy", "has no `run-name` that ends in", "run-name: Deploy"),
            (
                "' }} ${{ inputs.request }}",
                "' }}-${{ inputs.request }}",
                "has no `run-name`",
                "a space before",
            ),
            ("workflow_dispatch:", "workflow_call:", "cannot be dispatched", "workflow_dispatch"),
        ],
    )
    def test_a_workflow_whose_run_could_not_be_started_or_found_again(
        self,
        world,
        journal,
        old,
        new,
        flaw,
        hint,
    ):
        world.change_workflow(old, new)
        report = world.examined(journal)
        assert [line.partition(":")[0] for line in report.failed] == [
            "github.executor-dev",
            "github.executor-prod",
        ]
        assert all(flaw in line for line in report.failed)
        assert all(hint in a.finding.mend for a in report.answers if a.finding.level == "failed")

    def test_a_workflow_that_is_not_on_the_default_branch(self, world, journal, tmp_path):
        inventory = load('file = "modal_deploy.yml"', 'file = "deploy.yml"', tmp_path)
        report = world.examined(journal, inventory=inventory)
        assert len(report.failed) == 2
        assert "There is no .github/workflows/deploy.yml of rentagpu/executor" in report.failed[0]
        assert any("gh workflow list --repo rentagpu/executor" in a.finding.mend for a in report.answers)

    def test_a_workflow_is_looked_at_on_the_branch_that_is_run_too(self, world, journal, tmp_path):
        world.github.add_branch(seed.REPOSITORY, "release")
        world.change_workflow("${{ inputs.request }}", "${{ inputs.request }} ")
        inventory = load('ref = "main"', 'ref = "release"', tmp_path)
        assert not world.examined(journal, inventory=inventory).failed
        world.github.add_branch(seed.REPOSITORY, "release", {seed.WORKFLOW: b"on: push\njobs: {}\n"})
        report = world.examined(journal, inventory=inventory)
        assert all("on release cannot be dispatched" in line for line in report.failed)
        assert len(report.failed) == 2

    def test_our_own_token_is_one_of_the_inventorys(self, world, journal):
        own = Secret(world.environ["GITHUB_TOKEN"]).fingerprint
        kept = Credential(name="bot", kind=Kind.GITHUB_TOKEN, identifiers=(own,))
        report = world.examined(journal, inventory=Inventory(credentials={"bot": kept}))
        what, mend = report.only_failure()
        assert "The token in GITHUB_TOKEN is one that the inventory has replaced" in what
        assert "GITHUB_TOKEN" in mend

    @pytest.mark.parametrize("scopes", ["", "gist, read:org"])
    def test_a_classic_token_without_the_scope(self, world, journal, scoped, scopes):
        what, mend = world.examined(journal, scoped(scopes)).only_failure()
        assert what.startswith(f"The token's scopes: {scopes or 'none'}; Actions: write")
        assert mend == "Give it the scope `repo`: https://github.com/settings/tokens"

    def test_of_a_fine_grained_token_it_claims_nothing(self, world, journal, scoped):
        what, mend = world.examined(journal, scoped(None)).only_warning()
        assert (
            "does not say whether it has Actions: write, Administration: write, Environments: write" in what
        )
        assert "https://github.com/settings/personal-access-tokens" in mend
