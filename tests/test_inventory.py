"""The inventory says what hangs on a leaked credential, and a mistake in it is told with its line."""

from datetime import UTC, datetime, timedelta

import pytest

from responder.exposure import (
    Found,
    GithubEnvironmentPlacement,
    Kind,
    LeakedAccessKey,
    LeakedGithubToken,
    LeakedMemberToken,
    LeakedProxyToken,
    LeakedServiceUser,
    ModalSecretPlacement,
    Workflow,
    base_of,
)
from responder.inventory import EXAMPLE, Credential, Inventory, InventoryError, NoInventoryError
from responder.inventory.lines import key_lines
from responder.secret import Secret, redact

NOW = datetime(2026, 3, 1, 3, 4, 5, tzinfo=UTC)
AKIA = "AKIAIOSFODNN7EXAMPLE"
AS = "as-7HdJ4gKf6MtVq2RxN9sLwB"

SMALL = """\
guarded_environments = ["prod"]

[github]
repository = "rentagpu/executor"

[credentials.s3]
kind = "aws-access-key"
user = "rentagpu-s3"

[[credentials.s3.modal_secrets]]
environment = "dev"
secret = "my-app-secrets"
identifier_key = "AWS_ACCESS_KEY_ID"
secret_key = "AWS_SECRET_ACCESS_KEY"

[[credentials.s3.modal_secrets]]
environment = "prod"
secret = "my-app-secrets"
identifier_key = "AWS_ACCESS_KEY_ID"
secret_key = "AWS_SECRET_ACCESS_KEY"

[credentials.ci]
kind = "modal-service-user"
service_user = "ci"

[[credentials.ci.github_environments]]
environment = "prod"
identifier_key = "MODAL_TOKEN_ID"
secret_key = "MODAL_TOKEN_SECRET"

[workloads.executor]
app = "rentagpu-executor"
environment = "prod"
function = "identity"
runs_with = ["s3"]
deployed_with = ["ci"]
workflow.file = "modal_deploy.yml"
"""


def load(tmp_path, text):
    (tmp_path / "respond.toml").write_text(text)
    return Inventory.load(None, {}, tmp_path)


@pytest.fixture
def world():
    return Inventory.load(EXAMPLE, {}, EXAMPLE.parent)


def service_user(name):
    return LeakedServiceUser(
        credential="ak-x",
        known=False,
        identifier="ak-x",
        secret=Secret(AS),
        name=name,
        base=base_of(name),
        roles={"prod": "contributor"},
    )


def access_key(user="rentagpu-s3", identifier=AKIA):
    return LeakedAccessKey(credential=identifier, known=False, identifier=identifier, user=user, life="live")


def test_the_annotated_example_is_the_inventory_of_the_drill(world):
    assert {name: one.kind for name, one in world.credentials.items()} == {
        "s3": Kind.AWS_ACCESS_KEY,
        "ci-dev": Kind.MODAL_SERVICE_USER,
        "ci-prod": Kind.MODAL_SERVICE_USER,
    }
    assert [(place.credential, place.environment) for place in world.modal_secrets] == [
        ("s3", "dev"),
        ("s3", "prod"),
    ]
    assert world.github_environments == tuple(
        GithubEnvironmentPlacement(
            credential=f"ci-{environment}",
            repository="rentagpu/executor",
            environment=environment,
            identifier_key="MODAL_TOKEN_ID",
            secret_key="MODAL_TOKEN_SECRET",
        )
        for environment in ("dev", "prod")
    )
    dev, prod = world.workloads
    assert (dev.name, prod.name) == ("executor-dev", "executor-prod")
    assert prod.workflow == Workflow(
        repository="rentagpu/executor", file="modal_deploy.yml", ref="main", inputs={"environment": "prod"}
    )
    assert (prod.app, prod.function, prod.source) == ("rentagpu-executor", "identity", "gpu_app/app.py")
    assert (prod.runs_with, prod.deployed_with) == (("s3",), ("ci-prod",))
    assert world.guarded_environments == ("prod",)
    assert world.credentials["s3"].max_age == timedelta(days=90)


