"""Ask twice, as a first user would: the iris forest, then a slow model, each over HTTP from its own service."""

import http.client
import json
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import joblib
from sklearn.datasets import load_iris
from sklearn.ensemble import RandomForestClassifier
from train import COLUMNS

HERE = Path(__file__).parent
FLOWER = {"sepal_length": 6.1, "sepal_width": 2.8, "petal_length": 4.7, "petal_width": 1.2}


def main() -> None:
    if not (HERE / "model.joblib").exists():
        subprocess.run([sys.executable, HERE / "train.py"], check=True)
    compare("iris forest, 100 trees", HERE / "model.joblib")
    with tempfile.TemporaryDirectory() as folder:
        compare("slow forest, 1000 trees", train_slow(Path(folder)))


def train_slow(folder: Path) -> Path:
    """Train a forest that takes a tenth of a second for one flower."""
    data, target = load_iris(return_X_y=True, as_frame=True)
    data.columns = COLUMNS
    path = folder / "slow.joblib"
    joblib.dump(RandomForestClassifier(n_estimators=1000, random_state=0, n_jobs=-1).fit(data, target), path)
    return path


def compare(title: str, model: Path) -> None:
    """Serve a model, ask it for one flower twice, and print what came back, from where and when."""
    with served(model) as connection:
        first, second = ask(connection), ask(connection)
    print(title)
    for name, (answer, source, milliseconds) in (("first", first), ("second", second)):
        print(f"  {name:<7} {answer}  {milliseconds:8.2f} ms  {source}")
    print(f"  the second answer was {first[2] / second[2]:.0f} times faster")


def ask(connection: http.client.HTTPConnection) -> tuple[str, str, float]:
    """Give the answer, where it came from, and the milliseconds it took."""
    start = time.perf_counter()
    connection.request("POST", "/predict", json.dumps(FLOWER), {"Content-Type": "application/json"})
    response = connection.getresponse()
    answer = response.read().decode()
    return answer, response.headers["Cache-Status"], (time.perf_counter() - start) * 1000


@contextmanager
def served(model: Path) -> Iterator[http.client.HTTPConnection]:
    """Run `foreseen serve` on a free port, and connect to it."""
    options = ["--port", "0", "--outputs", "predict,predict_proba", "--log-level", "warning"]
    command = [sys.executable, "-m", "foreseen", "serve", model, *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            announced = re.search(r"http://([\d.]+):(\d+)/docs", "".join(iter_until_docs(process)))
            if announced is None:
                sys.exit("the service did not start")
            connection = http.client.HTTPConnection(announced[1], int(announced[2]), timeout=60)
            connection.connect()
            yield connection
            connection.close()
        finally:
            process.terminate()


def iter_until_docs(process: "subprocess.Popen[str]") -> Iterator[str]:
    """Give the lines that the service announces itself with."""
    for line in process.stdout or ():
        yield line
        if "/docs" in line:
            return


if __name__ == "__main__":
    main()
