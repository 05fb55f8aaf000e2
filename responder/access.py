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


class Access(_Model):
    roles: tuple[MemberRole, ...] = ()
    reviews: tuple[Review, ...] = ()
    by_hand: tuple[str, ...] = ()  # what no service lets a program do, one sentence each
