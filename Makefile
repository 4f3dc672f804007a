# `make` alone prints the targets.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
SAMPLE := build/sample
SAMPLE_CUSTOMERS ?= 3000
CONFIG ?= conf/local.yaml
DATES := 2024-06-30 2024-09-30 2024-12-31

.PHONY: help setup lock run segments retail check-source picture benchmark benchmark-ranking test test-faults test-year test-long check audit format package clean

help: ## print the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-18s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(READY) ## once: Python environment in .venv, Java and Delta's jars found or fetched

$(READY): pyproject.toml requirements-dev.lock scripts/setup.py scripts/setup_spark.py scripts/delta_jars.sha256 jobs/core/runtime/java.py
	@$(PYTHON) scripts/setup.py $(VENV)
	@touch $@

lock: ## pin the packages of the environment in requirements-dev.lock, with hashes; delete it first for newer ones
	@$(PYTHON) -m venv build/lock
	@build/lock/bin/pip install --quiet --disable-pip-version-check uv==0.13.9
	@build/lock/bin/uv pip compile --quiet --universal --python-version 3.11 --extra local --extra dev \
	    --generate-hashes --no-annotate --custom-compile-command "make lock" -o requirements-dev.lock pyproject.toml

run: $(READY) ## sample data, three snapshots, what changed between them, and a summary
	@$(BIN)/python scripts/make_sample_data.py --output $(SAMPLE) --customers $(SAMPLE_CUSTOMERS)
	@$(BIN)/python -m jobs.publish --config conf/local.yaml $(DATES:%=--as-of %)

segments: $(READY) ## both models on the sample data, with segments, what waits for a decision, a check of them
	@$(BIN)/python scripts/make_sample_data.py --output $(SAMPLE) --customers $(SAMPLE_CUSTOMERS)
	@$(BIN)/python -m jobs.publish --config conf/both_models.yaml $(DATES:%=--as-of %)
	@$(BIN)/python -m jobs.decide list --config conf/both_models.yaml
	@$(BIN)/python -m jobs.check_model --config conf/both_models.yaml --today $(lastword $(DATES))

retail: $(READY) ## the same on a sample of real invoices
	@$(BIN)/python -m jobs.publish --config conf/online_retail.yaml \
	    --as-of 2011-06-30 --as-of 2011-09-30 --as-of 2011-12-09

check-source: $(READY) ## what CONFIG's sources hold and what a run would say of them: make check-source CONFIG=run.yaml
	@$(BIN)/python -m jobs.check_source --config $(CONFIG) $(if $(AS_OF),--as-of $(AS_OF))

picture: $(READY) ## draw the README's picture anew, from what `make run` published
	@$(BIN)/python scripts/make_picture.py

benchmark: $(READY) ## against DuckDB and a naive port, up to 10 million customers (many hours)
	@$(BIN)/python scripts/benchmark.py

benchmark-ranking: $(READY) ## the ranking alone, against SQL's windows, with skewed groups, on executors
	@$(BIN)/python scripts/benchmark_ranking.py

test: check ## checks, then all tests, in two sessions of Spark at once
	@$(BIN)/pytest -n 2 --dist loadfile --no-loadscope-reorder

test-faults: $(READY) ## failures after every write, killed processes, a lost executor, runs at once (over an hour)
	@$(BIN)/pytest -m "faults or not faults" tests/faults

test-year: $(READY) ## a year of monthly runs, with VACUUM after each (15 minutes)
	@$(BIN)/pytest -m year

test-long: $(READY) ## further tests from sources to published tables (30 minutes)
	@$(BIN)/pytest -m long

check: $(READY) ## what CI runs first: ruff, mypy, sqlfluff
	@$(BIN)/ruff check --quiet .
	@$(BIN)/ruff format --quiet --check .
	@$(BIN)/mypy --no-error-summary
	@$(BIN)/sqlfluff lint --nocolor --disable-progress-bar --quiet sql

audit: $(READY) ## known vulnerabilities of the installed packages, where advisories can be reached
	@$(BIN)/python scripts/audit.py

format: $(READY) ## put Python into its standard form
	@$(BIN)/ruff check --quiet --fix .
	@$(BIN)/ruff format --quiet .

package: $(READY) ## dist/jobs.zip for spark-submit, and the wheel
	@$(BIN)/python scripts/package.py dist

clean: ## remove what was built, but not the environment
	rm -rf build dist
