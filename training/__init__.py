"""Offline training: corpora and annotations in, ONNX model folders out. The service never imports this package."""
