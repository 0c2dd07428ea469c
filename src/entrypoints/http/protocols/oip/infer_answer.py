"""InferAnswers: writes answers of the Open Inference Protocol, in JSON or with binary data."""

from collections.abc import Mapping, Sequence
from typing import Final, cast

import msgspec

from foreseen.domain.answer import Answer
from foreseen.domain.identity.entry import Entry
from foreseen.domain.model.model_info import ModelInfo
from foreseen.domain.values.json_type import Json
from foreseen.domain.values.null_kinds import with_numbers
from foreseen.domain.values.output import prediction_first
from foreseen.domain.values.shown_value import shown_name
from foreseen.entrypoints.http.protocols.content_types import JSON
from foreseen.entrypoints.http.protocols.endpoint import AnswerWriter, WrittenAnswer
from foreseen.entrypoints.http.protocols.oip.binary_values import bytes_of_values
from foreseen.entrypoints.http.protocols.oip.datatypes import bad_request
from foreseen.entrypoints.http.protocols.oip.infer_request import HEADER_LENGTH, InferRequest, WantedOutput
from foreseen.entrypoints.http.protocols.oip.output_tensors import OutputForm, output_form

OCTETS: Final = "application/octet-stream"
FIRST_OUTPUT: Final = "output-0"
"""The name under which a client may want the first output, whatever its name."""


def output_forms(info: ModelInfo) -> Sequence[OutputForm]:
    """Return how a model's outputs are sent, in the order in which they are listed."""
    return [output_form(output, info.signature) for output in prediction_first(info.outputs)]


class InferAnswers:
    """Makes writers of answers to requests, which differ in their ids and in the outputs that they want."""

    def __init__(self, info: ModelInfo, name: str) -> None:
        """Accept what is known about a model, and its name."""
        self._name = name
        self._forms = output_forms(info)
        self._by_name = {FIRST_OUTPUT: self._forms[0]} | {form.name: form for form in self._forms}
        self._all = [WantedOutput(form.name) for form in self._forms]

    def writer(self, request: InferRequest, version: str) -> AnswerWriter:
        """Return what writes the answer to a request.

        Args:
            version: the model's version, as it is named to the client.
        Raises:
            Rejection: the request wants an output that the model has not (400).
        """
        wanted = request.wanted or self._all
        for each in wanted:
            if each.name not in self._by_name:
                names = ", ".join(form.name for form in self._forms)
                raise bad_request(
                    f"outputs.{shown_name(each.name)}: expected outputs of the model ({names}), got another"
                )
        head: dict[str, object] = {"model_name": self._name, "model_version": version}
        if request.id is not None:
            head["id"] = request.id
        binary = {each.name for each in wanted if (request.is_binary if each.is_binary is None else each.is_binary)}

        def write(answer: Answer) -> WrittenAnswer:
            rows = list(map(_members, answer.entries))
            outputs: list[dict[str, object]] = []
            blobs: list[bytes] = []
            for each in wanted:
                form = self._by_name[each.name]
                tensor = form.tensor_of([row[form.member] for row in rows])
                output: dict[str, object] = {
                    "name": each.name,
                    "datatype": tensor.datatype,
                    "shape": tensor.shape,
                }
                if each.name in binary:
                    blobs.append(bytes_of_values(tensor.datatype, tensor.values))
                    output["parameters"] = {"binary_data_size": len(blobs[-1])}
                else:
                    output["data"] = tensor.values
                outputs.append(output)
            body = msgspec.json.encode({**head, "outputs": outputs})  # NaN and the infinities become null
            if not binary:
                return WrittenAnswer(body, JSON)
            return WrittenAnswer(b"".join([body, *blobs]), OCTETS, {HEADER_LENGTH: str(len(body))})

        return write


def _members(entry: Entry) -> Mapping[str, Json]:
    """Return what an entry has, by member; what is null in it is the number that it stands for."""
    return cast("Mapping[str, Json]", with_numbers(msgspec.json.decode(entry.body), entry.nulls))
