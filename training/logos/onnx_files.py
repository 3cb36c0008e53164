"""Writes ONNX files that hold the model and nothing about the machine that exported it."""

from pathlib import Path

import onnx


def save_plain(model: onnx.ModelProto, file: Path) -> None:
    """Check `model` and write it without the exporter's notes.

    torch writes a stack trace with local paths beside every node; without them the same weights also give the
    same bytes, so that a model's hash says whether it is the same model.
    """
    graph = model.graph
    for part in (
        model,
        graph,
        *graph.node,
        *graph.input,
        *graph.output,
        *graph.value_info,
        *graph.initializer,
    ):
        part.ClearField("metadata_props")
        part.ClearField("doc_string")
    onnx.checker.check_model(model)
    onnx.save(model, str(file))
