"""KServe's client, in the protocols v1 and v2, in JSON and in bytes: URL MODEL."""

import asyncio
from collections.abc import Awaitable

import httpx
import numpy as np
from kserve import InferenceRESTClient, InferInput, InferRequest, RESTConfig
from kserve.protocol.infer_type import RequestedOutput

from clients.flowers import KINDS, MODEL, NAMES, ROWS, URL, columns

BASE = f"http://{URL}"


def request(*, is_binary: bool, is_matrix: bool = False, **members: object) -> InferRequest:
    """Return a request with a tensor for each feature, or one for all."""
    listed = {"input-0": np.array(ROWS)} if is_matrix else {name: np.array(each) for name, each in columns().items()}
    inputs = []
    for name, values in listed.items():
        tensor = InferInput(name=name, shape=list(values.shape), datatype="FP64")
        tensor.set_data_from_numpy(values, binary_data=is_binary)
        inputs.append(tensor)
    return InferRequest(model_name=MODEL, infer_inputs=inputs, **members)


async def version_2() -> None:
    async with InferenceRESTClient(RESTConfig(protocol="v2")) as client:
        assert await client.is_server_live(BASE) is True
        assert await client.is_server_ready(BASE) is True
        assert await client.is_model_ready(BASE, MODEL) is True
        assert await client.is_model_ready(BASE, "no-such-model") is False
        for is_binary in (True, False):
            for is_matrix in (True, False):
                asked = request(is_binary=is_binary, is_matrix=is_matrix, request_id="order-66")
                reply = await client.infer(BASE, asked, model_name=MODEL)
                assert reply.model_name == MODEL
                assert reply.id == "order-66"
                assert reply.outputs[0].as_numpy().tolist() == KINDS
        for is_binary in (True, False):
            wanted = [RequestedOutput("predict", parameters={"binary_data": is_binary})]
            reply = await client.infer(BASE, request(is_binary=True, request_outputs=wanted), model_name=MODEL)
            assert reply.outputs[0].as_numpy().tolist() == KINDS
        asked = request(is_binary=False, parameters={"binary_data_output": True})
        reply = await client.infer(BASE, asked, model_name=MODEL)
        assert reply.outputs[0].as_numpy().tolist() == KINDS
        # As in KServe's examples: a matrix of FP32, in JSON, of any name.
        flat = {"name": "predict", "shape": [3, 4], "datatype": "FP32", "data": [list(row) for row in ROWS]}
        reply = await client.infer(BASE, {"inputs": [flat]}, model_name=MODEL)
        assert reply.outputs[0].as_numpy().tolist() == KINDS
        await refused(client.infer(BASE, request(is_binary=True), model_name="no-such-model"), "unknown model")
        short = {"inputs": [flat | {"shape": [3, 3]}]}
        await refused(client.infer(BASE, short, model_name=MODEL), "predict")


async def version_1() -> None:
    async with InferenceRESTClient(RESTConfig(protocol="v1")) as client:
        assert await client.is_model_ready(BASE, MODEL) is True
        reply = await client.infer(BASE, {"instances": [list(row) for row in ROWS]}, model_name=MODEL)
        assert reply == {"predictions": KINDS}, reply
        records = [dict(zip(NAMES, row, strict=True)) for row in ROWS]
        reply = await client.infer(BASE, {"instances": records}, model_name=MODEL)
        assert reply == {"predictions": KINDS}, reply
        await refused(client.infer(BASE, {"instances": [[1.0]]}, model_name=MODEL), "instances[0]")


async def refused(asked: Awaitable[object], words: str) -> None:
    """Assert that a request fails, and that the client found the server's words."""
    try:
        await asked
    except httpx.HTTPStatusError as error:
        assert words in str(error), str(error)
    else:
        raise AssertionError(f"expected an error with {words!r}")


asyncio.run(version_2())
asyncio.run(version_1())
