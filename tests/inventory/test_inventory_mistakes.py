"""A mistake in the inventory is told with its line."""

import pytest
from small_inventory import AKIA, AS, SMALL, load

from responder.inventory import InventoryError
from responder.inventory.lines import key_lines
from responder.secret import redact

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
    (
        '[[credentials.ci.github_environments]]\nenvironment = "prod"',
        '[[credentials.ci.github_repositories]]\nenvironment = "prod"',
        27,
        "`environment` is wrong: input should be ''",
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