def test_every_placement_and_workload_of_a_leaked_access_key_is_exposed(world):
    exposure = world.exposure("prod.env", NOW, [access_key()])
    (leaked,) = exposure.access_keys
    assert (leaked.credential, leaked.known, leaked.life) == ("s3", True, "live")
    assert {place.environment for place in exposure.modal_secrets} == {"dev", "prod"}
    assert exposure.github_environments == ()
    assert [one.name for one in exposure.workloads] == ["executor-dev", "executor-prod"]
    assert (exposure.source, exposure.seen_at) == ("prod.env", NOW)


@pytest.mark.parametrize("name", ["ci-prod", "ci-prod--3f9a2c7k"])
def test_a_service_user_is_known_by_its_base_name_and_exposes_what_it_deploys(world, name):
    exposure = world.exposure("prod.env", NOW, [service_user(name)])
    (leaked,) = exposure.service_users
    assert (leaked.credential, leaked.known, leaked.name) == ("ci-prod", True, name)
    assert [place.credential for place in exposure.github_environments] == ["ci-prod"]
    assert exposure.modal_secrets == ()
    assert [one.name for one in exposure.workloads] == ["executor-prod"]


def test_a_service_user_whose_own_name_has_dashes_is_named_as_it_is(tmp_path):
    text = SMALL.replace('service_user = "ci"', 'service_user = "ci--staging"')
    inventory = load(tmp_path, text)
    assert inventory.match(service_user("ci--staging--3f9a2c7k")) == "ci"
    assert inventory.match(service_user("ci")) is None


def test_what_the_inventory_does_not_know_is_exposed_all_the_same(world):
    stranger = Found(kind=Kind.MODAL_TOKEN, identifier="ak-stranger", secret=Secret(AS))
    leaked = [access_key(user="someone"), service_user("ci"), access_key(user="", identifier="AKIAUNKNOWN")]
    exposure = world.exposure("-", NOW, leaked, [stranger])
    assert [(one.credential, one.known) for one in exposure.leaked()] == [
        (AKIA, False),
        ("AKIAUNKNOWN", False),
        ("ak-x", False),
    ]
    assert exposure.unidentified == (stranger,)
    assert (exposure.modal_secrets, exposure.github_environments, exposure.workloads) == ((), (), ())


def test_an_empty_inventory_knows_nothing_and_guards_prod():
    nothing = Inventory()
    assert nothing.match(access_key()) is None
    assert nothing.exposure("-", NOW, [access_key(user="")]).access_keys[0].known is False
    assert nothing.guarded_environments == ("prod",)


def test_a_credential_leaked_twice_is_exposed_once(world):
    exposure = world.exposure("-", NOW, [access_key(), access_key()])
    assert len(exposure.access_keys) == 1
    assert len(exposure.modal_secrets) == 2


def test_tokens_that_no_user_names_are_known_by_their_identifiers(tmp_path):
    fingerprint = Secret("ghp_aB3dE5gH7jK9mN1pQ3sT5vW7yZ9bC1dE3fG5").fingerprint
    inventory = load(
        tmp_path,
        '[credentials.sam]\nkind = "modal-member-token"\nidentifiers = ["ak-old", "ak-sam"]\n'
        '[credentials.edge]\nkind = "modal-proxy-token"\nidentifiers = ["wk-1"]\n'
        f'[credentials.bot]\nkind = "github-token"\nidentifiers = ["{fingerprint}"]\n',
    )
    member = LeakedMemberToken(credential="ak-sam", known=False, identifier="ak-sam")
    proxy = LeakedProxyToken(credential="wk-1", known=False, identifier="wk-1")
    github = LeakedGithubToken(credential=fingerprint, known=False, identifier=fingerprint)
    exposure = inventory.exposure("-", NOW, [member, proxy, github])
    assert [one.credential for one in exposure.leaked()] == ["sam", "edge", "bot"]
    assert inventory.match(member.model_copy(update={"identifier": "ak-other"})) is None


