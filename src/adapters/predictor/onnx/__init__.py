"""ONNX: what a graph takes and answers, and a session of onnxruntime that computes it."""
