"""What a person may do, beside the credentials that they hold, as a playbook iterates over it."""

from pydantic import BaseModel, ConfigDict


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class MemberRole(_Model):
    """In a restricted environment of Modal."""

    environment: str
    member: str

    @property
    def label(self) -> str:
        return f"{self.member}/{self.environment}"


class Review(_Model):
    """They approve deployments to an environment at GitHub."""

    repository: str
    environment: str
    login: str

    @property
    def label(self) -> str:
        return f"{self.repository}/{self.environment}"


class RepositoryAccess(_Model):
    """They may do something in a repository at GitHub."""

    repository: str
    login: str

    @property
    def label(self) -> str:
        return f"{self.repository}/{self.login}"


class IamUser(_Model):
    name: str

    @property
    def label(self) -> str:
        return self.name


class Access(_Model):
    roles: tuple[MemberRole, ...] = ()
    reviews: tuple[Review, ...] = ()
    iam_users: tuple[IamUser, ...] = ()
    repositories: tuple[RepositoryAccess, ...] = ()
    logins: tuple[str, ...] = ()  # at GitHub, whose tokens and keys were on a device
    by_hand: tuple[str, ...] = ()  # what no service lets a program do, one sentence each
