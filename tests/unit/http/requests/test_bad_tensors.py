"""Tensors in requests: every length, depth and type is checked, and the place named to the last index."""

import json
from collections.abc import Iterator

import pytest

from foreseen.domain.values.signature import Feature, Signature
from support.fakes import FakePredictor
from support.in_process_service import Service, service, wired_around

SIGNATURE = Signature(
    (Feature("image", shape=(2, 3)), Feature("cube", dtype="int8", shape=(1, 2, 2)), Feature("scale")),
    kind="regression",
)
IMAGE = [[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]
CUBE = [[[1, 2], [3, 4]]]


@pytest.fixture(scope="module")
def images() -> Iterator[Service]:
    with service(wired_around(FakePredictor(SIGNATURE))) as client:
        yield client


def instance(image: object = IMAGE, cube: object = CUBE) -> dict[str, object]:
    return {"image": image, "cube": cube, "scale": 1}


def test_a_tensor_is_nested_lists(images: Service) -> None:
    assert images.post(instance()).json() == {"prediction": 32.0}


def test_tensors_may_stand_in_rows(images: Service) -> None:
    assert images.post({"instances": [[IMAGE, CUBE, 1], instance()]}).json()["predictions"][0] == {"prediction": 32.0}


WRONG = [
    ({"image": []}, "image", "a list of 2, got 0"),
    ({"image": [IMAGE[0]]}, "image", "a list of 2, got 1"),
    ({"image": [*IMAGE, IMAGE[0]]}, "image", "a list of 2, got 3"),
    ({"image": [IMAGE[0], [4.0, 5.0]]}, "image[1]", "a list of 3, got 2"),
    ({"image": [[1.0], IMAGE[1]]}, "image[0]", "a list of 3, got 1"),
    ({"image": [IMAGE[0], [*IMAGE[1], 7.0]]}, "image[1]", "a list of 3, got 4"),
    ({"image": 1.0}, "image", "a list, got 1.0"),
    ({"image": [1.0, 2.0]}, "image[0]", "a list, got 1.0"),
    ({"image": "pixels"}, "image", 'a list, got "pixels"'),
    ({"image": None}, "image", "a list, got null"),
    ({"image": [IMAGE[0], [4.0, "dark", 6.0]]}, "image[1][1]", 'a number, got "dark"'),
    ({"image": [IMAGE[0], [4.0, None, 6.0]]}, "image[1][1]", "a number, got null"),
    ({"image": [IMAGE[0], [4.0, 5.0, "6"]]}, "image[1][2]", 'a number, got "6"'),
    ({"image": [IMAGE[0], [4.0, 5.0, [6.0]]]}, "image[1][2]", "a number, got [6.0]"),
    ({"image": [[1, 2, 3], [4, 2**53 + 1, 6]]}, "image[1][1]", "an integer from -2^53 to 2^53, got 9007199254740993"),
    ({"cube": [[[1, 2]]]}, "cube[0]", "a list of 2, got 1"),
    ({"cube": [[[1, 2], [3]]]}, "cube[0][1]", "a list of 2, got 1"),
    ({"cube": [[[1, 2], [3, 4.5]]]}, "cube[0][1][1]", "an integer, got 4.5"),
    ({"cube": [[1, 2], [3, 4]]}, "cube", "a list of 1, got 2"),
]


@pytest.mark.parametrize(("wrong", "place", "said"), WRONG, ids=[json.dumps(wrong) for wrong, _, _ in WRONG])
def test_an_unfit_tensor_is_rejected_with_its_index(
    images: Service, wrong: dict[str, object], place: str, said: str
) -> None:
    alone, listed = images.post(instance(**wrong)), images.post({"instances": [instance(), instance(**wrong)]})

    assert (alone.status, listed.status) == (422, 422)
    assert f"{place}: expected {said}" in [
        f"{e['place']}: expected {e['expected']}, got {e['got']}" for e in errors(alone)
    ]
    assert f"instances[1].{place}" in [error["place"] for error in errors(listed)]


def errors(reply: object) -> list[dict[str, str]]:
    found: list[dict[str, str]] = reply.json()["errors"]  # type: ignore[attr-defined]
    return found


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999", "128"])
def test_an_out_of_range_number_in_a_tensor_is_rejected(images: Service, number: str) -> None:
    body = json.dumps(instance(cube=[[[1, "HERE"], [3, 4]]])).replace('"HERE"', number)

    assert errors(images.post(body.encode()))[0]["place"] == "cube[0][0][1]"


def test_a_model_of_tensors_is_requested_by_post_only(images: Service) -> None:
    reply = images.get(image="[[1,2,3],[4,5,6]]", scale=1)

    assert (reply.status, reply.headers["allow"]) == (405, "OPTIONS, POST")


def test_the_tensors_of_one_instance_are_no_rows() -> None:
    long = Signature((Feature("left", shape=(30,)), Feature("right", shape=(30, 2))), kind="regression")
    given = {"left": [1] * 30, "right": [[1, 1]] * 30}

    with service(wired_around(FakePredictor(long), max_rows=2)) as client:
        assert client.post(given).json() == {"prediction": 90.0}
        assert len(client.post({"instances": [given, list(given.values())]}).json()["predictions"]) == 2
        assert client.post({"instances": [given] * 3}).status == 413
