"""The files that a setup takes values from: read whole, kept secret, and never in a repository."""

import subprocess

import pytest

from responder.errors import InputError
from responder.secret import Secret
from responder.setup import read_values

PROD = "S3_BUCKET=rentagpu-prod\nHF_TOKEN=hf_prod\n"


def test_a_link_to_a_file_of_secrets_inside_a_repository_is_refused(tmp_path):
    folder = tmp_path / "repository"
    subprocess.run(["git", "init", "-q", folder], check=True)
    (folder / "prod.env").write_text(PROD)
    (tmp_path / "prod.env").symlink_to(folder / "prod.env")
    with pytest.raises(InputError, match="from there it leaks"):
        read_values({"prod": tmp_path / "prod.env"})


@pytest.mark.parametrize(
    "line", ["MIIEcanary", "-----BEGIN PRIVATE KEY-----", "TWO WORDS=canary", "MIIE/canary+xyz"]
)
def test_what_may_be_part_of_a_value_is_told_by_its_line_alone(tmp_path, line):
    (tmp_path / "prod.env").write_text(f"A_KEY=x\n{line}\n")
    with pytest.raises(InputError) as refused:
        read_values({"prod": tmp_path / "prod.env"})
    assert refused.value.what == f"Line 2 of {tmp_path}/prod.env is no NAME=value."


def test_a_value_of_several_lines_is_read_whole(tmp_path):
    (tmp_path / "prod.env").write_text('# a key\nexport A_KEY="one\ntwo=$X"\n\nS3_BUCKET=b # which\n')
    found = read_values({"prod": tmp_path / "prod.env"})["prod"]
    assert found == {"A_KEY": Secret("one\ntwo=$X"), "S3_BUCKET": "b"}


def test_names_of_secrets_are_known_in_any_case(tmp_path):
    for name in ("dev", "prod"):
        (tmp_path / name).write_text("stripe_api_key=of-both\n")
    with pytest.raises(InputError, match="the same stripe_api_key"):
        read_values({name: tmp_path / name for name in ("dev", "prod")})


def test_a_file_of_secrets_inside_a_repository_is_refused(tmp_path):
    subprocess.run(["git", "init", "-q", tmp_path], check=True)
    (tmp_path / "prod.env").write_text(PROD)
    with pytest.raises(InputError, match="from there it leaks"):
        read_values({"prod": tmp_path / "prod.env"})