def test_where_a_token_is_kept_that_no_run_can_replace_is_said_and_not_tried(tmp_path):
    sam = (
        '\n[credentials.sam]\nkind = "modal-member-token"\nidentifiers = ["ak-sam"]\n'
        '[[credentials.sam.modal_secrets]]\nenvironment = "dev"\nsecret = "tools"\n'
        'identifier_key = "TOKEN_ID"\nsecret_key = "TOKEN_SECRET"\n'
        '[[credentials.sam.github_environments]]\nenvironment = "dev"\n'
        'identifier_key = "SAM_ID"\nsecret_key = "SAM_SECRET"\n'
    )
    member = LeakedMemberToken(credential="ak-sam", known=False, identifier="ak-sam", note="It is sam's.")
    exposure = load(tmp_path, SMALL + sam).exposure("-", NOW, [member, access_key()])
    assert {place.credential for place in exposure.modal_secrets} == {"s3"}
    assert exposure.github_environments == ()
    assert exposure.access_keys[0].note == ""
    assert exposure.member_tokens[0].note == (
        "It is sam's. Replace it by hand in Modal Secret dev/tools/TOKEN_ID "
        "and GitHub environment rentagpu/executor/dev/SAM_ID."
    )


def test_where_a_repository_is_given_it_counts_more_than_the_usual_one(tmp_path):
    text = SMALL.replace(
        "[[credentials.ci.github_environments]]", '[[credentials.ci.github_environments]]\nrepository = "a/b"'
    ).replace('workflow.file = "modal_deploy.yml"', 'workflow = { repository = "c/d", file = "x.yml" }')
    inventory = load(tmp_path, text)
    assert inventory.github_environments[0].repository == "a/b"
    assert inventory.workloads[0].workflow.repository == "c/d"
    assert load(tmp_path, SMALL).workloads[0].workflow.repository == "rentagpu/executor"


MISTAKES = [
    ("[github]", "[githup]", 3, "there is no key `githup` here. Did you mean `github`?"),
    (
        'user = "rentagpu-s3"',
        'usr = "rentagpu-s3"',
        8,
        "no key `usr` in credentials.s3. Did you mean `user`?",
    ),
    (
        'environment = "prod"\nsecret = "my-app-secrets"',
        'environment = "prod"\nsecrte = "my-app-secrets"',
        18,
        "no key `secrte` in credentials.s3.modal_secrets.1. Did you mean `secret`?",
    ),
    ("workflow.file", "workflow.flie", 37, "Did you mean `file`?"),
    (
        'kind = "aws-access-key"',
        'kind = "aws-acess-key"',
        7,
        "no such kind of credential. Did you mean `aws-access-key`?",
    ),
    ('kind = "aws-access-key"', 'kind = "password"', 7, "Known: aws-access-key"),
    ('kind = "aws-access-key"', 'kind = "modal-token"', 7, "`modal-token` is no kind to keep"),
    ('kind = "aws-access-key"\n', "", 6, "credentials.s3 has no `kind`"),
    ('user = "rentagpu-s3"', "user = 7", 8, "`user` is wrong: input should be a valid string"),
    (
        'user = "rentagpu-s3"',
        'user = "u"\nmax_age = 90',
        9,
        "`max_age` is wrong: `90` is not a time. Write a number and its unit: 30m, 36h or 90d",
    ),
    ('user = "rentagpu-s3"', 'user = "u"\nmax_age = "0d"', 9, "it is between 1s and 3650d"),
    ('user = "rentagpu-s3"', 'user = " "', 8, "`user` is empty"),
    ('user = "rentagpu-s3"', 'user = "u"\nname = "x"', 9, "`name` is given by the table's own name"),
    ('user = "rentagpu-s3"\n', "", 6, "is of kind aws-access-key and has no `user`"),
    ('user = "rentagpu-s3"', 'user = "u"\nservice_user = "ci"', 9, "`service_user` is for another kind"),
    ('user = "rentagpu-s3"', 'user = "u"\nidentifiers = ["ak-1"]', 9, "`identifiers` is for another kind"),
    ('service_user = "ci"', 'service_user = "ci--3f9a2c7k"', 24, "without what rotations append: `ci`."),
    (
        'runs_with = ["s3"]',
        'runs_with = ["s4"]',
        35,
        "names `s4`, and there is no such credential. Did you mean `s3`?",
    ),
    ('deployed_with = ["ci"]', 'deployed_with = ["cj"]', 36, "Did you mean `ci`?"),
    ('runs_with = ["s3"]', 'runs_with = "s3"', 35, "`runs_with` is wrong: input should be a valid tuple"),
    (
        '[[credentials.s3.modal_secrets]]\nenvironment = "prod"',
        '[[credentials.s3.modal_secrets]]\nenvironment = "dev"',
        16,
        "is given to credentials.s3 already",
    ),
    (
        'secret_key = "MODAL_TOKEN_SECRET"',
        'secret_key = "MODAL_TOKEN_ID"',
        26,
        "MODAL_TOKEN_ID of the GitHub environment prod of rentagpu/executor is given",
    ),
    ('workflow.file = "modal_deploy.yml"\n', "", 31, "neither `workflow` nor `source`"),
    (
        '[github]\nrepository = "rentagpu/executor"',
        "",
        None,
        "has no `repository`, nor is there a [github] repository",
    ),
    ('repository = "rentagpu/executor"', 'repository = "executor"', 4, "`repository` is wrong"),
    ('guarded_environments = ["prod"]', 'guarded_environments = ["prdo"]', 1, "`prdo`. Did you mean `prod`?"),
    ('guarded_environments = ["prod"]', "guarded_environments = [", None, "this is not TOML"),
    ('guarded_environments = ["prod"]', "kind = 1\nkind = 2", 2, "this is not TOML"),
    ("[credentials.ci]", "[credentials.s3]", 22, "this is not TOML"),
]


