# Every target makes its own environment first; nothing else is needed on a machine with Python >= 3.11.
.DEFAULT_GOAL := help
SHELL := /bin/bash
VENV := .venv
BIN := $(VENV)/bin

.PHONY: demo test test-full bench lint format serve help clean lock

$(VENV)/.runtime: requirements.lock pyproject.toml tools/environment.sh
	@tools/environment.sh $(VENV) requirements.lock && touch $@

$(VENV)/.dev: requirements-dev.lock pyproject.toml tools/environment.sh
	@tools/environment.sh $(VENV) requirements-dev.lock && touch $@ $(VENV)/.runtime

demo: $(VENV)/.runtime ## Set everything up and buy: six purchases, two of them killed half-way and resumed
	@$(BIN)/checkout demo $(ARGS)

test: lint ## Set everything up, lint, and run the tests (the bounded tier)
	@$(BIN)/pytest -m "not full" $(ARGS)

test-full: lint ## All tests, with the exhaustive tier
	@$(BIN)/pytest $(ARGS)

bench: $(VENV)/.dev ## Measure: sagas per second beside DBOS, commits per saga, suspended checkouts
	@$(BIN)/python -m tests.bench $(ARGS)

lint: $(VENV)/.dev ## ruff, mypy --strict, import contracts, file sizes
	@$(BIN)/ruff format --check . && $(BIN)/ruff check . && $(BIN)/python tools/sizes.py && $(BIN)/lint-imports && $(BIN)/mypy

format: $(VENV)/.dev ## Format and mend what can be mended
	@$(BIN)/ruff format . && $(BIN)/ruff check --fix .

serve: $(VENV)/.runtime ## Run the service on 127.0.0.1 (settings from the environment: CHECKOUT_…)
	@$(BIN)/checkout serve $(ARGS)

lock: ## Refresh the hashed requirement locks (needs uv)
	@for kind in "" -dev; do uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	  --no-header pyproject.toml $${kind:+--group dev} -o requirements$$kind.lock; done

clean: ## Remove environments, caches and local data
	@rm -rf $(VENV) .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis build dist var

help: ## This list
	@grep -hE '^[a-z-]+:.*?## ' $(MAKEFILE_LIST) | awk -F':.*?## ' '{printf "  make %-10s %s\n", $$1, $$2}'
