"""What a review tells of a repository's guards, its company, and who keeps what for it."""

import pytest
from github_reviewed import REPOSITORY, reviewed
from looks import looked

from responder.action import Done
from responder.providers.github.evict import Numbered, RemoveWebhook, WithdrawInvitation
from responder.review.reading import new_among, raised, seen
from responder.sandbox.faults import read_rule

ORG = "rentagpu"
OF = f"/repos/{REPOSITORY}"
RULES = {"name": "main", "enforcement": "active", "rules": [{"type": "pull_request"}]}
RUNNER = {"name": "box", "runner_group_id": 1, "labels": ["gpu"]}
HOOK = {"name": "web", "config": {"url": "https://relay.invalid/?t=canary"}}


@pytest.fixture(scope="module")
def opened():
    with reviewed() as world:
        world.plane.add_branch(REPOSITORY, "main", protected=True)
        yield world


@pytest.fixture
def world(opened):
    was = opened.plane.snapshot()
    yield opened
    opened.plane.restore(was)


def test_a_ruleset_is_told_with_how_it_holds_and_by_whom_where_the_audit_log_has_it(world):
    number = world.ask("POST", f"{OF}/rulesets", **RULES)["id"]
    made = world.worth()["github.ruleset-changed", REPOSITORY, str(number)]
    assert (made.severity, made.by) == ("medium", "oncall")
    assert made.undo == f"gh api -X DELETE repos/{REPOSITORY}/rulesets/{number}"
    world.ask("PUT", f"{OF}/rulesets/{number}", "sam", enforcement="disabled")
    off = world.worth()["github.ruleset-changed", REPOSITORY, str(number)]
    assert (off.severity, off.key == made.key) == ("high", False)
    assert "and is disabled" in off.what


def test_what_github_gives_no_date_for_is_told_once_a_later_look_finds_it_otherwise(world):
    before = seen(looked(world.review()))
    world.ask("DELETE", f"{OF}/branches/main/protection")
    runner = world.ask("POST", f"{OF}/actions/runners/generate-jitconfig", **RUNNER)["runner"]["id"]
    at = f"/orgs/{ORG}/actions/runners/generate-jitconfig"
    elsewhere = world.ask("POST", at, **RUNNER)["runner"]["id"]
    world.plane.add_member(ORG, "sam", "admin")
    world.plane.add_team(ORG, "helpers", ["reader"], repositories={REPOSITORY: "admin"})
    again = raised(world.review(), before)
    assert {(one.kind, one.subject): one.severity for one in new_among(again.traces, before)} == {
        ("github.branch-guard", "main"): "high",
        ("github.owner", "sam"): "critical",
        ("github.team", "helpers"): "high",
        ("github.collaborator", "reader"): "high",
        ("github.runner", str(runner)): "high",
        ("github.runner", str(elsewhere)): "high",
        ("github.activity", "protected_branch.destroy"): "low",
        ("github.activity", "repo.register_self_hosted_runner"): "low",
    }


def test_of_what_guards_a_branch_only_what_it_lost_is_news(world):
    before = seen(looked(world.review()))
    number = world.ask("POST", f"{OF}/rulesets", **{**RULES, "rules": [{"type": "deletion"}]})["id"]
    (more,) = [one for one in raised(world.review(), before).traces if one.kind == "github.branch-guard"]
    assert more.severity == "info"
    before = seen(looked(world.review()))
    world.ask("DELETE", f"{OF}/rulesets/{number}")
    (less,) = [one for one in raised(world.review(), before).traces if one.kind == "github.branch-guard"]
    assert less.severity == "high"
    assert less.because.startswith("At the look before it was also guarded by: deletion (ruleset). ")


def test_secrets_are_told_whoever_keeps_them_and_variables_as_less(world):
    at = world.repository()
    at.create_secret("PULL", "canary-of-a-secret", secret_type="dependabot")
    at.create_variable("REGION", "eu")
    at.get_environment("prod").create_variable("TARGET", "elsewhere")
    world.plane.put_organization_variable(ORG, "FOR_ALL", "x")
    found = {(one.kind, one.of, one.subject): one for one in world.worth().values()}
    assert {key: (one.severity, one.undo) for key, one in found.items()} == {
        ("github.secret-updated", f"{REPOSITORY} dependabot", "PULL"): (
            "medium",
            f"gh secret delete PULL --repo {REPOSITORY} --app dependabot",
        ),
        ("github.variable-updated", REPOSITORY, "REGION"): (
            "low",
            f"gh variable delete REGION --repo {REPOSITORY}",
        ),
        ("github.variable-updated", f"{REPOSITORY}/prod", "TARGET"): (
            "low",
            f"gh variable delete TARGET --env prod --repo {REPOSITORY}",
        ),
        ("github.variable-updated", REPOSITORY, "FOR_ALL"): (
            "low",
            f"gh variable delete FOR_ALL --org {ORG}",
        ),
    }


