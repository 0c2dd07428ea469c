"""The Open Inference Protocol, version 2, over HTTP: tensors in JSON and in binary."""
