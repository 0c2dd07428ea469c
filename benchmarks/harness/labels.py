"""Labels that a model itself predicts, and whether servers answer with them: `python -m harness.labels MODEL`.

A process of its own, so that a benchmark that only sends load does not carry scikit-learn.
"""

import http.client
import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

from harness.apps.bare import BODY
from harness.forms import form_of, label_in
from harness.inputs import NAMES, Flower
from harness.processes import environment

CHECKED = [(5.1, 3.5, 1.4, 0.2), (6.1, 2.8, 4.7, 1.2), (6.3, 3.3, 6.0, 2.5), (4.9, 2.4, 3.3, 1.0), (5.8, 2.7, 5.1, 1.9)]
"""Flowers of all three kinds, which are posted once before anything is timed."""


def check_labels(urls: Mapping[str, str], model: Path) -> None:
    """Exit where a server answers otherwise than its model."""
    flowers = [dict(zip(NAMES, values, strict=True)) for values in CHECKED]
    expected = predicted(model)
    for name, url in urls.items():
        labels = [label_in(url, posted(url, flower)) for flower in flowers]
        if labels != expected:
            sys.exit(f"expected the labels {expected} from {name}, got {labels}")


def check_bodies(urls: Mapping[str, str]) -> None:
    """Exit where a server that has no model answers otherwise than bare."""
    for name, url in urls.items():
        if (reply := posted(url, dict(zip(NAMES, CHECKED[0], strict=True)))) != BODY:
            sys.exit(f"expected {BODY.decode()} from {name}, got {reply.decode()}")


def posted(url: str, flower: Flower) -> bytes:
    """Post one flower and return the body of the reply; exit where its status is not 200."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.netloc, timeout=60)
    connection.request("POST", parts.path, form_of(url).body(flower), {"Content-Type": "application/json"})
    reply = connection.getresponse()
    body = reply.read()
    connection.close()
    if reply.status != http.client.OK:
        sys.exit(f"expected status 200 from {url}, got {reply.status}: {body.decode()}")
    return body


def predicted(model: Path) -> list[str]:
    """Return what a model predicts for the checked flowers."""
    command = [sys.executable, "-m", "harness.labels", str(model)]
    printed = subprocess.run(command, env=environment(), capture_output=True, text=True, check=True).stdout
    labels: list[str] = json.loads(printed)
    return labels


def main(model: str) -> None:
    import joblib
    import numpy as np

    print(json.dumps([str(label) for label in joblib.load(model).predict(np.array(CHECKED))]))


if __name__ == "__main__":
    main(sys.argv[1])
