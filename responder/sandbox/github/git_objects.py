"""Git's own objects, byte for byte: so a commit has the same name in the API and for git.

https://git-scm.com/book/en/v2/Git-Internals-Git-Objects
"""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

_FILE, _FOLDER = b"100644", b"40000"
_SEEDED = ("sandbox", 1735689600, "Seeded by the sandbox")  # who, when and why of a branch's beginning


@dataclass(frozen=True)
class GitObject:
    name: str
    whole: bytes  # with its header, as git compresses it

    @classmethod
    def of(cls, kind: str, data: bytes) -> "GitObject":
        whole = b"%b %d\0%b" % (kind.encode(), len(data), data)
        return cls(hashlib.sha1(whole, usedforsecurity=False).hexdigest(), whole)


def tree(files: Mapping[str, bytes]) -> Iterator[GitObject]:
    """The files, the folders within, and last the folder that all of it is."""
    within: dict[str, dict[str, bytes]] = {}
    entries: list[tuple[bytes, bytes, str]] = []
    for path, data in files.items():
        first, slash, rest = path.partition("/")
        if slash:
            within.setdefault(first, {})[rest] = data
            continue
        blob = GitObject.of("blob", data)
        yield blob
        entries.append((first.encode(), _FILE, blob.name))
    for folder, held in within.items():
        *below, whole = tree(held)
        yield from (*below, whole)
        entries.append((folder.encode(), _FOLDER, whole.name))
    entries.sort(key=lambda one: one[0] + (b"/" if one[1] == _FOLDER else b""))  # git's own order
    yield GitObject.of(
        "tree", b"".join(b"%b %b\0%b" % (mode, path, bytes.fromhex(name)) for path, mode, name in entries)
    )


def tree_name(files: Mapping[str, bytes]) -> str:
    *_, whole = tree(files)
    return whole.name


def commit(tree_of: str, parent: str | None, login: str, at: float, message: str) -> GitObject:
    person = f"{login} <{login}@users.noreply.github.com> {int(at)} +0000"
    parents = f"parent {parent}\n" if parent else ""
    text = f"tree {tree_of}\n{parents}author {person}\ncommitter {person}\n\n{message}\n"
    return GitObject.of("commit", text.encode())


def beginning(files: Mapping[str, bytes]) -> GitObject:
    """Of a branch without a commit of its own. Two with the same files begin with the same commit."""
    login, at, message = _SEEDED
    return commit(tree_name(files), None, login, at, message)
