"""Where a leaked credential may be that the inventory does not know is told before anybody confirms."""

import re

import pytest
from small_inventory import NOW

from responder.beyond import concerned, of_found, warnings
from responder.exposure import LeakedAccessKey, LeakedServiceUser
from responder.found import Kind
from responder.inventory import EXAMPLE, Inventory
from responder.inventory.draft import draft
from responder.inventory.drift import drift
from responder.sandbox import seed

pytest_plugins = ("estate",)

PAIR = dict.fromkeys(("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"), "x")
TESTS = b"on: push\njobs: {t: {steps: [{run: 'make ${{ secrets.MODAL_TOKEN_SECRET }}'}]}}\n"


@pytest.fixture
def inventory(tmp_path):
    return Inventory.load(EXAMPLE, {}, tmp_path)


def key(user=seed.KEY_OWNER):
    return LeakedAccessKey(credential="x", known=False, identifier="AKIAIOSFODNN7EXAMPLE", user=user)


def token():
    return LeakedServiceUser(
        credential="x", known=False, identifier="ak-1", name="ci-prod", base="ci-prod", roles={}
    )


def warned(exposure, inventory, found):
    return list(warnings(*concerned(exposure), inventory, found))


def test_nothing_is_said_where_the_inventory_knows_all(estate, inventory):
    exposure = inventory.exposure("prod.env", NOW, [key(), token()])
    assert (warned(exposure, inventory, estate.survey())) == []


def test_a_secret_with_a_telling_name_is_warned_of_for_what_it_may_hold_alone(estate, inventory):
    estate.modal.add_secret("tools", "dev", PAIR, created_by="sam")
    found = estate.survey()
    aws = warned(inventory.exposure("-", NOW, [key()]), inventory, found)
    assert len(aws) == 1
    assert aws[0].startswith(
        "May also be in Modal Secret dev/tools, AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY (since "
    )
    assert "which the inventory does not know" in aws[0]
    assert (warned(inventory.exposure("-", NOW, [token()]), inventory, found)) == []


def test_an_app_and_a_workflow_that_the_inventory_does_not_know_are_warned_of(estate, inventory, tmp_path):
    estate.deploy_another(tmp_path, "sidecar", "prod")
    branch = estate.github._state.repository(seed.REPOSITORY).branches["main"]
    branch.files[".github/workflows/tests.yml"] = TESTS
    found = estate.survey()
    (app,) = warned(inventory.exposure("-", NOW, [key()]), inventory, found)
    assert app.startswith("Modal app sidecar in prod is given Modal Secret my-app-secrets in prod, and")
    assert app.endswith("it keeps the old value until somebody deploys it again.")
    (workflow,) = warned(inventory.exposure("-", NOW, [token()]), inventory, found)
    assert workflow.startswith(f"GitHub workflow tests.yml of {seed.REPOSITORY} uses GitHub ")


def test_without_an_inventory_every_place_is_told(estate):
    found = warned(Inventory().exposure("-", NOW, [key()]), Inventory(), estate.survey())
    assert [one.split(", ")[0] for one in found] == [
        "May also be in Modal Secret dev/my-app-secrets",
        "May also be in Modal Secret prod/my-app-secrets",
    ]


def test_the_graph_of_a_leak_marks_what_only_the_services_know(estate, inventory, tmp_path):
    estate.modal.add_secret("tools", "dev", PAIR, created_by="sam")
    estate.deploy_another(tmp_path, "sidecar", "dev", secret="tools")
    widened = of_found({"AKIA": Kind.AWS_ACCESS_KEY}, {"AKIA": "s3"}, inventory, estate.survey())
    assert {node.label for node in widened.unknown} == {
        "Modal Secret dev/tools",
        "Modal app sidecar in dev",
    }
    (credential,) = widened.reach.credentials
    (place,) = [e.target for e in widened.reach.of(credential) if e.target in widened.unknown]
    assert [edge.how for edge in widened.reach.of(place)] == ["is read by"]
    days = re.findall(r"; made 20\d\d-\d\d-\d\d", " ".join(e.target.detail for e in widened.reach.edges))
    assert len(days) == 3, "the two of the inventory, and the one beside them"


