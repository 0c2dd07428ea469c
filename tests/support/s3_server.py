"""An S3 server in a process of its own: it checks signatures, and has one account and one empty bucket.

Run as a module it serves until its standard input ends, on a port that the kernel chooses.
"""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from support.processes import command, environment

BUCKET: Final = "bucket"
_ACTIONS_OF_SETTING_UP: Final = 3
READ_ONLY: Final = "read-only"
"""A folder of the bucket that nothing may be written to."""
_NO_FILE: Final = str(Path(__file__).with_name("no_such_file"))
"""What a client reads its account from, beside the variables: not /dev/null, which may be a file where tests run."""
_POLICY: Final = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Action": "s3:*", "Resource": "*"},
        {"Effect": "Deny", "Action": "s3:PutObject", "Resource": f"arn:aws:s3:::{BUCKET}/{READ_ONLY}/*"},
    ],
}


@dataclass(frozen=True)
class S3Server:
    """A running server, and its account."""

    url: str
    key: str
    secret: str

    @property
    def variables(self) -> dict[str, str]:
        """The environment of a client, in which nothing else says who it is."""
        return {
            "AWS_ENDPOINT_URL": self.url,
            "AWS_ACCESS_KEY_ID": self.key,
            "AWS_SECRET_ACCESS_KEY": self.secret,
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_CONFIG_FILE": _NO_FILE,
            "AWS_SHARED_CREDENTIALS_FILE": _NO_FILE,
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_MAX_ATTEMPTS": "1",
        }


@contextmanager
def s3_server() -> Iterator[S3Server]:
    """Run a server until the block ends."""
    started = subprocess.Popen(
        command(module="support.s3_server"),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env=environment({"INITIAL_NO_AUTH_ACTION_COUNT": str(_ACTIONS_OF_SETTING_UP)}),
    )
    with started:  # which closes its standard input, and waits
        assert started.stdout is not None
        yield S3Server(**json.loads(started.stdout.readline()))


def _serve() -> None:
    from moto.moto_server.threaded_moto_server import ThreadedMotoServer  # noqa: PLC0415 - for the process of its own

    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    sys.stdout.write(json.dumps(_set_up(f"http://127.0.0.1:{server.get_host_and_port()[1]}")) + "\n")
    sys.stdout.flush()
    sys.stdin.read()


def _set_up(url: str) -> dict[str, str]:
    iam = _client("iam", url, key="any", secret="any")
    iam.create_user(UserName="tests")
    made = iam.create_access_key(UserName="tests")["AccessKey"]
    iam.put_user_policy(UserName="tests", PolicyName="files", PolicyDocument=json.dumps(_POLICY))
    found = {"key": made["AccessKeyId"], "secret": made["SecretAccessKey"]}
    _client("s3", url, **found).create_bucket(Bucket=BUCKET)
    return {"url": url, **found}


def _client(what: str, url: str, *, key: str, secret: str) -> Any:
    import boto3  # noqa: PLC0415 - for the process of its own

    return boto3.client(
        what, endpoint_url=url, region_name="us-east-1", aws_access_key_id=key, aws_secret_access_key=secret
    )


if __name__ == "__main__":
    _serve()
