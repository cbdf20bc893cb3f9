# make tables      all tables on built-in synthetic images, preset smoke, printed beside the published numbers; two at a
#                  time, for much of such short trainings runs on one core
# make check       whether numbers moved: of these tables, of committed networks, of committed records
# make test        the tests
# make rehearsal   two full-size training steps of one row of the preset paper, so that it cannot rot
# make lint        ruff
# make env         the environment in .venv; the other targets make it where it is missing or out of date

PYTHON ?= python3
VENV := .venv
STAMP := $(VENV)/.complete

TABLES := $(subst _,-,$(patsubst experiments/%.py,table-%,$(filter-out %/__init__.py,$(wildcard experiments/*.py))))

.PHONY: tables $(TABLES) check test rehearsal lint env

tables: env
	$(MAKE) --no-print-directory --keep-going --jobs 2 $(TABLES)

$(TABLES): table-%: env
	$(VENV)/bin/reproduce run $* --preset smoke

check: env
	$(VENV)/bin/reproduce check --junit runs/check.xml

test: env
	$(VENV)/bin/python -m pytest -n 2 --dist loadfile --durations 15

rehearsal: env
	$(VENV)/bin/reproduce run ode-position --preset paper --rehearse --rows ODEUNet5

lint: env
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .

env: $(STAMP)

$(STAMP): setup.cfg pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(VENV)/bin/pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[test,tensorboard]'
	touch $@
