"""Ground floor for models: what a model folder holds, where it runs, and how it is loaded and warmed up."""

from monitor.inference.manifest import Manifest, Metric, Parity, TensorSpec, load_manifest
from monitor.inference.session import ModelSession, open_session

__all__ = ["Manifest", "Metric", "ModelSession", "Parity", "TensorSpec", "load_manifest", "open_session"]
