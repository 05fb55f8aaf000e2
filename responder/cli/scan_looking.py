"""What one `respond scan` looks at, and shows as it goes."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from responder.cli.desk import Desk
from responder.errors import Exit, UnavailableError

if TYPE_CHECKING:
    from concurrent.futures import Future

    from rich.console import Console

    from responder.providers.github.git_access import GitAccess
    from responder.providers.github.search import Searched
    from responder.review.history.forms import Value
    from responder.review.history.patterns import Finding, Patterns
    from responder.review.history.sighting import Scan


@dataclass
class Looking:
    """All that was asked for, and all that it came to so far."""

    desk: Desk
    where: Path
    values: Sequence["Value"]  # none where only forms are looked for
    out: "Console"
    err: "Console"
    scan: "Scan | None" = None
    github: "Searched | None" = None
    findings: list["Finding"] = field(default_factory=list)  # without those of the baseline
    pulls: bool = False  # they were asked for
    not_looked_at: list[str] = field(default_factory=list)
    _here: "Future[Patterns] | None" = None
    _of_wiki: "Patterns | None" = None

    @property
    def exit_code(self) -> Exit:
        if self.findings or (self.scan and self.scan.leaks) or (self.github and self.github.leaks):
            return Exit.FOUND
        return Exit.INCOMPLETE if self.not_looked_at else Exit.DONE

    def start_patterns(self) -> None:
        """At the same time as whatever else is looked for, if there is anything that could."""
        from responder.questions import aside  # noqa: PLC0415
        from responder.review.history import patterns as by_form  # noqa: PLC0415
        from responder.review.history.git import Repository  # noqa: PLC0415

        if by_form.kingfisher() is None and self.values:
            why = f"Not searched by form, as there is no kingfisher: {by_form.INSTALL}"
            self.err.print(why, style="yellow", markup=False)
            return
        repository = Repository.at(self.where)
        if not self.values:
            self.not_looked_at += repository.cut_off()
        self._here = aside(by_form.find_patterns, repository.top or repository.folder)

    def for_values(self) -> None:
        import time  # noqa: PLC0415

        from responder.cli.scan_screen import searched, show_sightings  # noqa: PLC0415
        from responder.review.history.scan import scan_repository  # noqa: PLC0415
        from responder.review.history.search import Needles  # noqa: PLC0415

        began, so_far = time.monotonic(), 0
        with self.err.status("Searching …") as status:

            def told(more: int) -> None:
                nonlocal so_far
                so_far += more
                status.update(f"Searching … {so_far >> 20} MB")

            self.scan = scan_repository(self.where, Needles(self.values), told)
        self.not_looked_at += self.scan.not_looked_at
        self.out.print(searched(self.scan, time.monotonic() - began), markup=False, soft_wrap=True)
        show_sightings(self.out, self.scan, self.values)

    def in_pulls(self, access: "GitAccess") -> None:
        """After the clone, whose places are shown before anything is waited for."""
        from responder.cli.scan_screen import show_pulls  # noqa: PLC0415
        from responder.review.history.scan import scan_pulls  # noqa: PLC0415
        from responder.review.history.search import Needles  # noqa: PLC0415

        self.pulls = True
        with self._going_on(alone=False):
            with self.err.status("Fetching what only pull requests have …"):
                more = scan_pulls(self.where, access, Needles(self.values))
            show_pulls(self.out, more, self.values)
            self.not_looked_at += more.not_looked_at
            if self.scan:
                self.scan.sightings += more.sightings
                self.scan.not_looked_at += more.not_looked_at

    def on_github(self, repo: str, begin: datetime, *, alone: bool, by_form: bool) -> None:
        """What the wiki has by form is shown later, with the rest of that.

        Raises:
            UnavailableError: it cannot be had, and nothing else is asked for (`alone`).
        """
        from responder.cli.scan_screen import show_on_github  # noqa: PLC0415
        from responder.review.history.github import scan_github  # noqa: PLC0415

        with self._going_on(alone=alone):
            with self.desk.connections() as connections, self.err.status("Asking GitHub …"):
                found = scan_github(connections, repo, self.values, begin, by_form=by_form)
            self.github, self._of_wiki = found.searched, found.by_form
            self.not_looked_at += self.github.not_looked_at
            show_on_github(self.out, repo, begin, self.github)

    def show_patterns(self, judged: frozenset[str], to: Path | None) -> None:
        """Of all that was searched by form; `to` is the file where all of it becomes judged.

        Raises:
            UnavailableError: it cannot be had, and no value was looked for.
        """
        from responder.cli.scan_screen import show_findings  # noqa: PLC0415
        from responder.review.history.baseline import write_baseline  # noqa: PLC0415

        if not (self._here or self._of_wiki):
            return
        with self._going_on(alone=not self.values):
            with self.err.status("Searching by form …"):
                told = [one for one in (self._here and self._here.result(), self._of_wiki) if one]
            findings = [one for patterns in told for one in patterns.findings]
            self.not_looked_at += [why for patterns in told for why in patterns.not_looked_at]
            if to is not None:
                write_baseline(to, findings)
                self.out.print(f"{len(findings)} findings written to {to}: judged.", markup=False)
                return
            self.findings = [one for one in findings if one.fingerprint not in judged]
            before = len(findings) - len(self.findings)
            show_findings(self.out, self.findings, before, told[0].version)

    @contextmanager
    def _going_on(self, *, alone: bool) -> Iterator[None]:
        """What cannot be had is told at the end, unless nothing else was asked for."""
        try:
            yield
        except UnavailableError as error:
            if alone:
                raise
            self.not_looked_at.append(f"{error.what} {error.next_step}".strip())
