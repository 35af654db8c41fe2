# Every target does all of its own set-up and asks nothing. `make help` lists them.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

# Parallel test workers, one more than cores: many tests wait for a disk or a process. Each has databases and a browser of
# its own; tests of one xdist_group share a worker.
WORKERS ?= 3

BIN := .venv/bin
PYTHON := $(BIN)/python
PYTEST := $(PYTHON) -m pytest -n $(WORKERS) --dist loadgroup
REQUIREMENTS := scanner_client/requirements.txt server/requirements.txt tests/requirements.txt
# Named after what is installed, so that a changed requirement, and nothing else, installs again.
INSTALLED := .venv/installed-$(shell cat $(REQUIREMENTS) | cksum | tr ' ' '-')
CODE := sync scanner_client server tests
UV_VERSION := 0.13.9
AUDIT_VERSION := 2.10.1
LOCK := .venv-lock/bin/uv pip compile --quiet --no-config --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --custom-compile-command "make lock" $(LOCK_OPTIONS)
BENCHMARKS := $(patsubst tests/bench/%.py,bench-%,$(wildcard tests/bench/[a-z]*.py))

.PHONY: help
help: ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' Makefile | while IFS=$$'\t' read -r target text; do \
		printf '  make %-12s %s\n' "$$target" "$$text"; done

.PHONY: demo
demo: $(INSTALLED) ## run a small warehouse through the whole path and say what was found
	$(PYTHON) -m tests.demo

.PHONY: serve
serve: $(INSTALLED) ## start the server for use
	$(PYTHON) -m flask --app server serve

.PHONY: test
test: $(INSTALLED) ## run every test, real PostgreSQL and real browser included
	$(PYTHON) -m tests.browser
	$(PYTEST) -m "not year and not control"

.PHONY: test-fast
test-fast: $(INSTALLED) ## run the tests that need neither, in seconds
	$(PYTEST) -m "not postgres and not browser and not slow and not year and not control"

KILLS ?= 500
.PHONY: crash
crash: $(INSTALLED) ## kill clients and servers KILLS (500) times each on either database; 40 minutes
	$(PYTHON) -m tests.end_to_end.crash --kills $(KILLS) --database sqlite
	$(PYTHON) -m tests.end_to_end.crash --kills $(KILLS) --database postgres

.PHONY: clocks
clocks: $(INSTALLED) ## run handhelds whose clocks are an hour, a day or years wrong (needs faketime); a minute
	$(PYTHON) -m tests.end_to_end.wrong_clocks

ROUNDS ?= 9
.PHONY: failover
failover: $(INSTALLED) ## take PostgreSQL's leader away ROUNDS (9) times under load (needs patroni, etcd, haproxy); 15 minutes
	$(PYTHON) -m tests.failover --rounds $(ROUNDS)

.PHONY: golden
golden: $(INSTALLED) ## write the golden files of the release that is about to come out
	$(PYTHON) -m tests.golden.making

.PHONY: power-cuts
power-cuts: $(INSTALLED) ## cut the power 10,000 times while a handheld scans and syncs; about five minutes
	$(PYTHON) -m tests.power_cut

FUZZ ?= 100
.PHONY: fuzz
fuzz: $(INSTALLED) ## send nonsense to every endpoint, reader and parser, FUZZ times as much as the tests do; some minutes
	FUZZ=$(FUZZ) $(PYTEST) tests/fuzz

.PHONY: fresh
fresh: $(INSTALLED) ## run every test with random examples that no run had before; what `make test` tries is always the same
	$(PYTHON) -m tests.browser
	EXAMPLES=fresh $(PYTEST) -m "not year"

.PHONY: year
year: $(INSTALLED) ## tell each reason for serial numbers as a story on a simulated year of 100,000 events; some minutes
	$(PYTHON) -m pytest -m year

SEEDS ?= 1
.PHONY: week
week: $(INSTALLED) ## simulate a week of 20,000 units and 12 handhelds with known faults; SEEDS=3 for three weeks
	$(PYTHON) -m tests.simulation --seeds $(SEEDS) $(WEEK)

.PHONY: simulate
simulate: SEEDS := $(if $(filter command line environment,$(origin SEEDS)),$(SEEDS),10000)
simulate: $(INSTALLED) ## let everything go wrong between handhelds and a server, 10,000 seeds; SEEDS=200 for two minutes' worth
	$(PYTHON) -m tests.simulation.faults --seeds $(SEEDS)

