"""The one type that holds a secret value, and the redactor that keeps every known value out of all text.

`reveal()` is called only at a provider's edge, in the journal's sealing and in the sandbox; a test checks it.
"""

import base64
import hashlib
import re
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar, Final, NoReturn, final

# The pydantic hook below needs nothing of pydantic at import time: the command line starts faster without it.

_DOMAIN: Final = b"respond:fingerprint:v1\0"
_SHORTEST_REDACTED: Final = 8  # below that, a replacement would hit ordinary words
_ANCHOR: Final = 6  # characters; few texts have those of a secret by chance
# What stands after the backslash in JSON or in a `repr`.
_BACKSLASHED: Final = {"\n": "n", "\r": "r", "\t": "t", "\b": "b", "\f": "f"} | {c: c for c in "\"'/"}


@final
class Secret:
    """A secret value. Its `repr`, `str`, JSON and logged form are its fingerprint; it cannot be pickled.

    Every value that was ever held is known to `redact` for the rest of the process.
    """

    __slots__ = ("__value",)
    __value: str

    def __init__(self, value: str) -> None:
        if not value:
            raise ValueError("A secret is never empty.")
        object.__setattr__(self, "_Secret__value", value)
        known_values.add(value)

    def reveal(self) -> str:
        """The value. Only for handing it to the service that it belongs to."""
        return self.__value

    @property
    def fingerprint(self) -> str:
        """Tells two secrets apart and says nothing of either: 12 hex digits of a domain-separated SHA-256."""
        return "sha256:" + hashlib.sha256(_DOMAIN + _utf8(self.__value)).hexdigest()[:12]

    def __repr__(self) -> str:
        return f"Secret({self.fingerprint})"

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        return format(repr(self), spec)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other.reveal() == self.__value

    def __hash__(self) -> int:
        return hash((Secret, self.__value))

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise AttributeError("A secret does not change.")

    def __reduce__(self) -> NoReturn:
        raise TypeError("A secret is never pickled.")

    def __getstate__(self) -> NoReturn:
        raise TypeError("A secret is never pickled.")

    def __copy__(self) -> "Secret":
        return self

    def __deepcopy__(self, _memo: object) -> "Secret":
        return self

    def __init_subclass__(cls) -> NoReturn:
        raise TypeError("Secret has no subclasses: they could show it.")

    @classmethod
    def __get_pydantic_core_schema__(cls, _source: object, _handler: object) -> Any:  # noqa: ANN401  # pydantic's
        from pydantic_core import core_schema  # noqa: PLC0415

        return core_schema.is_instance_schema(
            cls, serialization=core_schema.plain_serializer_function_ser_schema(str, when_used="json")
        )

    @classmethod
    def __get_pydantic_json_schema__(cls, _schema: object, _handler: object) -> dict[str, Any]:
        return {"type": "string", "description": "An expression that gives a secret."}


@dataclass(frozen=True)
class _Form:
    """One way of writing a known value."""

    pattern: str  # a regular expression
    length: int
    encoded: bool
    anchor: str  # stands in every text that the pattern matches in; empty when nothing is sure to


class KnownValues:
    """Every secret value of this process with its encoded forms, and the text without them.

    Redacting takes time linear in the text, however many values are known: a text is first searched for
    their anchors, and only then for the forms whose anchors are in it.
    """

    MASK: ClassVar[str] = "[secret]"

    def __init__(self) -> None:
        self._values: set[str] = set()
        self._by_anchor: dict[str, tuple[_Form, ...]] = {}
        self._lock = threading.Lock()

    def add(self, value: str) -> None:
        with self._lock:
            if value in self._values or len(value) < _SHORTEST_REDACTED:
                return
            self._values.add(value)
            for form in _forms(value):
                self._by_anchor[form.anchor] = (*self._by_anchor.get(form.anchor, ()), form)

    def redact(self, text: str) -> str:
        """`text` with each known value, and its base64, URL and escaped forms, replaced by a mask."""
        anchors = {
            anchor
            for start in range(len(text) - _ANCHOR + 1)
            if (anchor := text[start : start + _ANCHOR]) in self._by_anchor
        }
        forms = {form for anchor in ("", *anchors) for form in self._by_anchor.get(anchor, ())}
        if not forms:
            return text
        longest_first = sorted(forms, key=lambda form: (form.encoded, -form.length, form.pattern))
        return re.sub("|".join(form.pattern for form in longest_first), self.MASK, text)


def _forms(value: str) -> Iterator[_Form]:
    runs = re.findall(rf"[A-Za-z0-9_.~-]{{{_ANCHOR}}}", value)  # written alike in all spellings
    yield _Form(written(value), len(value), encoded=False, anchor=runs[0] if runs else "")
    for text in set(_base64_forms(value)):
        yield _Form(re.escape(text), len(text), encoded=True, anchor=text[:_ANCHOR])


def _utf8(value: str) -> bytes:
    return value.encode("utf-8", "surrogatepass")  # the environment may hold bytes that are no text


def written(value: str) -> str:
    """A regular expression for the value as plain text, in a URL or form, in JSON and in a `repr`."""
    return "".join(map(_spellings, value))


def _spellings(character: str) -> str:
    """A pattern for a character as plain text, in a URL or form, in JSON and in a `repr`."""
    if character.isascii() and (character.isalnum() or character in "-_.~"):
        return re.escape(character)
    utf16 = character.encode("utf-16-be", "surrogatepass").hex()
    ways = [
        "(?i:" + "".join(f"%{byte:02x}" for byte in _utf8(character)) + ")",
        "(?i:" + "".join(rf"\\u{utf16[i : i + 4]}" for i in range(0, len(utf16), 4)) + ")",
    ]
    if character == " ":
        ways.append(r"\+")
    if character == "\\":
        ways.append(r"\\\\")
    if character in _BACKSLASHED:
        ways.append(r"\\" + re.escape(_BACKSLASHED[character]))
    ways.append(re.escape(character))  # last: the others may begin with it
    return "(?:" + "|".join(ways) + ")"


def _base64_forms(value: str) -> Iterator[str]:
    raw = _utf8(value)
    # In a longer text a value starts at any of three places of base64's groups: the part that does not
    # depend on the neighbours is the same each time. A text of its own goes with its last characters.
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        alone = encode(raw).decode()
        yield alone
        yield alone.rstrip("=")
        for lead in range(3):
            encoded = encode(b"\0" * lead + raw).decode()
            core = encoded[(lead * 8 + 5) // 6 : (lead + len(raw)) * 8 // 6]
            if len(core) >= _SHORTEST_REDACTED:
                yield core


# The only state of its kind: a value that is known anywhere in the process must be kept out everywhere in it.
known_values: Final = KnownValues()


def redact(text: str) -> str:
    """`text` without any secret value that this process has ever held."""
    return known_values.redact(text)
