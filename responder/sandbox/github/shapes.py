"""GitHub's JSON for what the state holds.

The required fields are those of GitHub's OpenAPI description (npm @octokit/openapi); every address has the
server's own host and port, on which PyGithub insists.
"""

import base64
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from responder.sandbox.github.state import Branch, Environment, Repository, User
from responder.sandbox.github.teams import Team
from responder.sandbox.github.vault import Entry

USER_LINKS = {
    "events_url": "/events{/privacy}",
    "followers_url": "/followers",
    "following_url": "/following{/other_user}",
    "gists_url": "/gists{/gist_id}",
    "organizations_url": "/orgs",
    "received_events_url": "/received_events",
    "repos_url": "/repos",
    "starred_url": "/starred{/owner}{/repo}",
    "subscriptions_url": "/subscriptions",
}
REPOSITORY_LINKS = {
    "archive_url": "/{archive_format}{/ref}",
    "assignees_url": "/assignees{/user}",
    "blobs_url": "/git/blobs{/sha}",
    "branches_url": "/branches{/branch}",
    "collaborators_url": "/collaborators{/collaborator}",
    "comments_url": "/comments{/number}",
    "commits_url": "/commits{/sha}",
    "compare_url": "/compare/{base}...{head}",
    "contents_url": "/contents/{+path}",
    "contributors_url": "/contributors",
    "deployments_url": "/deployments",
    "downloads_url": "/downloads",
    "events_url": "/events",
    "forks_url": "/forks",
    "git_commits_url": "/git/commits{/sha}",
    "git_refs_url": "/git/refs{/sha}",
    "git_tags_url": "/git/tags{/sha}",
    "hooks_url": "/hooks",
    "issue_comment_url": "/issues/comments{/number}",
    "issue_events_url": "/issues/events{/number}",
    "issues_url": "/issues{/number}",
    "keys_url": "/keys{/key_id}",
    "labels_url": "/labels{/name}",
    "languages_url": "/languages",
    "merges_url": "/merges",
    "milestones_url": "/milestones{/number}",
    "notifications_url": "/notifications{?since,all,participating}",
    "pulls_url": "/pulls{/number}",
    "releases_url": "/releases{/id}",
    "stargazers_url": "/stargazers",
    "statuses_url": "/statuses/{sha}",
    "subscribers_url": "/subscribers",
    "subscription_url": "/subscription",
    "tags_url": "/tags",
    "teams_url": "/teams",
    "trees_url": "/git/trees{/sha}",
}
COUNTS = ("forks", "forks_count", "open_issues", "open_issues_count", "size", "stargazers_count", "watchers")
MORE_COUNTS = ("watchers_count", "network_count", "subscribers_count")
ABSENT = ("description", "homepage", "language", "mirror_url", "license")
FALSE = ("fork", "archived", "disabled", "has_issues", "has_projects", "has_pages")


