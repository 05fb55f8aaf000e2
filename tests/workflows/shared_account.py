"""An AWS account with a bucket, and journals in it as machines open them."""

import gzip
from contextlib import contextmanager
from dataclasses import dataclass, field

from responder.journal import EventKind, Journal
from responder.journal.kept import TAIL
from responder.journal.shared import SharedDatabase, copy
from responder.journal.store import utcnow
from responder.providers.aws import AwsConnection
from responder.providers.aws.journal_object import JournalObject
from responder.sandbox.aws import AwsPlane
from responder.sandbox.faults import Faults, read_rule

BUCKET = "rentagpu-journal"


@dataclass
class Account:
    plane: AwsPlane
    faults: Faults
    environ: dict[str, str] = field(repr=False)
    connection: AwsConnection = field(init=False, repr=False)

    def __post_init__(self):
        self.connection = AwsConnection.connect(self.environ)

    def weather(self, *rules):
        self.faults.clear()
        self.faults.add([read_rule(rule) for rule in rules])

    def object(self, key):
        return self.connection.s3.get_object(Bucket=BUCKET, Key=key)["Body"].read()

    def put(self, key, content):
        self.connection.s3.put_object(Bucket=BUCKET, Key=key, Body=content)

    def delete(self, key):
        self.connection.s3.delete_object(Bucket=BUCKET, Key=key)


class Lasting(JournalObject):
    """Its connection is for all tests."""

    def close(self):
        pass


@dataclass
class Place:
    """Where the journal of one test is."""

    account: Account
    key: str
    folder: object

    @property
    def url(self):
        return f"s3://{BUCKET}/{self.key}"

    @property
    def tail(self):
        return f"{self.key}{TAIL}"

    def remote(self, kind=Lasting):
        return kind(self.account.connection, BUCKET, self.key)

    @contextmanager
    def opened(self, machine="ci", *, remote=None, read_only=False, new=True):
        """As a machine with a disk of its own."""
        path = self.folder / machine / "journal.db"
        with Journal(
            SharedDatabase(remote or self.remote(), path, read_only=read_only, new=new), utcnow
        ) as journal:
            yield journal

    def left(self, machine="killed"):
        """As `opened`, for a machine that never comes to close it."""
        path = self.folder / machine / "journal.db"
        return Journal(SharedDatabase(self.remote(), path, read_only=False, new=True), utcnow)

    def bytes_there(self):
        """All that is kept of it, the tail as it reads."""
        return self.file() + gzip.decompress(self.account.object(self.tail))

    def try_to_write(self):
        for one in (self.remote(), self.remote().beside(TAIL)):
            one.try_to_write()

    def environ_of(self, user, policy):
        """Of somebody who may do what the policy says."""
        plane = self.account.plane
        plane.add_user(user)
        self.account.connection.iam.put_user_policy(UserName=user, PolicyName="may", PolicyDocument=policy)
        key = plane.add_access_key(user)
        own = {"AWS_ACCESS_KEY_ID": key.access_key_id, "AWS_SECRET_ACCESS_KEY": key.secret_access_key}
        return self.account.environ | own

    def file(self):
        return self.account.object(self.key)

    def fetched(self):
        """The object as a file."""
        path = self.folder / "fetched" / "journal.db"
        copy(self.remote(), path)
        return path

    def events(self):
        with self.opened("reader", read_only=True, new=False) as journal:
            return journal.events()


def intend(writer, number):
    return writer.append(EventKind.STEP_INTENDED, step="s", attempt=number, data={"number": number})


def numbers(events):
    return [event.data["number"] for event in events if event.kind is EventKind.STEP_INTENDED]
