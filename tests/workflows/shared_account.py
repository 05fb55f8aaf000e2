"""An AWS account with a bucket, and journals in it as machines open them."""

from contextlib import contextmanager
from dataclasses import dataclass, field

from responder.journal import EventKind, Journal
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


@dataclass
class Place:
    """Where the journal of one test is."""

    account: Account
    key: str
    folder: object

    @property
    def url(self):
        return f"s3://{BUCKET}/{self.key}"

    def remote(self, kind=JournalObject):
        return kind(self.account.connection, BUCKET, self.key)

    @contextmanager
    def opened(self, machine="ci", *, remote=None, read_only=False, new=True):
        """As a machine with a disk of its own."""
        path = self.folder / machine / "journal.db"
        database = SharedDatabase(remote or self.remote(), path, read_only=read_only, new=new)
        yield Journal(database, utcnow)  # the connection is for all tests

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
