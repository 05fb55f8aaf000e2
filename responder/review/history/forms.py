"""Every way of writing a leaked value that is looked for, as patterns over bytes."""

import base64
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from responder.secret import Secret, written

SHORTEST: Final = 8  # characters; less hits ordinary words
_ALIKE: Final = re.compile(rb"[A-Za-z0-9_.~-]+")  # written so in every spelling
_RARE: Final = 12  # characters that are in no other text by chance
_BREAKABLE: Final = 24  # characters of base64 from which a line's end may stand within


@dataclass(frozen=True)
class Value:
    """What to look for: a secret, or a public identifier."""

    label: str
    content: Secret | str

    @property
    def secret(self) -> bool:
        return isinstance(self.content, Secret)

    @property
    def fingerprint(self) -> str:
        return self.content.fingerprint if isinstance(self.content, Secret) else self.label

    @property
    def too_short(self) -> bool:
        return len(self._text) < SHORTEST

    @property
    def _text(self) -> str:
        return self.content.reveal() if isinstance(self.content, Secret) else self.content

    def forms(self) -> "tuple[Form, ...]":
        """Without repetition; the plainest first."""
        return tuple(dict.fromkeys(_forms(self._text)))

    def __repr__(self) -> str:
        return f"Value({self.label!r})"


@dataclass(frozen=True, repr=False)
class Form:
    """One way of writing a value. `pattern` finds it, or a half of it where `whole` is not empty.

    Lines of base64 end anywhere: one half of it is always unbroken, and `whole` must stand around that.
    """

    encoding: str
    pattern: bytes  # a regular expression
    longest: int  # bytes that the pattern can match
    whole: bytes = b""
    anchor: bytes = b""  # in every match, and long enough to be nowhere else

    @property
    def sought(self) -> bytes:
        """What to look for first: mere text takes a twentieth of the time to compile."""
        return re.escape(self.anchor) if self.anchor else self.pattern


def _forms(text: str) -> Iterator[Form]:
    raw = text.encode("utf-8", "surrogatepass")
    anchor = max(_ALIKE.findall(raw), key=len, default=b"")
    spelled = written(text).encode("utf-8", "surrogatepass")
    yield Form("plain", spelled, 12 * len(raw), anchor=anchor if len(anchor) >= _RARE else b"")
    for order in ("le", "be"):
        wide = text.encode(f"utf-16-{order}", "surrogatepass")
        # Hyperscan takes patterns as texts that a zero byte ends.
        yield Form("utf-16", b"".join(b"\\x%02x" % byte for byte in wide), len(wide))
    hexed = raw.hex().encode()
    yield Form("hex", b"(?i:" + hexed + b")", len(hexed))
    for name, content in (("base64", raw), ("base64 of utf-16", text.encode("utf-16-le", "surrogatepass"))):
        yield from _base64_forms(name, content)


def _base64_forms(name: str, raw: bytes) -> Iterator[Form]:
    """It starts at any of three places of base64's groups; what depends on its neighbours is left off."""
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        for lead in range(3):
            core = encode(b"\0" * lead + raw)[(lead * 8 + 5) // 6 : (lead + len(raw)) * 8 // 6]
            if len(core) < _BREAKABLE:
                yield Form(name, re.escape(core), len(core))
                continue
            half = len(core) // 2
            for part in (core[:half], core[half:]):
                yield Form(name, re.escape(part), len(part), core)
