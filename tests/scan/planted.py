"""A real repository with a secret in every kind of place that a leak hides in, another one in each."""

import base64
import bz2
import gzip
import io
import json
import os
import random
import string
import subprocess
import tarfile
import urllib.parse
import zipfile
from dataclasses import dataclass
from pathlib import Path

NOBODY = {
    "GIT_AUTHOR_NAME": "Ada Quick",
    "GIT_AUTHOR_EMAIL": "ada@rentagpu.example",
    "GIT_COMMITTER_NAME": "Ada Quick",
    "GIT_COMMITTER_EMAIL": "ada@rentagpu.example",
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": "/dev/null",
}


@dataclass(frozen=True)
class Plant:
    """`where` and `path` are what a search must say of it."""

    kind: str
    identifier: str
    secret: str
    where: str
    path: str
    encoding: str = "plain"
    inside: str = ""

    @property
    def text(self) -> str:
        return f"AWS_ACCESS_KEY_ID={self.identifier}\nAWS_SECRET_ACCESS_KEY={self.secret}\n"


class Planted:
    """Builds it. `plants` is what was planted, `decoys` are secrets that are nowhere, but nearly."""

    def __init__(self, folder: Path, seed: int = 7, options: tuple[str, ...] = ()) -> None:
        self.folder, self.plants = folder, []
        self._random = random.Random(seed)  # noqa: S311  # the same repository each time
        self._day = 0
        folder.mkdir(parents=True)
        self.git("init", "-q", "-b", "main", *options, ".")
        self.git("config", "protocol.file.allow", "always")
        self.commit("Start", {".gitignore": "ignored/\n", "README.md": "# executor\n"})
        self.decoys = [self.secret() for _ in range(3)]
        self.commit("Checksums", {"decoys.txt": "".join(one[:-1] + "\n" for one in self.decoys)})

    def git(self, *arguments: str, given: bytes = b"", cwd: Path | None = None) -> str:
        at = f"2026-0{1 + self._day // 28}-{1 + self._day % 28:02}T12:00:00+00:00"
        env = {**os.environ, **NOBODY, "GIT_AUTHOR_DATE": at, "GIT_COMMITTER_DATE": at}
        done = subprocess.run(
            ["git", *arguments], cwd=cwd or self.folder, input=given, env=env, capture_output=True, check=True
        )
        return done.stdout.decode().strip()

    def write(self, files: dict[str, str | bytes]) -> None:
        for name, content in files.items():
            path = self.folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content if isinstance(content, bytes) else content.encode())

    def commit(self, message: str, files: dict[str, str | bytes]) -> str:
        self._day += 1
        self.write(files)
        self.git("add", "--", *files)
        self.git("commit", "-q", "-m", message)
        return self.git("rev-parse", "HEAD")

    def remove(self, *names: str) -> None:
        self._day += 1
        self.git("rm", "-q", "-r", "--", *names)
        self.git("commit", "-q", "-m", "Tidy up")

    def secret(self) -> str:
        letters = string.ascii_letters + string.digits + "+/"
        return (
            "".join(self._random.choices(letters, k=19)) + "/" + "".join(self._random.choices(letters, k=20))
        )

    def plant(self, kind: str, where: str, path: str, encoding: str = "plain", inside: str = "") -> Plant:
        identifier = "AKIA" + "".join(self._random.choices("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", k=16))
        one = Plant(kind, identifier, self.secret(), where, path, encoding, inside)
        self.plants.append(one)
        return one

    def everything(self) -> "Planted":
        self.in_history()
        self.in_encodings()
        self.in_objects_alone()
        self.in_files()
        return self

    def in_history(self) -> None:
        gone = self.plant("deleted file", "history", "prod.env")
        self.commit("Add settings", {"prod.env": gone.text})
        self.remove("prod.env")
        moved = self.plant("renamed file", "history", "config/new.env")
        self.commit("Add more", {"config/old.env": f"# comment\n{moved.text}"})
        self.git("mv", "config/old.env", "config/new.env")
        self._day += 1
        self.git("commit", "-q", "-m", "Rename it")
        self.remove("config/new.env")
        side = self.plant("side branch", "history", "side.env")
        self.git("checkout", "-q", "-b", "feature/side")
        self.commit("On the side", {"side.env": side.text})
        self.git("checkout", "-q", "main")
        self.commit("Go on", {"main.txt": "on"})
        merged = self.plant("merge only", "history", "evil.env")
        self.git("checkout", "-q", "-b", "to-merge", "HEAD~1")
        self.commit("To be merged", {"merged.txt": "x"})
        self.git("checkout", "-q", "main")
        self.git("merge", "-q", "--no-commit", "--no-ff", "to-merge")
        self.commit("Merge to-merge", {"evil.env": merged.text})
        self.remove("evil.env")
        tagged = self.plant("reached by a tag alone", "history", "tagged.env")
        self.git("checkout", "-q", "-b", "doomed")
        self.commit("Release", {"tagged.env": tagged.text})
        self.git("tag", "v0.1")
        self.git("checkout", "-q", "main")
        self.git("branch", "-q", "-D", "doomed")
        message = self.plant("commit message", "commit message", "")
        self.commit(f"Fix the login\n\nIt used {message.secret} until now.", {"fix.txt": "x"})
        tag = self.plant("tag message", "tag message", "v0.2")
        self.git("tag", "-a", "v0.2", "-m", f"With {tag.text}")
        noted = self.plant("note", "history", "")
        self.git("notes", "add", "-m", noted.text)
        name = self.plant("file name", "file name", "", "url-encoded")
        self.commit("Odd name", {f"dump/{name.secret.replace('/', '%2F')}.txt": "x"})
        self.remove("dump")

    def in_encodings(self) -> None:
        def keep(kind: str, path: str, encoding: str, inside: str = "") -> Plant:
            return self.plant(kind, "history", path, encoding, inside)

        files: dict[str, str | bytes] = {}
        one = keep("binary file", "core.dump", "plain")
        files["core.dump"] = b"\x7fELF\0\0\1\2" * 300 + one.text.encode() + b"\0\xff" * 500
        one = keep("base64, in lines", "secret.yaml", "base64")
        wrapped = base64.encodebytes(b"# settings of prod\n" * 3 + one.text.encode()).decode()
        files["secret.yaml"] = "data:\n" + "".join(f"    {line}\n" for line in wrapped.splitlines())
        one = keep("base64, alone", "alone.b64", "base64")
        files["alone.b64"] = base64.b64encode(one.secret.encode())
        one = keep("base64 for URLs", "state.json", "base64")
        files["state.json"] = json.dumps({"s": base64.urlsafe_b64encode(b"?" + one.text.encode()).decode()})
        one = keep("URL-encoded", "access.log", "url-encoded")
        files["access.log"] = f"GET /?k={urllib.parse.quote(one.secret, safe='')}&id={one.identifier} 200\n"
        one = keep("JSON-escaped", "dump.json", "escaped")
        files["dump.json"] = json.dumps({"log": one.text}).replace("/", "\\/")
        one = keep("UTF-16", "export.ps1", "utf-16")
        files["export.ps1"] = one.text.encode("utf-16")
        one = keep("base64 of UTF-16", "encoded.cmd", "base64 of utf-16")
        command = base64.b64encode(f"$k='{one.secret}'".encode("utf-16-le")).decode()
        files["encoded.cmd"] = f"powershell -EncodedCommand {command}\n"
        one = keep("hex", "trace.hex", "hex")
        files["trace.hex"] = one.text.encode().hex().upper()
        one = keep("gzip", "backup.env.gz", "plain", "gzip")
        files["backup.env.gz"] = gzip.compress(one.text.encode())
        one = keep("tar.gz", "backup.tgz", "plain", "gzip")
        files["backup.tgz"] = tarred(one.text.encode())
        one = keep("zip", "lambda.zip", "plain", "config/.env")
        files["lambda.zip"] = zipped({"config/.env": one.text.encode()})
        one = keep("zip in a zip", "outer.zip", "plain", "inner.zip!/.env")
        files["outer.zip"] = zipped({"inner.zip": zipped({".env": one.text.encode()})})
        one = keep("bzip2", "old.bz2", "plain", "bzip2")
        files["old.bz2"] = bz2.compress(one.text.encode())
        self.commit("Add all kinds of files", files)
        self.remove(*files)

    def in_objects_alone(self) -> None:
        reset = self.plant("reflog alone", "history", "reset.env")
        self.commit("Oops", {"reset.env": reset.text})
        self.git("reset", "-q", "--hard", "HEAD~1")
        dangling = self.plant("dangling commit", "history", "dangling.env")
        blob = self.git("hash-object", "-w", "--stdin", given=dangling.text.encode())
        tree = self.git("mktree", given=f"100644 blob {blob}\tdangling.env\n".encode())
        self.git("commit-tree", tree, "-m", "Never on a branch")
        loose = self.plant("dangling file", "dangling", "")
        self.git("hash-object", "-w", "--stdin", given=loose.text.encode())
        stashed = self.plant("stash", "history", "stashed.env")
        self.write({"stashed.env": stashed.text})
        self.git("stash", "push", "-q", "--include-untracked")
        staged = self.plant("index alone", "index", "staged.env")
        self.write({"staged.env": staged.text})
        self.git("add", "staged.env")
        (self.folder / "staged.env").unlink()

    def in_files(self) -> None:
        untracked = self.plant("untracked file", "untracked", "notes.txt")
        ignored = self.plant("ignored file", "ignored", "ignored/.env")
        self.write({"notes.txt": untracked.text, "ignored/.env": ignored.text})
        remote = self.plant("git's own config", "git folder", ".git/config", "url-encoded")
        url = f"https://me:{urllib.parse.quote(remote.secret, safe='')}@git.example/x.git"
        self.git("remote", "add", "backup", url)
        inner = Planted.__new__(Planted)
        inner.folder, inner._random, inner._day, inner.plants = (
            self.folder.parent / f"{self.folder.name}-lib",
            self._random,
            self._day,
            self.plants,
        )
        inner.folder.mkdir()
        inner.git("init", "-q", "-b", "main", ".")
        inner.commit("Start", {"lib.txt": "x"})
        within = self.plant("submodule's history", "history", "old.env")
        inner.commit("Add", {"old.env": within.text})
        inner.remove("old.env")
        self.git(
            "-c", "protocol.file.allow=always", "submodule", "-q", "add", str(inner.folder), "vendor/lib"
        )
        self.git("commit", "-q", "-m", "Add the library", "--", ".gitmodules", "vendor/lib")


def tarred(content: bytes) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as archive:
        member = tarfile.TarInfo("backup/.env")
        member.size = len(content)
        archive.addfile(member, io.BytesIO(content))
    return out.getvalue()


def zipped(files: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return out.getvalue()