DAYS ?= 300
.PHONY: muddle
muddle: $(INSTALLED) ## let files, scans, undos and decisions come in any order on DAYS (300) days at two sites; four minutes
	$(PYTHON) -m tests.simulation.muddle --seeds $(DAYS)

.PHONY: teeth
teeth: $(INSTALLED) ## plant each known bug in the simulation of faults, and print which promise finds it; some minutes
	$(PYTHON) -m tests.simulation.faults.teeth
	$(PYTEST) -m control

CHANGES ?= 1000000
.PHONY: race
race: $(INSTALLED) ## pull while four write CHANGES (1,000,000) rows to PostgreSQL, and beside it with a naive cursor; some minutes
	$(PYTHON) -m tests.race --changes $(CHANGES)

RETURNS ?= 1000
.PHONY: returns
returns: $(INSTALLED) ## simulate 1,000 returns, online and offline, with fakes, clones, loops; SEEDS=3 for three shops
	$(PYTHON) -m tests.simulation.returns --seeds $(SEEDS) --returns $(RETURNS)

.PHONY: lint
lint: $(INSTALLED) audit ## check style, layout and types, and whether faults of what is installed are known
	$(BIN)/ruff check $(CODE)
	$(BIN)/ruff format --check $(CODE)
	$(BIN)/mypy $(CODE)

# In an environment of its own: what it needs would change what the tests run with. Where it cannot be had, it says so.
.PHONY: audit
audit: $(INSTALLED)
	-@test -x .venv-audit/bin/pip-audit || { $(call make_venv,.venv-audit); .venv-audit/bin/pip install -qq --no-input \
		--disable-pip-version-check --retries 1 --timeout 10 pip-audit==$(AUDIT_VERSION); }
	$(PYTHON) -m tests.audit .venv-audit/bin/pip-audit $(REQUIREMENTS)

.PHONY: bench
bench: $(BENCHMARKS) ## run every benchmark; `make bench-NAME` runs tests/bench/NAME.py

bench-%: $(INSTALLED)
	$(PYTHON) -m tests.bench.$*

.PHONY: lock
lock: .venv-lock/bin/uv ## pin the *.in files again; newer versions with LOCK_OPTIONS=--upgrade
	$(LOCK) scanner_client/requirements.in --output-file scanner_client/requirements.txt
	$(LOCK) server/requirements.in --constraint scanner_client/requirements.txt \
		--output-file server/requirements.txt
	$(LOCK) tests/requirements.in --constraint scanner_client/requirements.txt \
		--constraint server/requirements.txt --output-file tests/requirements.txt

.PHONY: clean
clean: ## remove what the other targets installed and cached; a server's data stays
	rm -rf .venv .venv-lock .venv-audit .hypothesis .mypy_cache .pytest_cache .ruff_cache
	find $(CODE) -name __pycache__ -type d -prune -exec rm -rf {} +

# A virtual environment needs a Python of 3.11 or newer; each is asked, not trusted by its name.
define make_venv
for python in python3.11 python3; do \
	if "$$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then break; fi; \
	python=; \
done; \
if [ -z "$$python" ]; then \
	echo "Python 3.11 or newer is needed, and neither python3.11 nor python3 is that." >&2; exit 1; fi; \
if ! "$$python" -c 'import ensurepip, venv' 2>/dev/null; then \
	echo "$$python cannot make virtual environments here: install its venv package (Debian: python3-venv)." >&2; \
	exit 1; fi; \
"$$python" -m venv $(1)
endef

$(PYTHON):
	@echo "Making .venv."
	@$(call make_venv,.venv)

$(INSTALLED): | $(PYTHON)
	@rm -f .venv/installed-*
	@for file in $(REQUIREMENTS); do \
		echo "Installing what $$file names (downloads once, about a minute in all)."; \
		$(PYTHON) -m pip install -qq --no-input --disable-pip-version-check --require-hashes -r "$$file"; \
	done
	@touch $@

.venv-lock/bin/uv:
	@$(call make_venv,.venv-lock)
	.venv-lock/bin/pip install -qq --no-input --disable-pip-version-check uv==$(UV_VERSION)