def moment(seconds: float) -> str:
    """GitHub's times have whole seconds."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def optional_moment(seconds: float | None) -> str | None:
    return None if seconds is None else moment(seconds)


def node_id(kind: str, number: int) -> str:
    return base64.b64encode(f"{kind}:{number}".encode()).decode()


def secret(name: str, entry: Entry) -> dict[str, Any]:
    return {"name": name, "created_at": moment(entry.created_at), "updated_at": moment(entry.updated_at)}


def variable(name: str, entry: Entry) -> dict[str, Any]:
    return {**secret(name, entry), "value": entry.value}


class Shapes:
    """The shapes that hold addresses.

    Args:
        base: the server's own address, without a slash at its end.
    """

    def __init__(self, base: str) -> None:
        self.base = base

    def user(self, user: User) -> dict[str, Any]:
        url = f"{self.base}/users/{user.login}"
        return {
            "id": user.id,
            "node_id": node_id("User", user.id),
            "login": user.login,
            "type": user.kind,
            "user_view_type": "public",
            "site_admin": False,
            "gravatar_id": "",
            "url": url,
            "html_url": f"{self.base}/{user.login}",
            "avatar_url": f"{self.base}/avatars/u/{user.id}",
            **{field: url + suffix for field, suffix in USER_LINKS.items()},
        }

    def full_user(self, user: User) -> dict[str, Any]:
        absent = ("bio", "blog", "company", "email", "hireable", "location", "name")
        return {
            **self.user(user),
            **dict.fromkeys(absent),
            **dict.fromkeys(("followers", "following", "public_gists", "public_repos"), 0),
            "created_at": moment(user.created_at),
            "updated_at": moment(user.created_at),
        }

    def repository_url(self, repository: Repository) -> str:
        return f"{self.base}/repos/{repository.full_name}"

    def minimal_repository(self, repository: Repository, owner: User) -> dict[str, Any]:
        url = self.repository_url(repository)
        return {
            "id": repository.id,
            "node_id": node_id("Repository", repository.id),
            "name": repository.full_name.partition("/")[2],
            "full_name": repository.full_name,
            "owner": self.user(owner),
            "private": True,
            "fork": False,
            "description": None,
            "url": url,
            "html_url": f"{self.base}/{repository.full_name}",
            **{field: url + suffix for field, suffix in REPOSITORY_LINKS.items()},
        }

    def repository(self, repository: Repository, owner: User, login: str) -> dict[str, Any]:
        html = f"{self.base}/{repository.full_name}"
        at = moment(repository.created_at)
        return {
            **self.minimal_repository(repository, owner),
            **dict.fromkeys((*COUNTS, *MORE_COUNTS), 0),
            **dict.fromkeys(ABSENT),
            **dict.fromkeys(FALSE, False),
            "has_discussions": repository.talk.discussions is not None,
            "has_wiki": True,  # as where nobody has switched it off, be there a page or not
            "default_branch": repository.default_branch,
            "visibility": "private",
            "clone_url": f"{html}.git",
            "git_url": f"{html}.git",
            "ssh_url": f"{html}.git",
            "svn_url": html,
            "created_at": at,
            "updated_at": at,
            "pushed_at": at,
            "permissions": {
                "admin": repository.allows(login, "admin"),
                "maintain": repository.allows(login, "admin"),
                "push": repository.allows(login, "write"),
                "triage": repository.allows(login, "write"),
                "pull": repository.allows(login, "read"),
            },
        }

    def short_branch(self, repository: Repository, branch: Branch) -> dict[str, Any]:
        url = f"{self.repository_url(repository)}/commits/{branch.sha}"
        return {
            "name": branch.name,
            "commit": {"sha": branch.sha, "url": url},
            "protected": branch.protected,
        }

    def branch(self, repository: Repository, branch: Branch) -> dict[str, Any]:
        url = f"{self.repository_url(repository)}/branches/{quote(branch.name, safe='')}"
        commit = f"{self.repository_url(repository)}/commits/{branch.sha}"
        html = f"{self.base}/{repository.full_name}"
        person = {"name": "sandbox", "email": "sandbox@localhost", "date": moment(repository.created_at)}
        tree = {"sha": branch.sha, "url": f"{self.repository_url(repository)}/git/trees/{branch.sha}"}
        return {
            **self.short_branch(repository, branch),
            "protection": {"enabled": branch.protected},
            "protection_url": f"{url}/protection",
            "_links": {"self": url, "html": f"{html}/tree/{quote(branch.name)}"},
            "commit": {
                "url": commit,
                "sha": branch.sha,
                "node_id": node_id("Commit", repository.id),
                "html_url": f"{html}/commit/{branch.sha}",
                "comments_url": f"{commit}/comments",
                "author": {},
                "committer": {},
                "parents": [],
                "commit": {
                    "url": commit,
                    "author": person,
                    "committer": person,
                    "message": "Seeded by the sandbox",
                    "comment_count": 0,
                    "tree": tree,
                },
            },
        }

    def environment(
        self, repository: Repository, environment: Environment, reviewers: Iterable[User]
    ) -> dict[str, Any]:
        rules: list[dict[str, Any]] = []
        if environment.wait_timer:
            rules.append({"type": "wait_timer", "wait_timer": environment.wait_timer})
        owner = repository.full_name.partition("/")[0]
        people = self.reviewers(owner, environment, reviewers)
        if people:
            self_review = environment.prevent_self_review
            rules.append(
                {"type": "required_reviewers", "prevent_self_review": self_review, "reviewers": people}
            )
        if environment.branch_policy:
            rules.append({"type": "branch_policy"})
        numbered = [
            {"id": environment.id * 10 + n, "node_id": node_id("Gate", environment.id * 10 + n), **rule}
            for n, rule in enumerate(rules)
        ]
        policy = environment.branch_policy
        return {
            **self.environment_links(repository, environment.name, environment.id),
            "created_at": moment(environment.created_at),
            "updated_at": moment(environment.updated_at),
            "protection_rules": numbered,
            "deployment_branch_policy": policy
            and {"protected_branches": policy == "protected", "custom_branch_policies": policy == "custom"},
        }

    def reviewers(
        self, organization: str, environment: Environment, people: Iterable[User]
    ) -> list[dict[str, Any]]:
        """The people first, then the teams."""
        teams = environment.reviewing_teams
        return [
            *({"type": "User", "reviewer": self.user(user)} for user in people),
            *({"type": "Team", "reviewer": self.team(organization, team)} for team in teams),
        ]

    def team(self, organization: str, team: Team) -> dict[str, Any]:
        url = f"{self.base}/orgs/{organization}/teams/{team.slug}"
        return {
            "id": team.id,
            "node_id": node_id("Team", team.id),
            "name": team.name,
            "slug": team.slug,
            "description": None,
            "privacy": "closed",
            "notification_setting": "notifications_enabled",
            "permission": "pull",
            "type": "organization",
            "url": url,
            "html_url": url,
            "members_url": f"{url}/members{{/member}}",
            "repositories_url": f"{url}/repos",
            "parent": None,
        }

    def environment_links(self, repository: Repository, name: str, number: int) -> dict[str, Any]:
        return {
            "id": number,
            "node_id": node_id("Environment", number),
            "name": name,
            "url": f"{self.repository_url(repository)}/environments/{quote(name, safe='')}",
            "html_url": f"{self.base}/{repository.full_name}/deployments/activity_log"
            f"?environments_filter={quote(name, safe='')}",
        }
