"""Each point of `respond check` broken on purpose, one after another: it is found, and it alone."""

import pytest
from check_world import (
    allowing,
    commit,
    implicit_environment,
    looked,
    no_reviewers,
    of,
    silent_permissions,
    team_in_which_each_approves_their_own,
    verdicts,
)

from responder.sandbox import seed
from responder.sandbox.aws.kept_trail import Keeping

pytest_plugins = ["doctor_world", "check_world"]


def plaintext(world, project):
    key = world.leaked
    pair = f"AWS_ACCESS_KEY_ID={key.access_key_id}\nAWS_SECRET_ACCESS_KEY={key.secret_access_key}\n"
    (project / "my notes.txt").write_text(f"first line\n{pair}")
    commit(project)


def secret_alone(world, project):
    (project / "settings.py").write_text(f"AWS_SECRET_ACCESS_KEY={world.leaked.secret_access_key}\n")
    commit(project)


def private_key(_world, project):
    (project / "deploy.pem").write_text("\n-----BEGIN OPENSSH PRIVATE KEY-----\nabc\n")
    commit(project)


def taken_out_of_the_folder_alone(world, project):
    plaintext(world, project)
    (project / "my notes.txt").unlink()


def ignored_at_the_root_alone(_world, project):
    (project / ".gitignore").write_text("/*.env\n/.env*\n.modal.toml\n")
    (project / "tools").mkdir()
    (project / "tools/run.py").write_text("pass\n")
    commit(project)


def token_of_gh(_world, project):
    (project / ".config/gh").mkdir(parents=True)
    (project / ".config/gh/hosts.yml").write_text("github.com: {}\n")


def stranger_in_prod(world, _project):
    world.modal.add_service_user("old-ci", {"prod": "contributor"}, created_by="ada")


def wild_writes(world, _project):
    world.aws.put_user_policy("rentagpu-s3-prod", "wide", allowing(["s3:Put*"]))


def every_user(world, _project):
    of_users = {
        "Effect": "Allow",
        "Action": "iam:CreateAccessKey",
        "Resource": "arn:aws:iam::333333333333:user/*",
    }
    world.aws.put_user_policy("rentagpu-s3-prod", "wide", {"Version": "2012-10-17", "Statement": of_users})


def static_key_at_github(world, _project):
    world.github.put_environment_secret(seed.REPOSITORY, "dev", "AWS_SECRET_ACCESS_KEY", "x")


def token_of_prod_in_the_repository(world, _project):
    world.github.put_repository_secret(seed.REPOSITORY, "MODAL_TOKEN_SECRET", "x")


def no_issue(world, _project):
    state = world.github.snapshot()
    state.repositories[seed.REPOSITORY].issues.clear()
    world.github.restore(state)


def not_ignored(_world, project):
    (project / ".gitignore").unlink()


def committed(_world, project):
    (project / ".env").write_text("PASSWORD=x\n")
    commit(project)


def token_file(_world, project):
    (project / ".modal.toml").write_text("[default]\n")


def token_file_below(_world, project):
    (project / "tools/.aws").mkdir(parents=True)
    (project / "tools/.aws/credentials").write_text("[default]\n")


def open_prod(world, _project):
    def change(state):
        state.environments["prod"].restricted = False

    world.change_modal(change)


def too_many_roles(world, _project):
    def change(state):
        state.service_users["ci-dev"].roles["prod"] = "contributor"

    world.change_modal(change)


def wildcard(world, _project):
    world.aws.put_user_policy("rentagpu-s3-prod", "wide", allowing("s3:*"))


def everything(world, _project):
    policy = {"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"}
    world.aws.put_user_policy("rentagpu-s3-dev", "wide", {"Version": "2012-10-17", "Statement": policy})


def every_bucket(world, _project):
    world.aws.put_user_policy("rentagpu-s3-prod", "wide", allowing(["s3:GetObject"], "*"))


def written_permissions(world, _project):
    world.change_workflow("permissions: {}\n", "permissions: {contents: write}\n")


def all_permissions_for_a_job(world, _project):
    world.change_workflow(
        "    permissions:\n      contents: read # checkout\n", "    permissions: write-all\n"
    )


def personal_token(world, _project):
    def change(state):
        [app] = [one for one in state.apps.values() if one.environment == "prod"]
        app.versions[-1].deployed_by = "sam"

    world.change_modal(change)


def a_second_reviewer_and_either_for_themselves(world, _project):
    world.github.add_environment(seed.REPOSITORY, "prod", reviewers=["grace", "sam"], branches=["main"])


def reviewer_who_left(world, _project):
    state = world.github.snapshot()
    del state.repositories[seed.REPOSITORY].permissions["grace"]
    world.github.restore(state)


def team_of_nobody(world, _project):
    world.github.add_team("rentagpu", "release", repositories={seed.REPOSITORY: "write"})
    world.github.add_environment(seed.REPOSITORY, "prod", teams=["release"], branches=["main"])


def every_branch(world, _project):
    world.github.add_environment(seed.REPOSITORY, "prod", reviewers=["grace"])


