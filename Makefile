# `make` alone lists what there is. Needs python3 (3.11 or later); uses uv where it is installed.

PYTHON ?= python3
BIN := .venv/bin
# Processes that run the tests, a file each at a time; 0 runs them all in one.
WORKERS ?= 2

# One lock in four parts, so that an image takes what runs and the SDKs of models (two wires that
# nearly every model speaks), its build stage what builds the wheel, and a checkout all of it.
MODELS_LINE := \# ---- only a language model needs what follows ----
BUILD_LINE := \# ---- only building the wheel needs what follows ----
DEV_LINE := \# ---- only development needs what follows ----
COMPILE := UV_PYTHON_DOWNLOADS=never uv pip compile --quiet --universal --python-version 3.11 \
	--generate-hashes --no-emit-index-url --no-header --no-annotate pyproject.toml
# Pins stay as they are unless asked otherwise: make lock UPGRADE=--upgrade
UPGRADE ?=

.DEFAULT_GOAL := help
.PHONY: help .venv demo test check bench lock

help:
	@echo 'make demo    the whole story in a browser: alert, card, proposal, approval, action'
	@echo 'make test    everything that must pass; no network and no root needed'
	@echo 'make check   format, lint, types, import contracts, the shipped configuration'
	@echo 'make bench   the benchmarks, printed as ratios'
	@echo 'make .venv   set up from requirements.lock alone; every target does so when it is stale'
	@echo 'make lock    compile requirements.lock from pyproject.toml (needs uv)'

# The copy of the lock is written last, so an interrupted set-up is made again.
.venv:
	@if cmp -s requirements.lock .venv/requirements.lock; then exit 0; fi; set -e; \
	if command -v uv >/dev/null 2>&1; then \
	  export UV_PYTHON_DOWNLOADS=never; \
	  uv venv --quiet --allow-existing --python "$$(command -v $(PYTHON))" .venv; \
	  uv pip sync --quiet --require-hashes --python $(BIN)/python requirements.lock; \
	  uv pip install --quiet --no-deps --no-build-isolation --python $(BIN)/python --editable .; \
	else \
	  export PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore; \
	  $(PYTHON) -m venv --clear .venv; \
	  $(BIN)/python -m pip install --quiet --require-hashes --no-deps --requirement requirements.lock; \
	  $(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --editable .; \
	fi; \
	cp requirements.lock .venv/requirements.lock

demo: .venv
	$(BIN)/triagebot demo

test: .venv
	$(BIN)/python -m pytest --numprocesses $(WORKERS) --dist loadfile

check: .venv
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/pyright
	$(BIN)/lint-imports
	$(BIN)/triagebot check

bench: .venv
	$(BIN)/python -m tests.bench

lock:
	@set -e; made=$$(mktemp -d); trap 'rm -rf "$$made"' EXIT; \
	but() { sed -n 's/^\([a-z0-9._-]*\)==.*/--no-emit-package \1/p' "$$@"; }; \
	if [ -z "$(UPGRADE)" ]; then cp requirements.lock "$$made/all"; fi; \
	$(COMPILE) --group dev $(UPGRADE) --output-file "$$made/all"; \
	$(COMPILE) --constraint "$$made/all" --output-file "$$made/run"; \
	$(COMPILE) --constraint "$$made/all" --extra anthropic --extra openai \
	  --output-file "$$made/models" $$(but "$$made/run"); \
	$(COMPILE) --constraint "$$made/all" --group build --output-file "$$made/build" \
	  $$(but "$$made/run" "$$made/models"); \
	$(COMPILE) --constraint "$$made/all" --group dev --output-file "$$made/dev" \
	  $$(but "$$made/run" "$$made/models" "$$made/build"); \
	{ cat "$$made/run"; echo '$(MODELS_LINE)'; cat "$$made/models"; \
	  echo '$(BUILD_LINE)'; cat "$$made/build"; \
	  echo '$(DEV_LINE)'; cat "$$made/dev"; } > requirements.lock
