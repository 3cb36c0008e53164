# syntax=docker/dockerfile:1
# Two images from one file:
#   docker build --target cpu -t brand-monitor:cpu .      (also what a plain `docker build .` gives)
#   docker build --target gpu -t brand-monitor:gpu .      (CUDA 13 and cuDNN 9 inside; the host brings driver >= 580)
ARG PYTHON_IMAGE=python:3.12-slim-bookworm

# The service with its dependencies, at the versions the tests ran with.
FROM ${PYTHON_IMAGE} AS build
WORKDIR /src
RUN python -m venv /opt/brand-monitor
COPY pyproject.toml constraints.txt README.md LICENSE NOTICE ./
COPY migrations migrations
COPY onnx_models onnx_models
COPY training training
COPY monitor monitor
RUN --mount=type=cache,target=/root/.cache/pip \
    /opt/brand-monitor/bin/pip wheel --no-deps --wheel-dir /wheels . \
    && /opt/brand-monitor/bin/pip install --constraint constraints.txt "$(ls /wheels/brand_monitor-*.whl)[s3,parquet]"

# Without the CUDA and TensorRT libraries of the onnxruntime-gpu wheel: 285 MB that only run on a GPU.
FROM build AS build-cpu
RUN rm -f /opt/brand-monitor/lib/python3.*/site-packages/onnxruntime/capi/libonnxruntime_providers_cuda.so \
    /opt/brand-monitor/lib/python3.*/site-packages/onnxruntime/capi/libonnxruntime_providers_tensorrt.so

# With CUDA and cuDNN as wheels: exactly the versions this ONNX Runtime was built for, found by its preload_dlls().
FROM build AS build-gpu
RUN --mount=type=cache,target=/root/.cache/pip \
    /opt/brand-monitor/bin/pip install --constraint constraints.txt "onnxruntime-gpu[cuda,cudnn]"

FROM ${PYTHON_IMAGE} AS runtime
# A number, so that Kubernetes can see that it is not root; the folders are the only writable ones.
RUN groupadd --gid 10001 monitor \
    && useradd --uid 10001 --gid monitor --home-dir /var/lib/brand-monitor --shell /usr/sbin/nologin monitor \
    && install --directory --owner monitor --group monitor /var/lib/brand-monitor/pictures /var/lib/brand-monitor/brands
ENV PATH=/opt/brand-monitor/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    ORT_DISABLE_TELEMETRY=1 \
    MONITOR_HEALTH_HOST=0.0.0.0 \
    MONITOR_HEALTH_PORT=6066 \
    MONITOR_LOG_FORMAT=json \
    MONITOR_PICTURE_STORE=/var/lib/brand-monitor/pictures
WORKDIR /var/lib/brand-monitor
USER 10001:10001
EXPOSE 6066
# start-period: models load and the group is joined in that time; a busy GPU host takes longest.
HEALTHCHECK --interval=10s --timeout=5s --start-period=120s --retries=3 CMD \
    ["python", "-c", "import os, urllib.request as r; r.urlopen(f\"http://127.0.0.1:{os.environ['MONITOR_HEALTH_PORT']}/health/ready\", timeout=4)"]
CMD ["brand-monitor", "worker", "--agents", "all"]

FROM runtime AS gpu
COPY --from=build-gpu /opt/brand-monitor /opt/brand-monitor
# What the NVIDIA container runtime puts in; `cuda` makes a missing GPU an error at start instead of a slow worker.
ENV NVIDIA_VISIBLE_DEVICES=all \
    NVIDIA_DRIVER_CAPABILITIES=compute,utility \
    MONITOR_DEVICE=cuda

FROM runtime AS cpu
COPY --from=build-cpu /opt/brand-monitor /opt/brand-monitor
ENV MONITOR_DEVICE=cpu