@pytest.mark.parametrize(("right", "wrong", "line", "what"), MISTAKES)
def test_a_mistake_is_told_with_its_file_and_line_and_the_nearest_valid_word(
    tmp_path, right, wrong, line, what
):
    assert SMALL.count(right) == 1
    with pytest.raises(InventoryError) as refused:
        load(tmp_path, SMALL.replace(right, wrong))
    assert what in refused.value.what
    assert str(tmp_path / "respond.toml") + (f", line {line}: " if line else "") in refused.value.what
    assert refused.value.next_step


def test_every_mistake_is_told_at_once_in_the_files_order(tmp_path):
    text = SMALL.replace("secret_key", "secretkey").replace('kind = "modal-service-user"\n', "")
    with pytest.raises(InventoryError) as refused:
        load(tmp_path, text)
    lines = refused.value.what.splitlines()
    assert lines[0].endswith("has 7 mistakes:")
    numbers = [int(line.split("line ")[1].split(":")[0]) for line in lines[1:]]
    assert numbers == sorted(numbers)


def test_two_credentials_cannot_be_named_by_the_same_user_or_identifier(tmp_path):
    twice = '\n[credentials.again]\nkind = "aws-access-key"\nuser = "rentagpu-s3"\n'
    with pytest.raises(
        InventoryError, match=r"line 41: `rentagpu-s3` is the `user` of credentials.s3 already"
    ):
        load(tmp_path, SMALL + twice)


def test_a_guard_for_an_environment_that_is_yet_to_come_is_fine(tmp_path):
    inventory = load(tmp_path, SMALL.replace('["prod"]', '["prod", "europe"]', 1))
    assert inventory.guarded_environments == ("prod", "europe")


@pytest.mark.parametrize(
    "line",
    [
        f'token = "{AS}"',
        f"# MODAL_TOKEN_SECRET={AS}",
        "# ghp_aB3dE5gH7jK9mN1pQ3sT5vW7yZ9bC1dE3fG5",
        f'# {AKIA}\n# secret_access_key = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"',
        '# aws_secret_access_key = "wJalrXUtnFEMI/K7MDENG/bPxRf"',
    ],
)
def test_an_inventory_that_holds_a_secret_is_refused_without_showing_it(tmp_path, line):
    with pytest.raises(InventoryError, match="line 38: this holds the secret of a credential") as refused:
        load(tmp_path, SMALL + line + "\n")
    shown = f"{refused.value.what} {refused.value.state} {refused.value.next_step}"
    assert redact(shown) == shown
    assert "respond leak --file" in shown


