"""AWS access keys and the sessions that were got with them."""

from responder.providers.aws.connection import AwsConnection, operator_key_id, whoami
from responder.providers.aws.identify import identify

__all__ = ["AwsConnection", "identify", "operator_key_id", "whoami"]
