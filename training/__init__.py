"""Offline training: corpora and annotations in, ONNX model folders out. The service never imports it."""

import monitor as monitor  # first of all: it turns ONNX Runtime's telemetry off before anything here loads it
