"""Operators that do more than compute are in no list of those that a SavedModel may have."""

import tomllib
from pathlib import Path

import pytest

from foreseen.adapters.predictor.networks.saved_models import allowed_operators
from foreseen.adapters.predictor.networks.saved_models.allowed_operators import COMPUTING, PREPARING

OTHERS = {
    "read files": "ReadFile MatchingFiles ImmutableConst WholeFileReaderV2 LoadAndRemapMatrix RestoreSlice Restore "
    "FixedUnigramCandidateSampler Skipgram GenerateVocabRemapping DecodeProtoV2 EncodeProto",
    "write files": "WriteFile SaveV2 Save SaveSlices ShardedFilename MergeV2Checkpoints PrintV2 Print WriteSummary",
    "run code": "PyFunc PyFuncStateless EagerPyFunc SymbolicGradient RemoteCall XlaLaunch XlaCallModule",
    "talk to others": "Send Recv RpcCall CollectiveReduceV2 NcclAllReduce DebugIdentityV2 DebugIdentity DebugNanCount",
    "read datasets": "TextLineDataset TFRecordDataset FixedLengthRecordDatasetV2 IteratorV2 ReduceDataset LoadDataset",
    "end the process": "Abort",
    "answer differently each time": "RandomUniform RandomStandardNormal Multinomial StatefulUniform Timestamp Empty",
    "change what others read": "ResourceScatterUpdate ScatterUpdate AssignAdd InplaceUpdate DestroyResourceOp",
}


@pytest.mark.parametrize("what", OTHERS)
def test_operators_that_do_more_than_compute_are_not_allowed(what: str) -> None:
    assert (COMPUTING | PREPARING).isdisjoint(OTHERS[what].split())


def test_what_changes_a_model_runs_only_before_it_answers() -> None:
    assert COMPUTING.isdisjoint(PREPARING)
    assert {"AssignVariableOp", "Assign", "LookupTableImportV2", "RestoreV2"} <= PREPARING


def test_the_extra_is_of_the_version_that_the_operators_were_read_for() -> None:
    """Another release may give an operator of the list an attribute that names a file: read its operators first."""
    project = tomllib.loads((Path(__file__).parents[5] / "pyproject.toml").read_text())

    assert project["project"]["optional-dependencies"]["tensorflow"] == ["tensorflow-cpu>=2.20,<2.21"]
    assert "TensorFlow 2.20, " in (allowed_operators.__doc__ or "")
