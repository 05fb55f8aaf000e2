"""All that can be said of one credential that leaked: the answer to "what is it, and how bad is this?"."""

from typing import Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict

from responder.found import Kind, Life

Reach = Literal["admin", "wildcard", ""]


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class Power(_Model):
    """Something that it may do, or, where `denied`, may not for all that it is allowed."""

    what: str  # "s3:GetObject on arn:aws:s3:::artifacts/*"
    by: str = ""  # "inline policy artifacts"
    reach: Reach = ""  # everything, or may give itself everything; or more than names one by one
    denied: bool = False


def worst_first(power: Power) -> tuple[bool, int]:
    """To sort by."""
    return power.denied, ("admin", "wildcard", "").index(power.reach)


class Facts(_Model):
    """What its provider says of it. `untold` is what nobody could find out, a sentence each, and why."""

    what: str  # "AWS access key"
    owner: str = ""  # "IAM user rentagpu-s3"
    life_by: str = ""  # how it is known whether it lives
    created: AwareDatetime | None = None
    expires: AwareDatetime | None = None
    never_used: bool = False
    last_used: AwareDatetime | None = None
    last_used_where: str = ""  # "s3 in us-east-1"
    powers: tuple[Power, ...] = ()
    untold: tuple[str, ...] = ()


class Profile(Facts):
    """With what the inventory knows of it. Without any secret."""

    kind: Kind
    identifier: str
    where: str  # it was seen: "prod.env, line 1"
    secret_seen: bool  # its secret is there too, so that whoever reads it can use it
    credential: str = ""  # its name in the inventory
    life: Life = "unknown"
    answered: bool = True  # its provider was asked whose it is, and said so or that it does not know
    note: str = ""
    placements: tuple[str, ...] = ()
    workloads: tuple[str, ...] = ()


class Strayed(_Model):
    """A part of a credential: no provider can be asked about it."""

    kind: Kind
    where: str
    what: str
