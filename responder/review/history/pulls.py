"""What only pull requests have: commits of forks, which are in no ordinary clone of a repository."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from responder.review.history.fetched import PATIENCE, fetched
from responder.review.history.git import Git, Repository

if TYPE_CHECKING:
    from responder.providers.github.git_access import GitAccess

_HEADS: Final = "+refs/pull/*/head:refs/pull/*/head"


@contextmanager
def pull_requests(
    of: Repository, access: "GitAccess", seconds: float = PATIENCE
) -> Iterator[tuple[Git, Repository]]:
    """Fetch their heads into a repository of its own, which is removed: the clone is left as it is.

    Objects that the clone has are not fetched again. The first of the two sees only what was fetched, the
    second the clone's objects, too.

    Raises:
        UnavailableError: they cannot be had.
    """
    form = of.git.lines("rev-parse", "--show-object-format")[0]
    has_holes = of.shallow or of.partial  # which would be taken for whole
    beside = () if has_holes else (of.common / "objects",)
    with fetched(access, [_HEADS], form=form, beside=beside, seconds=seconds) as whole:
        folder = whole.folder
        yield Git(folder), Repository(whole, folder, folder, top=None, shallow=False, partial=False)
