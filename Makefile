# Two commands for newcomers: `make serve` and `make test`. Both set up everything they need.
# Debian's own Python where it is new enough: built with profiles of real programs, it needs a sixth less CPU than many
# that were compiled by hand. Another one: make PY=python3.13
PY ?= $(or $(shell for each in /usr/bin/python3 python3; do \
  $$each -c 'import sys, pip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$each && break; done),python3)
UV := .tools/bin/uv
BIN := .venv/bin

# some machines forbid Python to keep what it has compiled: each of many processes would compile all it imports anew
export PYTHONDONTWRITEBYTECODE :=

.PHONY: serve test test-sqlite test-postgres test-long browser pictures check format lock schema docs crash crash-webhooks demo-reset \
  bench bench-sqlite bench-instructions bench-growth

serve: .venv/.ok  ## API, worker and WeChat simulator on an embedded database, with demo data the first time
	@exec $(BIN)/loyalty serve

test: .venv/.dev  ## everything, on SQLite and on a real PostgreSQL, side by side
	@$(MAKE) --no-print-directory -j2 -k --output-sync=target test-postgres test-sqlite

test-sqlite test-postgres: test-%: .venv/.dev  ## everything on one of the two
	$(BIN)/python -m pytest --database $*

# those whose examples are drawn, and those that PostgreSQL is spared otherwise
LONG := tests/rules tests/stories/test_*model*.py tests/stories/test_two_shoppers.py tests/stories/test_unmerging.py \
  tests/schema/test_differential.py tests/schema/test_poison.py tests/schema/test_poison_queries.py \
  tests/foundation/test_reading.py

test-long: .venv/.dev  ## what is drawn, ten times as long and by other seeds each time, on both
	$(BIN)/python -m pytest --database sqlite --hypothesis-profile longer $(LONG)
	$(BIN)/python -m pytest --database postgres --hypothesis-profile longer $(LONG)

browser: .venv/.dev  ## the pages in a headless Chromium that reaches no other server; needs Chromium
	$(BIN)/python -m pytest tests/browser

pictures: .venv/.dev  ## take the README's pictures anew; needs Chromium
	$(BIN)/python -m tests.browser.pictures

check: .venv/.dev  ## format, lint, types, floors, unused, schema current, migrations current
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	PYTHONPATH=. $(BIN)/lint-imports
	$(BIN)/vulture
	$(BIN)/deptry .
	$(BIN)/loyalty schema --check
	$(BIN)/loyalty migrate --check-models
	$(BIN)/python docs/generate.py --check
	$(BIN)/python clients/miniprogram/generate.py --check

format: .venv/.dev
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

schema: .venv/.dev  ## publish schema/schema.graphql, and the types of the clients
	$(BIN)/loyalty schema --write
	$(BIN)/python clients/miniprogram/generate.py

docs: .venv/.dev  ## write the pages that repeat the code
	$(BIN)/python docs/generate.py

crash: .venv/.dev  ## kill -9 the server under load, 50 times on each database
	$(BIN)/python -m benchmarks.crash --kills 50

crash-webhooks: .venv/.dev  ## kill -9 the server with webhooks under way, 10 times on each database
	$(BIN)/python -m benchmarks.webhooks --kills 10

bench: .venv/.dev  ## what a request costs here, beside what it costs elsewhere; QUICK=1 for small data, OPTIONS=--help
	@$(BIN)/python -m benchmarks.speed $(if $(QUICK),--quick) $(OPTIONS)

bench-sqlite: .venv/.dev  ## the same on SQLite
	@$(BIN)/python -m benchmarks.speed --database sqlite $(if $(QUICK),--quick) $(OPTIONS)

bench-instructions: .venv/.dev  ## the same in instructions, of our server alone, by valgrind; PROFILES=folder keeps the profiles
	@$(BIN)/python -m benchmarks.speed.counting $(if $(PROFILES),--profiles $(PROFILES)) $(OPTIONS)

bench-growth: .venv/.dev  ## what a request costs as members come, ledgers grow and pages are turned
	@$(BIN)/python -m benchmarks.speed.growth $(if $(QUICK),--quick) $(OPTIONS)

demo-reset:  ## forget the demo database and its keys; the next `make serve` makes it anew
	rm -f var/loyalty.db var/loyalty.db-wal var/loyalty.db-shm var/loyalty.keys.db var/loyalty.keys.db-wal var/loyalty.keys.db-shm

lock: $(UV)  ## resolve the dependencies anew and pin them with hashes (no addresses)
	$(UV) pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links --no-header --no-annotate \
	  --extra build -o requirements.lock pyproject.toml
	$(UV) pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links --no-header --no-annotate \
	  --extra build --extra dev -c requirements.lock -o requirements-dev.lock pyproject.toml

$(UV):
	@$(PY) -m pip install -q --disable-pip-version-check --no-warn-script-location --root-user-action ignore --target .tools uv

.venv/.ok: $(UV) requirements.lock pyproject.toml
	@$(UV) venv -q --allow-existing --python $(PY) .venv
	@$(UV) pip sync -q --require-hashes --python $(BIN)/python requirements.lock
	@$(UV) pip install -q --no-deps --no-build-isolation --python $(BIN)/python -e .
	@touch $@

.venv/.dev: .venv/.ok requirements-dev.lock
	@$(UV) pip sync -q --require-hashes --python $(BIN)/python requirements-dev.lock
	@$(UV) pip install -q --no-deps --no-build-isolation --python $(BIN)/python -e .
	@touch $@
