"""iam:SimulatePrincipalPolicy, which moto leaves out, over the same evaluation that requests go through.

https://docs.aws.amazon.com/IAM/latest/APIReference/API_SimulatePrincipalPolicy.html
"""

from responder.sandbox.aws.account import Account
from responder.sandbox.aws.errors import ServiceError
from responder.sandbox.aws.policy import Policy, decide
from responder.sandbox.aws.query import Fields
from responder.sandbox.aws.wire import Request


def simulate(request: Request, account: Account) -> Fields:
    """Identity policies alone, on the ARNs given or on `*`; no boundary, no resource policy, one page.

    Raises:
        ServiceError: NoSuchEntity, for a principal that is neither a user nor a role here.
    """
    source = request.parameters.get("PolicySourceArn", "")
    policies = _policies_of(source, account)
    context = {
        request.parameters[name].lower(): request.parameters.get(
            f"{name.removesuffix('Name')}Values.member.1", ""
        )
        for name in request.parameters
        if name.startswith("ContextEntries.member.") and name.endswith(".ContextKeyName")
    }
    return {
        "EvaluationResults": [
            {
                "EvalActionName": action,
                "EvalResourceName": resource,
                "EvalDecision": decide(policies, action, resource, context).value,
            }
            for action in request.listed("ActionNames")
            for resource in request.listed("ResourceArns") or ["*"]
        ],
        "IsTruncated": "false",
    }


def _policies_of(arn: str, account: Account) -> tuple[Policy, ...]:
    name = arn.rpartition("/")[2]
    user, role = account.user(name), account.role(name)
    if user and user.arn == arn:
        return account.policies_of_user(name)
    if role and role.arn == arn:
        return account.policies_of_role(name)
    raise ServiceError("NoSuchEntity", f"The principal {arn} does not exist.", 404)
