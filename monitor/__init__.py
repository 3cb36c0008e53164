"""Streaming brand monitoring: which pictures show our logo, and are people saying nice things about us?"""

import os

__version__ = "0.1.0"

# ONNX Runtime (since 1.29) reports models and sessions to its maker over the network, and can only be told
# not to before it is loaded: hence here, ahead of every module that loads it. Who sets the variable, decides.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