def test_the_graph_says_which_functions_are_given_a_secret_and_which_workflow_deploys_them(estate, inventory):
    widened = of_found({"AKIA": Kind.AWS_ACCESS_KEY}, {"AKIA": "s3"}, inventory, estate.survey())
    apps = [e.target.detail for e in widened.reach.edges if e.target.kind == "workload"]
    assert apps[0] == "executor-dev; Executor.*, digests, identity; deployed by modal_deploy.yml"


def test_what_no_inventory_knows_may_be_wherever_its_family_is_kept_and_used(estate):
    kinds = {"AKIA": Kind.AWS_ACCESS_KEY, "ak-1": Kind.MODAL_TOKEN, "ghp": Kind.GITHUB_TOKEN}
    widened = of_found(kinds, {}, Inventory(), estate.survey())
    found = {
        one.key: [edge.target.label for edge in widened.reach.of(one)] for one in widened.reach.credentials
    }
    assert found == {
        "AKIA": ["Modal Secret dev/my-app-secrets", "Modal Secret prod/my-app-secrets"],
        "ak-1": [f"GitHub {seed.REPOSITORY}, environment {name}" for name in ("dev", "prod")],
        "ghp": [],
    }
    used = {edge.target.label for edge in widened.reach.edges if edge.how in ("is read by", "is used by")}
    assert "Modal app rentagpu-executor in prod" in used
    assert f"GitHub workflow modal_deploy.yml of {seed.REPOSITORY}" in used


def test_a_token_of_github_may_be_in_any_secret_that_is_called_so(estate, inventory):
    estate.modal.add_secret("tools", "dev", {"GITHUB_TOKEN": "x", "GITHUB_URL": "x"}, created_by="sam")
    estate.github.put_repository_secret(seed.REPOSITORY, "RELEASE_PAT", "x")
    found = estate.survey()
    widened = of_found({"sha256:1": Kind.GITHUB_TOKEN}, {}, inventory, found)
    held = {edge.target.label: edge.target.detail.split(";")[0] for edge in widened.reach.edges}
    repository = f"GitHub {seed.REPOSITORY}, secrets of the repository"
    assert held == {"Modal Secret dev/tools": "GITHUB_TOKEN", repository: "RELEASE_PAT"}
    assert drift(inventory, found) == (), "nobody can say which it is, nor place it"


def test_what_a_draft_still_asks_about_may_be_where_the_draft_has_it(estate, tmp_path):
    discovered = estate.survey()
    (tmp_path / "respond.toml").write_text(draft(discovered, seed.REPOSITORY, "2026-03-01"))
    drafted = Inventory.load(tmp_path / "respond.toml", {}, tmp_path)
    widened = of_found({"AKIA": Kind.AWS_ACCESS_KEY}, {}, drafted, discovered)
    (credential,) = widened.reach.credentials
    places = [edge.target for edge in widened.reach.of(credential)]
    assert [one.label for one in places] == [
        "Modal Secret dev/my-app-secrets",
        "Modal Secret prod/my-app-secrets",
    ]
    apps = [edge.target for place in places for edge in widened.reach.of(place)]
    assert [one.label for one in apps] == [
        f"Modal app rentagpu-executor in {name}" for name in ("dev", "prod")
    ]
    assert widened.unknown == {*places}, "the apps are in it"
    assert len(warned(drafted.exposure("-", NOW, [key()]), drafted, discovered)) == len(places)


def test_a_workflow_that_the_inventory_has_may_use_what_it_has_not(estate, inventory):
    for name in ("MODAL_TOKEN_ID", "MODAL_TOKEN_SECRET"):
        estate.github.put_repository_secret(seed.REPOSITORY, name, "x")
    widened = of_found({"ak-1": Kind.MODAL_TOKEN}, {}, inventory, estate.survey())
    (place,) = [edge.target for edge in widened.reach.of(widened.reach.credentials[0])]
    (workflow,) = [edge.target for edge in widened.reach.of(place)]
    assert workflow.label == f"GitHub workflow modal_deploy.yml of {seed.REPOSITORY}"
    assert widened.unknown == {place}


def test_the_graph_says_when_a_secret_at_github_was_changed(estate, inventory):
    widened = of_found({"ak-1": Kind.MODAL_SERVICE_USER}, {"ak-1": "ci-prod"}, inventory, estate.survey())
    details = [e.target.detail for e in widened.reach.edges if e.target.kind == "placement"]
    assert re.fullmatch(r"MODAL_TOKEN_ID and MODAL_TOKEN_SECRET; changed 20\d\d-\d\d-\d\d", details[0])
