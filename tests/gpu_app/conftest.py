"""The app deployed in a sandbox of its own and called through the real client; its bucket is moto's."""

import importlib.util
import io
import os
import signal
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import boto3
import modal
import numpy as np
import pytest

from responder.sandbox import seed
from responder.sandbox.aws import AwsPlane
from responder.sandbox.modal import ModalPlane

APP = Path(__file__).parents[2] / "gpu_app"
sys.path.append(str(APP))  # for what needs no container


@dataclass
class Deployed:
    plane: ModalPlane
    client: modal.Client
    s3: object
    access_key_id: str
    aws_url: str

    def run(self, **payload):
        function = modal.Function.from_name(
            "rentagpu-executor", "run_gpu_job", environment_name="prod", client=self.client
        )
        return function.remote(payload)

    def put(self, key, array):
        body = io.BytesIO()
        np.save(body, array)
        self.s3.put_object(Bucket=seed.BUCKET, Key=key, Body=body.getvalue())

    def array(self, key):
        return np.load(io.BytesIO(self.s3.get_object(Bucket=seed.BUCKET, Key=key)["Body"].read()))

    def kill_what_runs(self, function):
        """SIGKILL to a container while it has an input of that function; gives the container's id."""
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            for container in list(self.plane._fleet.containers.values()):
                if container.running and container.arguments.function_def.function_name == function:
                    os.kill(container.process, signal.SIGKILL)
                    return container.task_id
            time.sleep(0.005)
        raise AssertionError(f"Nothing ran {function}.")

    def keys(self, prefix):
        found = self.s3.list_objects_v2(Bucket=seed.BUCKET, Prefix=prefix)
        return sorted(one["Key"] for one in found.get("Contents", ()))


@pytest.fixture(scope="module")
def deployed(tmp_path_factory):
    aws = AwsPlane()
    aws_url = aws.start()
    aws_seed = seed.seed_aws(aws)
    plane = ModalPlane(container_env={"AWS_ENDPOINT_URL": aws_url})
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MODAL_SERVER_URL", plane.start())
        patch.setenv("MODAL_CONFIG_PATH", str(tmp_path_factory.mktemp("modal") / "modal.toml"))
        token = seed.seed_modal(plane, aws_seed.leaked).ci["prod"]
        client = modal.Client.from_credentials(token.token_id, token.token_secret)
        spec = importlib.util.spec_from_file_location("app", APP / "app.py")
        patch.setitem(sys.modules, "app", importlib.util.module_from_spec(spec))
        spec.loader.exec_module(sys.modules["app"])
        sys.modules["app"].app.deploy(environment_name="prod", client=client)
        key = aws_seed.leaked
        s3 = boto3.client(
            "s3",
            endpoint_url=aws_url,
            region_name="us-east-1",
            aws_access_key_id=key.access_key_id,
            aws_secret_access_key=key.secret_access_key,
        )
        yield Deployed(plane, client, s3, key.access_key_id, aws_url)
    plane.stop()
    aws.stop()
