"""The example's inventory with nothing shared: an IAM user for each environment in place of one for both."""

from responder.inventory import EXAMPLE

ENVIRONMENTS = ("dev", "prod")
_CREDENTIAL = """\
[credentials.s3-{0}]
kind = "aws-access-key"
user = "rentagpu-s3-{0}"
max_age = "90d"

[[credentials.s3-{0}.modal_secrets]]
environment = "{0}"
secret = "my-app-secrets"
identifier_key = "AWS_ACCESS_KEY_ID"
secret_key = "AWS_SECRET_ACCESS_KEY"

"""


def apart() -> str:
    """The whole file."""
    text = EXAMPLE.read_text()
    begin, end = text.index("[credentials.s3]"), text.index("[credentials.ci-dev]")
    text = text[:begin] + "".join(_CREDENTIAL.format(name) for name in ENVIRONMENTS) + text[end:]
    for name in ENVIRONMENTS:
        text = text.replace('runs_with = ["s3"]', f'runs_with = ["s3-{name}"]', 1)
    return text


def tables() -> str:
    """Its credentials and workloads alone."""
    text = apart()
    return text[text.index("[credentials.s3-dev]") : text.index("[people.")]
