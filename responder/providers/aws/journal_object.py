"""A journal that machines share, as an object in S3.

S3 compares and swaps: a PutObject with If-Match takes effect where the object is the one that was read, and
the first one, with If-None-Match, where there is none.
https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html
"""

import re
import time
from collections.abc import Callable, Mapping
from contextvars import Context
from typing import Any, Final, Self, TypeVar

from responder.errors import (
    ConflictError,
    InputError,
    NotFoundError,
    ProviderError,
    TamperedError,
    TransientError,
    UnavailableError,
)
from responder.providers.aws.connection import AwsConnection
from responder.providers.aws.errors import ask

__all__ = ["JournalObject"]

T = TypeVar("T")

_URL: Final = re.compile(r"s3://(?P<bucket>[a-z0-9][a-z0-9.-]{1,61}[a-z0-9])/(?P<key>.*[^/])")
_WRITING: Final = 30.0  # seconds, after which no other try begins
_READING: Final = 6.0
_PAUSE: Final = 0.2  # seconds, and twice as long each time
_NO_ETAG: Final = f'"{32 * "0"}"'  # what nothing that is stored has
_NO_BUCKET: Final = "NoSuchBucket"
_HERE: Final = "To contain a leak now, use a journal of this machine: `env -u RESPOND_JOURNAL respond leak`."


class JournalObject:
    """The object at `s3://BUCKET/KEY`: a whole SQLite file, which `respond audit verify` reads as it is.

    The operator needs s3:GetObject and s3:PutObject on it and on `KEY.tail`, which is beside it, and
    s3:ListBucket on the bucket: without that S3 does not say that an object is not there. It is a
    `responder.journal.shared.Remote`.
    """

    def __init__(self, connection: AwsConnection, bucket: str, key: str) -> None:
        self._connection = connection
        self._object = {"Bucket": bucket, "Key": key}
        self._etag = ""  # of what was fetched or stored last

    @classmethod
    def open(cls, url: str, environ: Mapping[str, str]) -> Self:
        """Without any request.

        Raises:
            InputError: the address is none of S3.
            UnauthenticatedError: AWS_PROFILE names a profile that is not there.
        """
        match = _URL.fullmatch(url)
        if match is None:
            raise InputError(
                f"RESPOND_JOURNAL is {url!r}, which is no object in S3.",
                next_step="Set it to s3://BUCKET/KEY, or unset it to use the journal of this machine.",
            )
        return cls(AwsConnection.connect(environ), match["bucket"], match["key"])

    @property
    def where(self) -> str:
        return f"s3://{self._object['Bucket']}/{self._object['Key']}"

    def beside(self, suffix: str) -> Self:
        return type(self)(self._connection, self._object["Bucket"], f"{self._object['Key']}{suffix}")

    def fetch(self, *, anew: bool = False) -> bytes | None:
        try:
            return _patiently(lambda: self._changed(anew=anew), _READING)
        except ProviderError as error:
            raise UnavailableError(
                f"The journal {self.where} cannot be read. {error.what}",
                next_step=f"{error.next_step} Type the same command again. {_HERE}".strip(),
            ) from None

    def store(self, content: bytes, *, patiently: bool = True) -> bool:
        try:
            return _patiently(lambda: self._put(content), _WRITING if patiently else 0)
        except NotFoundError:
            if self._etag:
                raise self._removed() from None
            raise self._unwritten("There is no such bucket.") from None
        except ProviderError as error:
            raise self._unwritten(f"{error.what} {error.next_step}".strip()) from None

    def try_to_write(self) -> None:
        """Ask for a write on a condition that cannot hold: S3 looks first whether we may. Nothing changes.

        What is asked for is what is there, should something that is not S3 not know of conditions.

        Raises:
            UnavailableError: it may not be written, or it is no place for a journal.
            TamperedError: it was removed meanwhile.
        """
        content = self.fetch() or b""
        try:
            _patiently(lambda: self._put_if(_NO_ETAG, content), _READING)
        except ConflictError:
            return
        except NotFoundError as error:
            if _NO_BUCKET not in error.what:
                return  # nothing is there yet
            raise self._unwritable("There is no such bucket.", "Make it, or mend RESPOND_JOURNAL.") from None
        except ProviderError as error:
            raise self._unwritable(error.what, error.next_step) from None
        raise self._unwritable(
            "It takes a write whose condition does not hold: of two who write at once, one would be lost.",
            "Use S3 itself, or a store that knows If-Match and If-None-Match.",
        )

    def close(self) -> None:
        self._connection.close()

    def _put(self, content: bytes) -> bool:
        """True where it is there by this try, or by one whose answer was lost.

        Raises:
            ProviderError: whether it is there cannot be told.
        """
        lost: TransientError | None = None
        try:
            self._etag = self._put_if(self._etag, content)
        except TransientError as error:
            lost = error
        except ConflictError:  # somebody else was first, or we were
            pass
        else:
            return True
        seen = self._etag
        found = self._changed()
        if found == content:
            return True
        self._etag = seen  # it is fetched by whoever is told that they are behind
        if found is None:
            raise lost or TransientError("aws", "s3:PutObject", "S3 does not agree with itself yet")
        return False

    def _put_if(self, etag: str, content: bytes) -> str:
        """The new etag; where there was none, nothing may be there."""
        only = {"IfMatch": etag} if etag else {"IfNoneMatch": "*"}
        s3 = self._connection.s3
        answer = _apart("s3:PutObject", s3.put_object, **self._object, **only, Body=content)
        return str(answer["ETag"])

    def _changed(self, *, anew: bool = False) -> bytes | None:
        """As `fetch`.

        Raises:
            ProviderError: it cannot be read.
            TamperedError: it was removed.
        """
        unless = {"IfNoneMatch": self._etag} if self._etag and not anew else {}
        s3 = self._connection.s3
        try:
            answer = _apart("s3:GetObject", s3.get_object, **self._object, **unless)
            content: bytes = _apart("s3:GetObject", answer["Body"].read)
        except ConflictError:
            return None
        except NotFoundError:
            if self._etag:
                raise self._removed() from None
            return None
        self._etag = answer["ETag"]
        return content

    def _unwritten(self, why: str) -> UnavailableError:
        return UnavailableError(
            f"The journal {self.where} could not be written. {why}",
            state="Whether the last event is in it is not known; nothing was done that would follow from it.",
            next_step=f"Mend that, and type `respond resume`, or the same command again. {_HERE}",
        )

    def _unwritable(self, why: str, next_step: str) -> UnavailableError:
        return UnavailableError(f"The journal {self.where} cannot be written. {why}", next_step=next_step)

    def _removed(self) -> TamperedError:
        return TamperedError(
            f"The journal {self.where} was removed while it was in use.",
            state="Nothing more was written.",
            next_step=f"{_HERE} Put back its last version (aws s3api list-object-versions); find out who "
            "removed it.",
        )


def _patiently(attempt: Callable[[], T], seconds: float) -> T:
    """Again while S3 is out of reach or busy: no step is to fail for that alone.

    Raises:
        ProviderError: of the last try.
    """
    until, pause = time.monotonic() + seconds, _PAUSE
    while True:
        try:
            return attempt()
        except TransientError as error:
            pause = max(pause, error.retry_after or 0)
            if time.monotonic() + pause > until:
                raise
        time.sleep(pause)
        pause *= 2


def _apart(operation: str, method: Callable[..., Any], **given: Any) -> Any:  # noqa: ANN401  # boto3's answers
    """Asked outside of the step that is being recorded: this is no evidence of what that did."""
    return Context().run(lambda: ask(operation, method, **given))
