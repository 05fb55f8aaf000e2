"""The draft says what is there, marks what it guessed, and asks what nobody can know."""

from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from responder.found import Kind
from responder.inventory import EXAMPLE, Inventory
from responder.inventory.draft import CHOOSE, draft
from responder.inventory.drift import drift
from responder.places import (
    Discovered,
    GithubEnvironment,
    GithubSecret,
    IamKey,
    IamUser,
    ModalApp,
    ModalEnvironment,
    ModalFunction,
    ModalSecret,
    ModalServiceUser,
    ProxyToken,
    Workflow,
)
from responder.sandbox import seed

pytest_plugins = ("estate",)

AT = datetime(2026, 3, 1, tzinfo=UTC)
AWS = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")
MODAL = ("MODAL_TOKEN_ID", "MODAL_TOKEN_SECRET")
REPOSITORY = "rentagpu/executor"


def load(tmp_path, text):
    path = tmp_path / "respond.toml"
    path.write_text(text, encoding="utf-8")
    return Inventory.load(path, {}, tmp_path)


def answered(text, answer):
    """Every value that begins with CHOOSE, as a person would give it."""
    lines = (
        f'{line.partition(" = ")[0]} = "{answer}"' if f' = "{CHOOSE}' in line else line
        for line in text.splitlines()
    )
    return "\n".join(lines) + "\n"


def meaning(inventory):
    """All that an inventory says, whatever names its tables have."""
    owners = {name: one.user or one.service_user for name, one in inventory.credentials.items()}

    def owned(names):
        return sorted(owners[name] for name in names)

    def plain(thing, **changed):
        return {**thing.model_dump(exclude={"name", "credential"}), **changed}

    return {
        "repository": inventory.repository,
        "guarded": inventory.guarded_environments,
        "credentials": {
            (one.kind, owners[name], one.max_age): [
                plain(place) for place in (*one.modal_secrets, *one.github_environments)
            ]
            for name, one in inventory.credentials.items()
        },
        "workloads": [
            plain(one, runs_with=owned(one.runs_with), deployed_with=owned(one.deployed_with))
            for one in inventory.workloads
        ],
    }


def test_with_its_one_question_answered_the_sandboxs_draft_says_what_the_sandboxs_inventory_does(
    estate, tmp_path
):
    discovered = estate.survey()
    text = draft(discovered, seed.REPOSITORY, "2026-03-01")
    assert text.count(f'"{CHOOSE}: ') == 1
    inventory = load(tmp_path, answered(text, seed.KEY_OWNER))
    assert meaning(inventory) == meaning(Inventory.load(EXAMPLE, {}, tmp_path))
    assert drift(inventory, discovered) == ()


def test_the_question_names_who_it_may_be_and_never_the_operator(estate):
    text = draft(estate.survey(), seed.REPOSITORY, "2026-03-01")
    (asked,) = [line for line in text.splitlines() if line.startswith("user = ")]
    question = "whose access key is in the Modal Secret my-app-secrets of dev and prod?"
    assert asked == f'user = "{CHOOSE}: {question}"'
    assert f"# {seed.KEY_OWNER}: {estate.leaked.access_key_id} made " in text
    assert "respond-operator" not in text


def test_what_no_run_can_fill_and_what_was_not_read_is_noted(estate):
    estate.modal.add_secret("half", "dev", {"AWS_SECRET_ACCESS_KEY": "x"}, created_by="ada")
    estate.github.put_organization_secret("rentagpu", "AWS_ACCESS_KEY_ID", "x")
    estate.github.put_organization_secret("rentagpu", "AWS_SECRET_ACCESS_KEY", "x")
    text = draft(estate.survey(AWS_SECRET_ACCESS_KEY="wrong"), REPOSITORY, "2026-03-01")
    assert f"# Not taken in: GitHub {REPOSITORY}, secrets of its organisation, AWS_ACCESS_KEY_ID and" in text
    assert "# Not taken in: Modal Secret dev/half, AWS_SECRET_ACCESS_KEY: only half of a pair." in text
    assert "# NOT READ: the IAM users: " in text


def test_what_the_repository_itself_keeps_is_taken_in_and_whose_it_is_asked(estate, tmp_path):
    estate.github.put_repository_secret(REPOSITORY, "MODAL_TOKEN_ID", "x")
    estate.github.put_repository_secret(REPOSITORY, "MODAL_TOKEN_SECRET", "x")
    text = draft(estate.survey(), REPOSITORY, "2026-03-01")
    (place,) = load(tmp_path, text).credentials["modal-repository"].github_repositories
    assert (place.repository, place.identifier_key, place.secret_key) == (REPOSITORY, *MODAL)
    assert (
        f"{CHOOSE}: which service user's token is in GitHub {REPOSITORY}, secrets of the repository?" in text
    )


def service_user(name, *environments):
    return ModalServiceUser(name=name, created_at=AT, roles=dict.fromkeys(environments, "contributor"))


def environment_secrets(environment, names=MODAL):
    return tuple(
        GithubSecret(
            repository=REPOSITORY,
            holder="environment",
            environment=environment,
            name=name,
            variable=False,
            updated_at=AT,
        )
        for name in names
    )


def app(environment, *secrets, by="ci", functions=("identity",)):
    return ModalApp(
        environment=environment,
        name="api",
        app_id=f"ap-{environment}",
        deployed_by=by,
        functions=tuple(ModalFunction(name=name, secret_ids=secrets) for name in functions),
    )