def test_public_identifiers_are_no_secrets(tmp_path):
    sam = 'kind = "modal-member-token"\nidentifiers = ["ak-Q3kT9vXb2LmR8sWn5YpZ1c"]\n'
    text = f"# once {AKIA}\n[credentials.sam]\n{sam}"
    assert set(load(tmp_path, text).credentials) == {"sam"}


def test_it_is_looked_for_where_it_is_named_then_here_then_in_the_users_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    here, there = tmp_path / "here", tmp_path / "config" / "respond"
    here.mkdir()
    with pytest.raises(NoInventoryError) as refused:
        Inventory.load(None, {}, here)
    for place in (here / "respond.toml", there / "respond.toml", EXAMPLE, "RESPOND_INVENTORY"):
        assert str(place) in refused.value.what + refused.value.next_step

    there.mkdir(parents=True)
    (there / "respond.toml").write_text(SMALL)
    assert Inventory.load(None, {}, here).path == there / "respond.toml"
    (here / "respond.toml").write_text(SMALL)
    assert Inventory.load(None, {"RESPOND_INVENTORY": ""}, here).path == here / "respond.toml"
    (here / "named.toml").write_text(SMALL)
    assert Inventory.load(None, {"RESPOND_INVENTORY": "named.toml"}, here).path == here / "named.toml"
    (here / "given.toml").write_text(SMALL)
    given = Inventory.load(here / "given.toml", {"RESPOND_INVENTORY": "named.toml"}, here)
    assert given.path == here / "given.toml"


@pytest.mark.parametrize(
    ("path", "environ"), [("absent.toml", {}), (None, {"RESPOND_INVENTORY": "absent.toml"})]
)
def test_a_named_file_that_is_not_there_is_never_replaced_by_another(tmp_path, path, environ):
    (tmp_path / "respond.toml").write_text(SMALL)
    with pytest.raises(NoInventoryError, match=r"no file .*absent\.toml"):
        Inventory.load(path and tmp_path / path, environ, tmp_path)


def test_a_file_in_another_encoding_is_told_so(tmp_path):
    (tmp_path / "respond.toml").write_bytes(b"# caf\xe9\n")
    with pytest.raises(InventoryError, match="is not UTF-8"):
        Inventory.load(None, {}, tmp_path)


def test_lines_are_found_in_every_way_of_writing_tables():
    text = (
        '[a]\n"x y" = 1\nb.c = 2\n[[a.t]]\nk = 1\n[[a.t]]\nk = 2\n[a.t.sub]\nz = 3\n'
        '  [ "a b" . c ]\nd = """\nq = 1"""\n'
    )
    assert key_lines(text) == {
        ("a",): 1,
        ("a", "x y"): 2,
        ("a", "b", "c"): 3,
        ("a", "t", 0): 4,
        ("a", "t", 0, "k"): 5,
        ("a", "t", 1): 6,
        ("a", "t", 1, "k"): 7,
        ("a", "t", 1, "sub"): 8,
        ("a", "t", 1, "sub", "z"): 9,
        ("a b", "c"): 10,
        ("a b", "c", "d"): 11,
        ("a b", "c", "q"): 12,
    }


def test_placements_keep_their_credential(tmp_path):
    inventory = load(tmp_path, SMALL)
    assert inventory.modal_secrets[0] == ModalSecretPlacement(
        credential="s3",
        environment="dev",
        secret="my-app-secrets",
        identifier_key="AWS_ACCESS_KEY_ID",
        secret_key="AWS_SECRET_ACCESS_KEY",
    )


def test_how_long_is_written_as_people_write_it_and_shown_so(world):
    s3 = world.credentials["s3"]
    assert (s3.max_age, s3.overlap) == (timedelta(days=90), timedelta(hours=1))
    assert s3.model_dump(mode="json")["max_age"] == "90d"
    assert Credential(name="k", kind=Kind.AWS_ACCESS_KEY, max_age="36h", overlap="90s").overlap.seconds == 90
    assert world.credentials["ci-dev"].overlap == timedelta(hours=1), "a rotation never kills at once"
