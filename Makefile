# Every target makes its own environment first; nothing else is needed on a machine with Python >= 3.11.
.DEFAULT_GOAL := help
SHELL := /bin/bash
VENV := .venv
BIN := $(VENV)/bin

.PHONY: demo test test-full bench lint format serve help clean lock

$(VENV)/.runtime: requirements.lock pyproject.toml tools/environment.sh
	@tools/environment.sh $(VENV) requirements.lock && touch $@

$(VENV)/.demo: requirements-demo.lock pyproject.toml tools/environment.sh
	@tools/environment.sh $(VENV) requirements-demo.lock && touch $@ $(VENV)/.runtime

$(VENV)/.dev: requirements-dev.lock pyproject.toml tools/environment.sh
	@tools/environment.sh $(VENV) requirements-dev.lock && touch $@ $(VENV)/.demo $(VENV)/.runtime

# A system Chromium or Chrome, else Debian's package, else Playwright's own build; or a sentence that says what to do.
.PHONY: browser
browser: $(VENV)/.runtime
	@tools/browser.sh $(BIN)

# PostgreSQL and Redis that the tests start themselves, unless they are given by URL.
.PHONY: servers
servers:
	@tools/servers.sh

demo: $(VENV)/.demo browser ## Set everything up and buy: eight purchases, two of them killed half-way, two by an agent in a browser
	@$(BIN)/checkout demo $(ARGS)

# What depends most on how a database locks and compares runs once more, on PostgreSQL; all of it in the exhaustive tier.
STORE_TESTS := $(addprefix tests/,$(addsuffix .py,$(addprefix api/test_,agents permits workers idempotency operators \
  polling tenants keys) purchase/test_agent_orders on_lambda/test_owed))

REPORT := --durations=12 --durations-min=8 --tb=short

# Two processes, each with servers and browsers of its own; what is named in ARGS runs in one, to be looked at.
PARALLEL := $(if $(ARGS),,-n 2 --dist loadfile)

test: lint browser servers ## Set everything up, lint, and run the tests (the bounded tier)
	@$(BIN)/pytest -m "not full" $(PARALLEL) $(REPORT) $(ARGS)
	$(if $(ARGS),,@CHECKOUT_TEST_STORE=postgresql $(BIN)/pytest -m "not full" $(PARALLEL) $(STORE_TESTS))

test-full: lint browser servers ## All tests, with the exhaustive tier, and the service's once more on PostgreSQL
	@$(BIN)/pytest $(REPORT) $(ARGS)
	@CHECKOUT_TEST_STORE=postgresql $(BIN)/pytest tests/api tests/purchase $(ARGS)

bench: $(VENV)/.dev browser servers ## Measure: sagas per second beside DBOS, commits per saga, suspended checkouts
	@$(BIN)/python -m tests.bench $(ARGS)

lint: $(VENV)/.dev ## ruff, mypy --strict, import contracts, file sizes
	@$(BIN)/ruff format --check . && $(BIN)/ruff check . && $(BIN)/python tools/sizes.py && $(BIN)/lint-imports && $(BIN)/mypy && $(BIN)/mypy docker/lambda/handler.py

format: $(VENV)/.dev ## Format and mend what can be mended
	@$(BIN)/ruff format . && $(BIN)/ruff check --fix .

serve: $(VENV)/.runtime ## Run the service on 127.0.0.1 (settings from the environment: CHECKOUT_…)
	@$(BIN)/checkout serve $(ARGS)

COMPILE := uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header

lock: ## Refresh the hashed requirement locks (needs uv)
	@$(COMPILE) pyproject.toml -o requirements.lock
	@$(COMPILE) pyproject.toml --group demo -o requirements-demo.lock
	@$(COMPILE) pyproject.toml --group dev -o requirements-dev.lock

clean: ## Remove environments, caches and local data
	@rm -rf $(VENV) .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis build dist var

help: ## This list
	@grep -hE '^[a-z-]+:.*?## ' $(MAKEFILE_LIST) | awk -F':.*?## ' '{printf "  make %-10s %s\n", $$1, $$2}'
