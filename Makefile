# Two commands: `make run` (needs Python 3.11+, Node 20+, no root) and `make test` (everything, installing what it needs).
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory
# Tests start servers by the hundred: without bytecode on the disk each of them would compile everything anew.
unexport PYTHONDONTWRITEBYTECODE

PYTHON ?= python3
PY := .venv/bin/python
PIP := $(PY) -m pip install -qq --disable-pip-version-check --no-deps --require-hashes
# What `make check` runs, but for what is marked slow there: that is left to `make test`.
QUICK := tests/house tests/unit tests/contracts tests/golden
WEB_SOURCES := $(shell find web/src web/public web/scripts web/index.html web/*.ts web/*.json -type f 2>/dev/null)

.PHONY: help run dev test lab lab-ground artifact services check format lint types walls unit unit-python unit-web thorough contracts journeys build bench clean chromium tidy schemas

help: ## List the commands.
	@awk 'BEGIN {FS = ":.*## "} /^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: .venv/.run web/dist/index.html ## Set everything up and start ComfyTavern on http://localhost:3233.
	@exec $(PY) -m comfytavern serve

dev: .venv/.dev web/node_modules/.stamp ## Both halves with hot reload; web on http://localhost:5573.
	@exec $(PY) tools/dev.py

test: .venv/.dev services ## All tests, with real browsers, servers and machines; installs what it needs.
	@$(MAKE) lab-ground & $(MAKE) check && wait
	@$(MAKE) web/dist/index.html chromium
	cd web && npm run --silent test:browser
	@$(MAKE) thorough
	$(PY) -m pytest -q -n 2 --dist loadfile tests/rough_weather tests/journeys
	@$(MAKE) artifact
	$(PY) -m pytest -q -rs -n 2 --dist loadfile tests/lab

lab: export LAB := long
lab: .venv/.dev services lab-ground artifact ## The long form of the tests on real machines (about an hour; root, Debian 12).
	$(PY) -m pytest -q -rs tests/lab
	$(PY) -m pytest -q -m long tests/journeys tests/rough_weather

lab-ground: .venv/.dev # What the machines are made of, once for this box; without it the tests on machines are skipped and say why.
	@if [ "$${LAB:-}" = long ]; then tools/containers.sh long; fi
	@if [ "$$(id -u)" -eq 0 ]; then $(PY) -m tests.lab.base || echo "The machines of tests/lab cannot be built here; their tests are skipped."; fi

artifact: .venv/.dev web/dist/index.html
	@$(PY) -m comfytavern build --skip-web

services:
	@tools/services.sh

check: .venv/.dev services web/node_modules/.stamp format lint ## The quick half: format, lint, types, walls, unit, contracts, golden.
	@$(MAKE) -j 3 --output-sync types walls unit-web
	@$(MAKE) unit-python

format:
	$(PY) -m ruff format --check .

lint:
	$(PY) -m ruff check .

types:
	.venv/bin/basedpyright

walls:
	.venv/bin/lint-imports
	cd web && npm run --silent check

unit: unit-python unit-web

unit-python:
	$(PY) -m pytest -q -n 3 -m "not slow" $(QUICK)

unit-web:
	cd web && npm run --silent test:unit

thorough: # What the quick half leaves out because it takes seconds each, and the properties.
	$(PY) -m pytest -q -n 2 -m slow $(QUICK) tests/properties

tidy: .venv/.dev ## Format and mend what can be mended.
	$(PY) -m ruff format .
	$(PY) -m ruff check --fix .

schemas: .venv/.dev ## Write everything that is generated from the code: schemas/ and docs/reference.
	for script in tools/schemas_*.py tools/docs_*.py; do $(PY) $$script; done

build: .venv/.dev web/node_modules/.stamp ## In dist/: the wheel with the web app inside, and the release artifact for servers.
	@cd web && npm run --silent types:app
	@$(MAKE) web/dist/index.html
	$(PY) tools/build_wheel.py
	$(PY) -m comfytavern build --skip-web $(if $(SIGN_KEY),--sign-key $(SIGN_KEY))

bench: .venv/.dev ## The benchmarks; one JSON line each.
	$(PY) benchmarks/engine.py
	$(PY) benchmarks/web.py

chromium:
	@tools/chromium.sh

clean: ## Remove what the other commands made. Your data/ stays.
	rm -rf .venv web/node_modules web/dist dist build src/comfytavern/_web .ruff_cache .pytest_cache

.venv/bin/python:
	$(PYTHON) -m venv .venv
	@$(PY) -c 'import pathlib, site; pathlib.Path(site.getsitepackages()[0], "comfytavern-src.pth").write_text(str(pathlib.Path("src").resolve()))'

.venv/.run: requirements/run.txt | .venv/bin/python
	@echo "Installing Python packages …"
	@$(PIP) -r requirements/run.txt
	@touch $@

.venv/.dev: requirements/dev.txt | .venv/bin/python
	@echo "Installing Python packages for development …"
	@mkdir -p build && awk '/^[^ ]/ {ours = /^uv==/} ours' requirements/dev.txt >build/uv.txt && $(PIP) -r build/uv.txt
	@.venv/bin/uv pip sync --quiet --compile-bytecode --require-hashes --python $(PY) requirements/dev.txt
	@touch .venv/.run $@

web/node_modules/.stamp: web/package-lock.json
	@echo "Installing web packages …"
	@cd web && npm ci --silent --no-audit --no-fund --ignore-scripts
	@touch $@

web/dist/index.html: $(WEB_SOURCES) | web/node_modules/.stamp
	@echo "Building the web app …"
	@cd web && npm run --silent bundle -- --logLevel=warn
	@touch $@
