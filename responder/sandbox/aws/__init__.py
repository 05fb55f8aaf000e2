"""An AWS account (IAM, STS, S3) on loopback that the unmodified `boto3` and `aws` clients talk to."""

from responder.sandbox.aws.account import KeyPair
from responder.sandbox.aws.plane import AwsPlane

__all__ = ["AwsPlane", "KeyPair"]
