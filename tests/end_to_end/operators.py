"""The operator's own hands, beside `respond`."""

import boto3


def iam(sandbox):
    return client("iam", sandbox)


def client(service, sandbox):
    return boto3.client(
        service,
        endpoint_url=sandbox.urls["aws"],
        region_name="us-east-1",
        aws_access_key_id=sandbox.env["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=sandbox.env["AWS_SECRET_ACCESS_KEY"],
    )
