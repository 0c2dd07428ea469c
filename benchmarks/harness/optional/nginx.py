"""nginx: one worker that returns the reply of bare, unread. A web server in C that does nothing else."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from harness.apps.bare import BODY
from harness.forms import FLOWER
from harness.optional.contender import Contender
from harness.processes import answering, free_port

# Debian keeps it where not every user looks.
PLACES = "/usr/sbin:/usr/local/sbin:/usr/local/bin:/usr/bin"

# As many requests on a connection as wrk sends: by default it is closed after a thousand.
SETTINGS = """\
daemon off;
worker_processes 1;
pid {folder}/pid;
error_log {folder}/error.log;
events {{ worker_connections 1024; }}
http {{
  access_log off;
  keepalive_requests 1000000000;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  server {{
    listen 127.0.0.1:{port};
    location / {{
      default_type application/json;
      return 200 '{body}';
    }}
  }}
}}
"""


def nginx() -> Contender:
    """Return it, from Debian's package."""
    program = shutil.which("nginx", path=PLACES)
    missing = "" if program else "nginx is missing: apt-get install nginx-light"
    return Contender("nginx", missing, lambda: _serve(str(program)))


@contextmanager
def _serve(program: str) -> Iterator[str]:
    with TemporaryDirectory() as folder:
        port = free_port()
        settings = Path(folder, "nginx.conf")
        settings.write_text(SETTINGS.format(folder=folder, port=port, body=BODY.decode()))
        command = [program, "-p", folder, "-e", f"{folder}/error.log", "-c", str(settings)]
        url = f"http://127.0.0.1:{port}{FLOWER.path}"
        with answering(command, url):
            yield url
