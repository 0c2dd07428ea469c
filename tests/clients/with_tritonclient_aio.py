"""The same methods of tritonclient.http.aio: URL MODEL."""

import asyncio

import numpy as np
from tritonclient.http import InferInput, InferRequestedOutput
from tritonclient.http.aio import InferenceServerClient
from tritonclient.utils import InferenceServerException

from clients.flowers import KINDS, MODEL, NAMES, URL, columns


def inputs(*, is_binary: bool) -> list[InferInput]:
    """Return a tensor for each feature."""
    made = []
    for name, values in columns().items():
        tensor = InferInput(name, [len(values), 1], "FP64")
        tensor.set_data_from_numpy(np.array(values).reshape(-1, 1), binary_data=is_binary)
        made.append(tensor)
    return made


async def main() -> None:
    async with InferenceServerClient(URL) as client:
        assert await client.is_server_live()
        assert await client.is_server_ready()
        assert await client.is_model_ready(MODEL)
        assert not await client.is_model_ready("no-such-model")
        assert (await client.get_server_metadata())["name"]
        assert [each["name"] for each in (await client.get_model_metadata(MODEL))["inputs"]] == list(NAMES)
        assert (await client.get_model_config(MODEL))["name"] == MODEL
        assert [each["name"] for each in await client.get_model_repository_index()] == [MODEL]
        assert (await client.get_inference_statistics(MODEL))["model_stats"][0]["name"] == MODEL
        asked = [client.infer(MODEL, inputs(is_binary=number % 2 == 0), request_id=str(number)) for number in range(20)]
        for number, result in enumerate(await asyncio.gather(*asked)):
            assert result.as_numpy("predict").tolist() == KINDS
            assert result.get_response()["id"] == str(number)
        for is_binary in (True, False):
            wanted = [InferRequestedOutput("predict", binary_data=is_binary)]
            result = await client.infer(MODEL, inputs(is_binary=True), outputs=wanted)
            assert result.as_numpy("predict").tolist() == KINDS
        try:
            await client.infer("no-such-model", inputs(is_binary=True))
        except InferenceServerException as error:
            assert "Request for unknown model" in str(error), str(error)
        else:
            raise AssertionError("expected an error")


asyncio.run(main())
