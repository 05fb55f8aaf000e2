"""Who we are at AWS: the operator's clients, and clients that sign with a credential that is to be tried."""

import logging
import threading
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final, Literal, Self, overload

from responder.action import Connections
from responder.errors import InputError, UnauthenticatedError
from responder.providers.aws.errors import PROVIDER, WHAT_TO_SET, ask
from responder.secret import Secret

if TYPE_CHECKING:
    from boto3.session import Session
    from mypy_boto3_cloudtrail import CloudTrailClient
    from mypy_boto3_iam import IAMClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sts import STSClient

__all__ = ["AwsConnection", "Clients", "operator_key_id", "whoami"]

_CONNECT_S: Final = 5
_READ_S: Final = 10
_ANY_REGION: Final = "us-east-1"  # IAM has none, and STS answers for every region in each
_FILES: Final = {"AWS_CONFIG_FILE": "config_file", "AWS_SHARED_CREDENTIALS_FILE": "credentials_file"}

Service = Literal["iam", "sts", "s3", "cloudtrail", "ec2"]


class Clients:
    """The clients of one credential, each made when it is first asked for. May be used from any thread."""

    def __init__(
        self,
        session: "Session",
        endpoints: Mapping[str, str],
        lock: threading.Lock,
        credential: Mapping[str, str | None] | None = None,
    ) -> None:
        self._session = session
        self._endpoints = endpoints
        self._lock = lock
        self._credential = credential or {}
        self._made: dict[str, Any] = {}

    @property
    def sts(self) -> "STSClient":
        return self._client("sts")

    @property
    def s3(self) -> "S3Client":
        return self._client("s3")

    @property
    def ec2(self) -> Any:  # noqa: ANN401  # its types are larger than all else, for one question
        return self._client("ec2")

    @property
    def cloudtrail(self) -> "CloudTrailClient":
        """Of the operator's own region."""
        return self._client("cloudtrail")

    def cloudtrail_in(self, region: str) -> "CloudTrailClient":
        """An event is in its own region's trail alone; what has no region is in us-east-1's."""
        return self._client("cloudtrail", region)

    @overload
    def _client(self, service: Literal["iam"]) -> "IAMClient": ...
    @overload
    def _client(self, service: Literal["sts"]) -> "STSClient": ...
    @overload
    def _client(self, service: Literal["s3"]) -> "S3Client": ...
    @overload
    def _client(self, service: Literal["ec2"]) -> Any: ...  # noqa: ANN401  # as above
    @overload
    def _client(self, service: Literal["cloudtrail"], region: str | None = None) -> "CloudTrailClient": ...
    def _client(self, service: Service, region: str | None = None) -> Any:
        from botocore.config import Config  # noqa: PLC0415

        make: Any = self._session.client
        with self._lock:  # a session makes one client at a time; a client itself may be shared
            name = f"{service} {region}" if region else service
            if name not in self._made:
                self._made[name] = ask(
                    f"{service}:*",
                    make,
                    service,
                    region_name=region,
                    endpoint_url=self._endpoints.get(service),
                    config=Config(
                        connect_timeout=_CONNECT_S,
                        read_timeout=_READ_S,
                        retries={"total_max_attempts": 1},  # the engine reconciles before it tries again
                        user_agent_extra="respond",
                    ),
                    **self._credential,
                )
            return self._made[name]

    def close(self) -> None:
        with self._lock:
            for client in self._made.values():
                client.close()
            self._made.clear()


class AwsConnection(Clients):
    """The operator's clients, found as boto3 finds them, with the given mapping in place of `os.environ`."""

    @classmethod
    def connect(cls, environ: Mapping[str, str]) -> Self:
        """Without any request.

        Raises:
            InputError: AWS_ENDPOINT_URL is no address.
            UnauthenticatedError: AWS_PROFILE names a profile that is not there.
        """
        # At DEBUG botocore logs whole answers, and CreateAccessKey's holds a secret that nobody knows yet.
        logging.getLogger("botocore").setLevel(logging.INFO)
        endpoints = {
            service: _address(endpoint)
            for service in ("iam", "sts", "s3", "cloudtrail", "ec2")
            if (
                endpoint := environ.get(f"AWS_ENDPOINT_URL_{service.upper()}")
                or environ.get("AWS_ENDPOINT_URL")
            )
        }
        return cls(ask("aws:configuration", _session, environ), endpoints, threading.Lock())

    @property
    def iam(self) -> "IAMClient":
        return self._client("iam")

    def as_key(self, access_key_id: str, secret: Secret, session_token: Secret | None = None) -> Clients:
        """Clients at the same endpoint that sign with another credential."""
        return Clients(
            self._session,
            self._endpoints,
            self._lock,
            {
                "aws_access_key_id": access_key_id,
                "aws_secret_access_key": secret.reveal(),
                "aws_session_token": session_token.reveal() if session_token else None,
            },
        )

    def key_id(self) -> str:
        """The access key id that the operator's requests are signed with.

        Raises:
            UnauthenticatedError: there is none.
        """
        with self._lock:
            found = ask("aws:credentials", self._session.get_credentials)
        if found is None:
            raise UnauthenticatedError(
                PROVIDER, "aws:credentials", "there are no credentials to sign with", next_step=WHAT_TO_SET
            )
        frozen = ask("aws:credentials", found.get_frozen_credentials)
        _make_known(frozen.secret_key, frozen.token)
        return str(frozen.access_key)


def whoami(connections: Connections) -> str:
    """The operator's ARN.

    Raises:
        ProviderError: as `ask`.
    """
    return ask("sts:GetCallerIdentity", connections.get(AwsConnection).sts.get_caller_identity)["Arn"]


def operator_key_id(connections: Connections) -> str:
    """The access key id that we ourselves sign with; without any request for a long-term key.

    Raises:
        UnauthenticatedError: there is none.
    """
    return connections.get(AwsConnection).key_id()


def _address(endpoint: str) -> str:
    if not endpoint.startswith(("http://", "https://")):
        raise InputError(
            f"AWS_ENDPOINT_URL is {endpoint!r}, which is no address.",
            next_step="Unset it, or set it to one that starts with https:// or http://.",
        )
    return endpoint


def _make_known(*values: str | None) -> None:
    """The operator's own secrets, to the redactor."""
    for value in values:
        if value:
            Secret(value)


def _session(environ: Mapping[str, str]) -> "Session":
    import botocore.session  # noqa: PLC0415
    from boto3.session import Session  # noqa: PLC0415

    core = botocore.session.Session()
    for variable, setting in _FILES.items():
        if environ.get(variable):
            core.set_config_variable(setting, environ[variable])
    key_id, secret = environ.get("AWS_ACCESS_KEY_ID"), environ.get("AWS_SECRET_ACCESS_KEY")
    if environ.get("AWS_PROFILE"):
        core.set_config_variable("profile", environ["AWS_PROFILE"])
    _make_known(secret, environ.get("AWS_SESSION_TOKEN"))
    if key_id and secret:
        core.set_credentials(key_id, secret, environ.get("AWS_SESSION_TOKEN"))
    else:
        core.get_component("credential_provider").remove("env")  # it reads os.environ, whatever we were given
    region = (
        environ.get("AWS_REGION") or environ.get("AWS_DEFAULT_REGION") or core.get_config_variable("region")
    )
    return Session(botocore_session=core, region_name=region or _ANY_REGION)