def test_which_of_several_service_users_it_is_is_asked(tmp_path):
    discovered = Discovered(
        service_users=(service_user("ci-a", "prod"), service_user("ci-b", "prod")),
        github_secrets=environment_secrets("prod"),
    )
    text = draft(discovered, REPOSITORY, "2026-03-01")
    assert f"service_user = \"{CHOOSE}: which service user's token is in GitHub" in text
    assert "# ci-a\n# ci-b\n" in text
    load(tmp_path, text)


def test_who_deployed_is_taken_for_who_deploys_and_told_as_a_guess():
    discovered = Discovered(
        service_users=(service_user("ci-a", "prod"), service_user("ci-b--3f9a2c7k", "prod")),
        modal_apps=(app("prod", by="ci-b--3f9a2c7k"),),
        github_secrets=environment_secrets("prod"),
    )
    text = draft(discovered, REPOSITORY, "2026-03-01")
    assert 'service_user = "ci-b" # GUESS: it deployed what runs in the Modal environment prod' in text


def test_users_that_no_secret_has_a_name_for_are_taken_in_without_a_place(tmp_path):
    key = IamKey(access_key_id="AKIAIOSFODNN7EXAMPLE", active=True, created_at=AT, last_used="")
    users = tuple(IamUser(name=name, keys=(key,)) for name in ("backup", "ops"))
    discovered = Discovered(
        iam_users=(*users, IamUser(name="console", keys=())),
        service_users=(service_user("ci", "dev"),),
        ours=(("aws", "ops"),),
    )
    inventory = load(tmp_path, draft(discovered, "", "2026-03-01"))
    kinds = {one.user or one.service_user: one.kind for one in inventory.credentials.values()}
    assert kinds == {"backup": Kind.AWS_ACCESS_KEY, "ci": Kind.MODAL_SERVICE_USER}


def test_proxy_tokens_are_taken_in_by_their_identifiers(tmp_path):
    token = ProxyToken(token_id="wk-hook", name="web hook", created_at=AT, created_by="sam")
    inventory = load(tmp_path, draft(Discovered(proxy_tokens=(token,)), "", "2026-03-01"))
    (one,) = inventory.credentials.values()
    assert (one.name, one.kind, one.identifiers) == ("web-hook", Kind.MODAL_PROXY_TOKEN, (token.token_id,))


def test_what_deploys_and_what_tells_is_asked_where_nothing_says_it(tmp_path):
    discovered = Discovered(
        modal_secrets=(secret("prod", "keys"),),
        modal_apps=(app("prod", "st-prod-keys", functions=("work",)),),
    )
    text = draft(discovered, "", "2026-03-01")
    assert f'source = "{CHOOSE}: the app' in text
    assert f'function = "{CHOOSE}: the function that answers with its key id and container: work"' in text
    assert load(tmp_path, text).workloads[0].runs_with == ("keys",)


def test_a_workflow_is_dispatched_with_the_environment_that_it_offers(tmp_path):
    deploy = Workflow(
        repository="a/b",
        file="ship.yml",
        ref="trunk",
        names=(),
        any_name=False,
        inputs={"where": ("dev", "prod"), "why": ()},
        deploys=("one.py",),
    )
    test = deploy.model_copy(update={"file": "a.yml", "inputs": None})
    discovered = Discovered(
        modal_secrets=(secret("prod", "keys"),),
        modal_apps=(app("prod", "st-prod-keys"),),
        workflows=(test, deploy),
    )
    text = draft(discovered, REPOSITORY, "2026-03-01")
    (workload,) = load(tmp_path, text).workloads
    assert workload.workflow.model_dump() == {
        "repository": "a/b",
        "file": "ship.yml",
        "ref": "trunk",
        "inputs": {"where": "prod"},
    }
    assert workload.source == "one.py"
    assert "# ship.yml lacks an input `request`" in text


def secret(environment, name, keys=AWS):
    return ModalSecret(
        environment=environment,
        name=name,
        secret_id=f"st-{environment}-{name}",
        keys=keys,
        created_at=AT,
        last_used_at=None,
    )


names = st.text(st.characters(codec="utf-8"), min_size=1, max_size=12).filter(str.strip)


@settings(max_examples=30)
@given(st.lists(names, min_size=4, max_size=4, unique=True), names)
def test_whatever_things_are_called_the_draft_is_a_valid_inventory(tmp_path_factory, called, function):
    dev, prod, one, two = called
    discovered = Discovered(
        modal_environments=(ModalEnvironment(name=prod, restricted=True),),
        modal_secrets=(secret(dev, one), secret(prod, one), secret(prod, two)),
        modal_apps=(app(prod, f"st-{prod}-{one}", functions=(function,)),),
        service_users=(service_user("ci", prod),),
        github_environments=(GithubEnvironment(repository=REPOSITORY, name=two, protected=True),),
        github_secrets=(*environment_secrets(prod), *environment_secrets(two, AWS)),
        iam_users=(IamUser(name="u", keys=None),),
        unread=(f"{one}\n[audit]",),
    )
    inventory = load(tmp_path_factory.mktemp("draft"), draft(discovered, REPOSITORY, "2026-03-01"))
    assert len(inventory.credentials) == 4
    assert {(p.environment, p.secret) for p in inventory.modal_secrets} == {
        (dev, one),
        (prod, one),
        (prod, two),
    }


@pytest.mark.parametrize(
    ("environments", "guarded"),
    [({}, ("prod",)), ({"dev": False, "live": False, "eu": True}, ("eu", "live"))],
)
def test_what_is_restricted_or_called_as_production_is_guarded(tmp_path, environments, guarded):
    named = (ModalEnvironment(name=name, restricted=so) for name, so in environments.items())
    inventory = load(tmp_path, draft(Discovered(modal_environments=tuple(named)), "", "2026-03-01"))
    assert (inventory.credentials, inventory.workloads) == ({}, ())
    assert inventory.guarded_environments == guarded