def protected_branches_of_which_there_are_none(world, _project):
    state = world.github.snapshot()
    state.repositories[seed.REPOSITORY].environments["prod"].branch_policy = "protected"
    for branch in state.repositories[seed.REPOSITORY].branches.values():
        branch.protected = False
    world.github.restore(state)


def no_branch(world, _project):
    state = world.github.snapshot()
    state.repositories[seed.REPOSITORY].environments["prod"].branch_patterns = {}
    world.github.restore(state)


def another_branch(world, _project):
    world.github.add_environment(seed.REPOSITORY, "prod", reviewers=["grace"], branches=["main", "hotfix"])


def environment_in_a_comment(world, project):
    implicit_environment(world, project)
    world.change_workflow("      X: y\n", "      X: y # MODAL_ENVIRONMENT: dev\n")
    world.change_workflow("jobs:\n", "# modal deploy --env dev\njobs:\n")


def trail_off(world, _project):
    world.aws.keep_trail(Keeping(on=False))


def trail_that_fails_to_deliver(world, _project):
    world.aws.keep_trail(Keeping(error="AccessDenied"))


def trail_of_reads(world, _project):
    world.aws.keep_trail(Keeping(reads_only=True))


@pytest.mark.parametrize(
    ("breaks", "point", "says"),
    [
        (plaintext, "plaintext", "my notes.txt holds the aws-access-key AKIA"),
        (plaintext, "plaintext", "respond leak --file 'my notes.txt',"),
        (secret_alone, "plaintext", "settings.py holds an AWS secret access key without its id"),
        (private_key, "plaintext", "deploy.pem holds a private key"),
        (taken_out_of_the_folder_alone, "plaintext", "my notes.txt holds the aws-access-key AKIA"),
        (ignored_at_the_root_alone, "ignored", "git would take tools/.env, tools/.env.prod, tools/prod.env"),
        (token_of_gh, "token-files", "mv .config/gh/hosts.yml ~/.config/gh/hosts.yml"),
        (stranger_in_prod, "roles", "old-ci is contributor in prod, and respond.toml does not know it"),
        (wild_writes, "policies", "policy wide allows s3:Put*"),
        (every_user, "policies", "iam:CreateAccessKey on every arn:aws:iam::333333333333:user/*"),
        (static_key_at_github, "static-keys", f"{seed.REPOSITORY}/dev/AWS_SECRET_ACCESS_KEY"),
        (
            token_of_prod_in_the_repository,
            "protection",
            "MODAL_TOKEN_SECRET is a secret of the repository",
        ),
        (no_issue, "anchors", "There is no issue 1"),
        (not_ignored, "ignored", "git would take .env"),
        (committed, "ignored", "git keeps .env"),
        (token_file, "token-files", ".modal.toml is inside the project"),
        (token_file_below, "token-files", "mv tools/.aws/credentials ~/.aws/credentials"),
        (open_prod, "restricted", "Every member of the workspace may change Modal environment prod"),
        (too_many_roles, "roles", "ci-dev is contributor in prod"),
        (wildcard, "policies", "policy wide allows s3:*"),
        (everything, "policies", "policy wide allows all but what it names"),
        (every_bucket, "policies", "s3:GetObject on everything"),
        (silent_permissions, "workflow-permissions", "says no `permissions:`"),
        (written_permissions, "workflow-permissions", "gives its jobs contents: write"),
        (all_permissions_for_a_job, "workflow-permissions", "gives its jobs write-all"),
        (personal_token, "personal-tokens", "deployed by sam, which is no service user"),
        (no_reviewers, "protection", "Nobody has to approve"),
        (reviewer_who_left, "protection", "nobody of them can any more"),
        (team_of_nobody, "protection", "release must approve what is deployed to environment prod"),
        (a_second_reviewer_and_either_for_themselves, "protection", "Whoever of grace, sam deploys"),
        (team_in_which_each_approves_their_own, "protection", "Prevent self-review"),
        (every_branch, "protection", "Every branch may deploy"),
        (protected_branches_of_which_there_are_none, "protection", "Every branch may deploy"),
        (no_branch, "protection", "No branch may deploy"),
        (another_branch, "protection", "hotfix may deploy"),
        (
            implicit_environment,
            "explicit-environment",
            "the default: modal deploy gpu_app",
        ),
        (
            environment_in_a_comment,
            "explicit-environment",
            "the default: modal deploy gpu_app",
        ),
        (trail_off, "logs", "management-events is off"),
        (trail_off, "logs", "aws cloudtrail start-logging --name management-events"),
        (trail_that_fails_to_deliver, "logs", "fails to write to bucket rentagpu-audit: AccessDenied"),
        (trail_of_reads, "logs", "leaves out the management events that change something"),
    ],
)
def test_what_is_broken_is_found_and_nothing_else(broken, baseline, project, breaks, point, says):
    breaks(broken, project)
    results = looked(broken, project, baseline)
    assert verdicts(results) == {point: "fail"}
    assert says in of(results, point)
