# Set-up, tests and a first run. `make help` prints the targets from their own comments.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet

.DEFAULT_GOAL := help
.PHONY: help install run test test-slow test-all bench bench-statistics soak check format clean

# Each has a bar of its own and ends with an error below it; the gateway's need wrk and two cores.
BENCHES := gateway_sale gateway_eligibility gateway_queue schedule judging csv_files reports sending workers replay live

help: ## Show this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-16s %s\n", $$1, $$2}'

$(VENV)/installed: pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "slagate needs Python 3.11 or newer; this is " + sys.version.split()[0] + " (make PYTHON=python3.11 ...)")'
	$(PYTHON) -m venv $(VENV)
	$(PIP) install --constraint constraints.txt --editable .
	@touch $@

$(VENV)/installed-dev: $(VENV)/installed
	$(PIP) install --constraint constraints.txt --editable '.[dev]'
	@touch $@

$(VENV)/installed-bench: $(VENV)/installed-dev
	$(PIP) install --constraint constraints.txt --editable '.[bench]'
	@touch $@

install: $(VENV)/installed ## Set up .venv with pinned versions

run: install ## Run the default scenario against the embedded mock gateway and print the verdict
	@$(BIN)/slagate run

test: $(VENV)/installed-dev ## Run the tests (under 4 minutes on two cores)
	$(BIN)/python -m pytest -n 2 --dist loadfile -m "not slow"

test-slow: $(VENV)/installed-dev ## Run what `make test` leaves out
	$(BIN)/python -m pytest -n 2 --dist loadfile -m slow

test-all: test test-slow ## Run the slow tests too

bench: $(VENV)/installed-bench ## Measure against every speed bar (needs wrk and two quiet cores; 20 minutes)
	@missed=; for bench in $(BENCHES); do \
		echo "== $$bench"; $(BIN)/python -m tests.benchmarks.$$bench || missed="$$missed $$bench"; \
	done; test -z "$$missed" || { echo "below the bar, or not measured:$$missed"; exit 1; }

soak: $(VENV)/installed-dev ## A hundred gate runs, the gateway's memory and the engine's over a million transactions (needs wrk; hours)
	@$(BIN)/python -m tests.benchmarks.gate_flakes
	@$(BIN)/python -m tests.benchmarks.gateway_soak --sales
	@$(BIN)/python -m tests.benchmarks.engine_soak

bench-statistics: $(VENV)/installed-dev ## Simulate how often a verdict is wrong (some minutes)
	$(BIN)/python -m tests.benchmarks.statistics

check: $(VENV)/installed-dev ## Check format, lint and types
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

format: $(VENV)/installed-dev ## Format, and mend what the linter can mend
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

clean: ## Remove what was built, installed or recorded here
	rm -rf $(VENV) build dist *.egg-info .mypy_cache .pytest_cache .ruff_cache .hypothesis runs
