"""ec2:DescribeRegions: the regions that are on in an account that never turned any on or off.

https://docs.aws.amazon.com/global-infrastructure/latest/regions/aws-regions.html
"""

from responder.sandbox.aws.wire import Reply

REGIONS = (
    *("ap-northeast-1", "ap-northeast-2", "ap-northeast-3", "ap-south-1", "ap-southeast-1", "ap-southeast-2"),
    *("ca-central-1", "eu-central-1", "eu-north-1", "eu-west-1", "eu-west-2", "eu-west-3", "sa-east-1"),
    *("us-east-1", "us-east-2", "us-west-1", "us-west-2"),
)


def describe_regions(request_id: str) -> Reply:
    """EC2's protocol, which wraps nothing and begins names in lower case."""
    items = "".join(
        f"<item><regionName>{name}</regionName><regionEndpoint>ec2.{name}.amazonaws.com</regionEndpoint>"
        "<optInStatus>opt-in-not-required</optInStatus></item>"
        for name in REGIONS
    )
    body = (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<DescribeRegionsResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/">'
        f"<requestId>{request_id}</requestId><regionInfo>{items}</regionInfo></DescribeRegionsResponse>"
    )
    return Reply(200, (("Content-Type", "text/xml;charset=UTF-8"),), body.encode())
