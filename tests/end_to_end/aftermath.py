"""What every incident must end in, by the sandbox's ground truth alone."""

KEY_OWNER = "rentagpu-s3"
REPOSITORY = "rentagpu/executor"


def keys(world):
    owner = next(user for user in world["aws"]["users"] if user["name"] == KEY_OWNER)
    return {key["access_key_id"]: key for key in owner["access_keys"]}


def service_users(world, base="ci-prod"):
    return [u for u in world["modal"]["service_users"] if u["name"].split("--")[0] == base]


def secret_values(world):
    named = [secret for secret in world["modal"]["secrets"] if secret["name"] == "my-app-secrets"]
    return {secret["environment"]: secret["values"] for secret in named}


def github_secrets(world, environment):
    stored = world["github"]["repositories"][REPOSITORY]["environments"][environment]["secrets"]
    return {name: secret["value"] for name, secret in stored.items()}


def runs(world):
    return world["github"]["repositories"][REPOSITORY]["runs"]


def assert_over(before, after):
    """One live key, one live service user, each placement fresh, the workload on it, the leaked dead."""
    [(fresh_key, key)] = keys(after).items()
    assert key["status"] == "Active"
    assert fresh_key not in keys(before)

    [user] = service_users(after)
    [leaked] = service_users(before)
    assert user["token_id"] != leaked["token_id"]
    assert user["roles"] == leaked["roles"]
    live = {token["token_id"] for token in after["modal"]["tokens"] if token["live"]}
    assert leaked["token_id"] not in live

    pair = {"AWS_ACCESS_KEY_ID": fresh_key, "AWS_SECRET_ACCESS_KEY": key["secret_access_key"]}
    for environment, values in secret_values(after).items():
        assert values == secret_values(before)[environment] | pair
    assert github_secrets(after, "prod") == {
        "MODAL_TOKEN_ID": user["token_id"],
        "MODAL_TOKEN_SECRET": user["token_secret"],
    }
    assert github_secrets(after, "dev") == github_secrets(before, "dev")

    running = [c for c in after["modal"]["containers"] if c["state"] == "running"]  # others are leaving
    assert {c["environment"] for c in running} == {"dev", "prod"}
    assert {c["values"]["AWS_ACCESS_KEY_ID"] for c in running} == {fresh_key}

    owner = next(u for u in after["aws"]["users"] if u["name"] == KEY_OWNER)
    assert "respond-deny-sessions" in owner["inline_policies"]
