"""What a review finds and what it demands: a key, a user and a role of somebody else's."""

from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from case import Case
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from responder.providers.aws.evict import ForeignAccessKey, ForeignRole, ForeignUser
from responder.providers.aws.review import AwsLookBack


@contextmanager
def review(aws):
    user, key = aws.user()
    stage = aws.stage("aws.review", user, AwsLookBack(), make_so=lambda: aws.plane.add_access_key(user))
    given = AwsLookBack(since=datetime.now(UTC), leaked=(key.access_key_id,), user=user)
    yield replace(stage, given=given)


@contextmanager
def delete_foreign_access_key(aws):
    user, key = aws.user()
    given = ForeignAccessKey(access_key_id=key.access_key_id, user=user)
    yield aws.stage("aws.delete_foreign_access_key", user, given)


@contextmanager
def delete_foreign_user(aws):
    user, _ = aws.user()
    iam = admin(aws)
    iam.create_login_profile(UserName=user, Password="Sommer-2026-x")
    iam.create_group(GroupName=f"{user}-group")
    iam.add_user_to_group(GroupName=f"{user}-group", UserName=user)
    policy = iam.create_policy(PolicyName=f"{user}-policy", PolicyDocument=NOTHING)["Policy"]["Arn"]
    iam.attach_user_policy(UserName=user, PolicyArn=policy)
    device = iam.create_virtual_mfa_device(VirtualMFADeviceName=f"{user}-mfa")["VirtualMFADevice"]
    iam.enable_mfa_device(
        UserName=user,
        SerialNumber=device["SerialNumber"],
        AuthenticationCode1="123456",
        AuthenticationCode2="654321",
    )
    iam.upload_ssh_public_key(UserName=user, SSHPublicKeyBody="ssh-ed25519 AAAA")
    iam.upload_signing_certificate(UserName=user, CertificateBody=self_signed())
    iam.create_service_specific_credential(UserName=user, ServiceName="codecommit.amazonaws.com")
    stage = aws.stage("aws.delete_foreign_user", user, ForeignUser(user=user))

    def there():
        devices = [one["SerialNumber"] for one in iam.list_virtual_mfa_devices()["VirtualMFADevices"]]
        users = [one["name"] for one in aws.plane.world()["users"]]
        return users.count(user), devices.count(device["SerialNumber"])

    yield replace(stage, world=there)


@contextmanager
def delete_foreign_role(aws):
    name = f"role-{next(aws.numbers)}"
    iam = admin(aws)
    iam.create_role(RoleName=name, AssumeRolePolicyDocument=NOBODY)
    iam.put_role_policy(RoleName=name, PolicyName="access", PolicyDocument=NOTHING)
    policy = iam.create_policy(PolicyName=f"{name}-policy", PolicyDocument=NOTHING)["Policy"]["Arn"]
    iam.attach_role_policy(RoleName=name, PolicyArn=policy)
    iam.create_instance_profile(InstanceProfileName=f"{name}-profile")
    iam.add_role_to_instance_profile(InstanceProfileName=f"{name}-profile", RoleName=name)
    stage = aws.stage("aws.delete_foreign_role", "", ForeignRole(role=name))
    yield replace(stage, world=lambda: [one["name"] for one in aws.plane.world()["roles"]].count(name))


NOTHING = '{"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "*", "Resource": "*"}]}'
NOBODY = NOTHING.replace("Resource", "Principal")


def self_signed():
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "intruder")])
    now = datetime.now(UTC)
    made = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    made = made.serial_number(1).not_valid_before(now).not_valid_after(now + timedelta(days=1))
    return made.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM).decode()


def admin(aws):
    return aws.client("iam", aws.plane.add_administrator(f"admin-{next(aws.numbers)}"))


REVIEW = {
    "aws.review": Case(review),
    "aws.delete_foreign_access_key": Case(delete_foreign_access_key),
    "aws.delete_foreign_user": Case(delete_foreign_user),
    "aws.delete_foreign_role": Case(delete_foreign_role),
}
