"""What a setup still has to make, as a playbook iterates over it: what is there already is in no list."""

from typing import Any

from pydantic import BaseModel, ConfigDict

from responder.secret import Secret


class _Model(BaseModel):
    model_config = ConfigDict(
        frozen=True, extra="forbid", arbitrary_types_allowed=True, hide_input_in_errors=True
    )


class ModalEnvironment(_Model):
    name: str
    restricted: bool

    @property
    def label(self) -> str:
        return self.name


class ServiceUser(_Model):
    credential: str  # its name in the inventory
    base: str
    roles: dict[str, str]  # environment -> role

    @property
    def label(self) -> str:
        return self.credential


class IamUser(_Model):
    credential: str
    user: str

    @property
    def label(self) -> str:
        return self.credential


class Policy(_Model):
    credential: str
    user: str
    policy: dict[str, Any]  # the document of an inline policy

    @property
    def label(self) -> str:
        return self.credential


class AccessKey(_Model):
    credential: str
    user: str

    @property
    def label(self) -> str:
        return self.credential


class ModalSecret(_Model):
    environment: str
    secret: str
    values: dict[str, Secret | str]

    @property
    def label(self) -> str:
        return f"{self.environment}/{self.secret}"


class Protection(_Model):
    repository: str
    environment: str
    reviewers: tuple[str, ...]
    branch: str  # that alone may deploy; empty for any

    @property
    def label(self) -> str:
        return f"{self.repository}/{self.environment}"


class Variable(_Model):
    repository: str
    environment: str
    variable: str
    value: str

    @property
    def label(self) -> str:
        return f"{self.repository}/{self.environment}/{self.variable}"


class ProjectFile(_Model):
    folder: str  # of the project, absolute
    path: str  # in it
    text: str

    @property
    def label(self) -> str:
        return self.path


class Baseline(_Model):
    environments: tuple[ModalEnvironment, ...] = ()
    service_users: tuple[ServiceUser, ...] = ()
    iam_users: tuple[IamUser, ...] = ()
    policies: tuple[Policy, ...] = ()
    access_keys: tuple[AccessKey, ...] = ()
    secrets: tuple[ModalSecret, ...] = ()
    protections: tuple[Protection, ...] = ()
    variables: tuple[Variable, ...] = ()
    files: tuple[ProjectFile, ...] = ()

    @property
    def is_met(self) -> bool:
        return not any(getattr(self, name) for name in type(self).model_fields)