def test_an_environments_name_is_one_word_of_what_is_pasted(world):
    world.plane.add_environment(REPOSITORY, "a;id")
    world.ask("POST", f"{OF}/environments/a%3Bid/variables", name="TARGET", value="x")
    found = world.worth()["github.variable-updated", f"{REPOSITORY}/a;id", "TARGET"]
    assert found.undo == f"gh variable delete TARGET --env 'a;id' --repo {REPOSITORY}"


def test_what_an_organisation_lets_in_is_told_and_removed(world):
    outsider = world.ask("GET", "/users/outsider")["id"]
    hook = world.ask("POST", f"/orgs/{ORG}/hooks", **HOOK)["id"]
    invited = world.ask("POST", f"/orgs/{ORG}/invitations", invitee_id=outsider, role="admin")["id"]
    app = world.plane.add_installation(ORG, "helper")
    found = world.worth(logins=("oncall",))
    assert {(one.kind, one.of, one.subject): one.severity for one in found.values()} == {
        ("github.webhook-added", ORG, str(hook)): "high",
        ("github.member-invited", ORG, str(invited)): "critical",
        ("github.app-installed", ORG, str(app)): "high",
    }
    installed = found["github.app-installed", ORG, str(app)]
    assert "contents: write" in installed.because
    assert installed.because.endswith(f"/organizations/{ORG}/settings/installations/{app}")
    for action, number in ((RemoveWebhook(), hook), (WithdrawInvitation(), invited)):
        given = Numbered(repository=ORG, number=str(number))
        action.apply(world.call, given)
        assert isinstance(action.verify(world.call, given, None), Done)
    assert {one.kind for one in world.worth().values()} == {"github.app-installed"}


def test_who_is_no_owner_is_told_in_one_line_what_of_the_organisation_they_are_not_shown(world):
    world.plane.add_member(ORG, "grace")
    reviewed = world.review(world.as_("grace"))
    (said,) = [one for one in reviewed.unread if one.startswith("the Codespaces secrets, ")]
    assert "applications, invitations, runners, webhooks of the organisation rentagpu" in said
    assert said in reviewed.limited, "nobody of these rights ever sees it"


@pytest.mark.parametrize(
    ("list_", "said"),
    [
        ("actions/runs", "the workflow runs"),
        ("/activity", "who pushed what"),
        ("executor/keys", "the deploy keys"),
        ("executor/hooks", "the webhooks"),
        ("/collaborators", "the collaborators"),
        ("executor/invitations", "the invitations"),
        ("/environments", "the environments"),
        ("/deployments", "the deployments"),
        ("executor/actions/runners", "the self-hosted runners"),
        ("executor/actions/secrets", "the repository's secrets"),
        ("actions/variables", "the repository's variables"),
        ("executor/dependabot", "the Dependabot secrets"),
        ("executor/codespaces", "the Codespaces secrets"),
        ("actions/organization-secrets", "the organisation's secrets"),
        ("actions/organization-variables", "the organisation's variables"),
        ("executor/teams", "the teams"),
        ("prod/secrets", "the secrets of environment prod"),
        ("prod/variables", "the variables of environment prod"),
        ("/commits", "the workflows on main"),
        ("/rulesets", "the rulesets"),
        ("rules/branches", "what guards main"),
        ("/audit-log", "the audit log"),
        ("rentagpu/hooks", "the webhooks of the organisation"),
        ("rentagpu/installations", "the applications of the organisation"),
        ("rentagpu/members", "the owners of the organisation"),
    ],
)
def test_a_list_that_is_denied_is_said_and_is_never_taken_for_an_empty_one(world, list_, said):
    world.faults.add([read_rule(f"github:GET {list_}:403")])
    reviewed = world.review()
    world.faults.clear()
    assert any(one.startswith(said) for one in reviewed.unread), reviewed.unread
    assert [one for one in reviewed.traces if one.to_look_at] == []
