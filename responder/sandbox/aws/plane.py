"""The control plane as the rest of the sandbox holds it: start, seed, look inside, stop."""

import json
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from typing import Any, cast

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app

from responder.sandbox.aws.account import REGION, Account, KeyPair
from responder.sandbox.aws.front import Front
from responder.sandbox.aws.kept_trail import Keeping
from responder.sandbox.aws.server import Server
from responder.sandbox.aws.sessions import Session, Sessions
from responder.sandbox.aws.trail import Event, Trail
from responder.sandbox.aws.weather import under_weather
from responder.sandbox.aws.web_identity import Issuers
from responder.sandbox.aws.world import world
from responder.sandbox.faults import Faults

_SESSION_S = 12 * 3600
_ADMINISTRATOR = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}],
}


class AwsPlane:
    """One account behind one loopback port. Every method is blocking and may be called from any thread.

    Seeding works before and after `start`. Two planes in one process need two account numbers; bucket names
    are shared between them, as in AWS.

    Args:
        clock: Unix seconds; decides expiry, aws:TokenIssueTime and when a key was last used. Creation dates
            of users and keys are moto's, by the machine's clock.
        account: twelve digits.
        faults: what goes wrong here; without it nothing does.

    Raises (all seeding methods): moto's exceptions, as the service would answer, for unknown or duplicate
    names.
    """

    def __init__(
        self,
        clock: Callable[[], float] = time.time,
        *,
        account: str = "123456789012",
        faults: Faults | None = None,
    ) -> None:
        self._clock = clock
        self._faults = faults or Faults()
        self._account = Account(account)
        self._account.forget()
        self._sessions = Sessions()
        self._issuers = Issuers()
        self._trail = Trail(account)
        self._changed = threading.Condition(threading.RLock())
        self._server: Server | None = None
        self._end_watch: Callable[[], None] = lambda: None

    def start(self, port: int = 0) -> str:
        """Serve on 127.0.0.1; gives the value for AWS_ENDPOINT_URL.

        Raises:
            OSError: the port is taken.
        """
        if self._server is not None:
            raise RuntimeError("The AWS control plane is already running.")
        moto = DomainDispatcherApplication(create_backend_app)
        front = Front(
            self._account,
            self._sessions,
            self._issuers,
            self._trail,
            self._clock,
            moto,
            self._changed,
            self._faults,
        )
        server = self._server = Server(under_weather(front, self._faults), port)
        self._end_watch = self._faults.watch(
            lambda: server.refuse() if self._faults.is_down("aws") else server.accept()
        )
        return f"http://127.0.0.1:{server.port}"

    def stop(self) -> None:
        """Free the port and forget the account. Nothing happens if it is not running."""
        if self._server is None:
            return
        self._end_watch()
        self._server.stop()
        self._server = None
        with self._changed:
            self._account.forget()
            self._sessions.clear()
            self._trail.replace(())

    def add_administrator(self, name: str) -> KeyPair:
        """A user who may do everything, and its key."""
        with self._changed:
            self.add_user(name, _ADMINISTRATOR, policy_name="administrator")
            return self.add_access_key(name)

    def add_user(
        self, name: str, policy: Mapping[str, Any] | None = None, *, policy_name: str = "access"
    ) -> None:
        """With `policy` (a policy document) inline, under `policy_name`; without one it may do nothing."""
        with self._changed:
            self._account.add_user(name, {} if policy is None else {policy_name: policy})

    def add_access_key(self, user: str) -> KeyPair:
        with self._changed:
            return self._account.add_access_key(user)

    def activate_access_key(self, user: str, key_id: str) -> None:
        with self._changed:
            self._account.iam.update_access_key(user, key_id, status="Active")

    def backdate(self, age: timedelta) -> None:
        """Have all users, keys and roles that are there be made so long ago."""
        with self._changed:
            self._account.backdate(age)

    def keep_trail(self, keeping: Keeping) -> None:
        """Have the trail that outlasts CloudTrail's 90 days do so well."""
        with self._changed:
            self._trail.kept.how = keeping

    def put_user_policy(self, user: str, policy: str, document: Mapping[str, Any]) -> None:
        """An inline one."""
        with self._changed:
            self._account.iam.put_user_policy(user, policy, json.dumps(document))

    def delete_user_policy(self, user: str, policy: str) -> None:
        """An inline one."""
        with self._changed:
            self._account.iam.delete_user_policy(user, policy)

    def add_session(self, key: KeyPair) -> Session:
        """As if whoever holds the key had called GetSessionToken; lasts 12 hours, with the key or without.

        Raises:
            KeyError: no user has that key.
        """
        with self._changed:
            found = self._account.key(key.access_key_id)
            if found is None:
                raise KeyError(key.access_key_id)
            return self._sessions.issue(
                "session_token",
                parent_key_id=key.access_key_id,
                owner=found.owner.name,
                owner_id=found.owner.user_id,
                now=self._clock(),
                duration_s=_SESSION_S,
            )

    def know_issuer(self, issuer: str, key: Callable[[], RSAPublicKey]) -> None:
        """What it signs with, as AWS would fetch it. Whether an account takes its word is for IAM to say."""
        self._issuers.know(issuer, key)

    def add_bucket(self, name: str, *, object_lock: bool = False) -> None:
        """With Object Lock it has versioning too, as at AWS."""
        with self._changed:
            bucket = self._account.s3.create_bucket(name, REGION)
            if object_lock:
                bucket.object_lock_enabled = True
                bucket.versioning_status = "Enabled"

    def quarantine(self, user: str, *, version: int = 3) -> str:
        """Attach AWSCompromisedKeyQuarantine, as AWS does where it finds a key in public. Gives its ARN.

        https://docs.aws.amazon.com/aws-managed-policy/latest/reference/AWSCompromisedKeyQuarantineV3.html
        """
        suffix = "" if version == 1 else f"V{version}"
        with self._changed:
            return self._account.attach_aws_managed_policy(user, f"AWSCompromisedKeyQuarantine{suffix}")

    def wait_until(self, condition: Callable[[dict[str, Any]], bool], *, seconds: float) -> None:
        """Until requests, or somebody undisturbed, have made the world so.

        Raises:
            TimeoutError: it did not become so.
        """
        with self._changed:
            if not self._changed.wait_for(lambda: condition(self.world()), seconds):
                raise TimeoutError(f"Not so after {seconds} seconds.")

    @contextmanager
    def undisturbed(self) -> Iterator[None]:
        """No request is answered and nothing else is changed while this block runs."""
        with self._changed:
            yield
            self._changed.notify_all()

    def snapshot(self) -> object:
        with self._changed:
            return self._account.snapshot(), self._sessions.all(), self._trail.all(), self._trail.kept.how

    def restore(self, snapshot: object) -> None:
        """Back to a snapshot of this plane."""
        parts = cast("tuple[object, list[Session], list[Event], Keeping]", snapshot)
        account, sessions, events, keeping = parts
        with self._changed:
            self._account.restore(account)
            self._sessions.replace(sessions)
            self._trail.replace(events)
            self._trail.kept.how = keeping

    def world(self) -> dict[str, Any]:
        """The ground truth, secrets in clear. For tests and the sandbox's own endpoint only."""
        with self._changed:
            return world(self._account, self._sessions, self._clock())
