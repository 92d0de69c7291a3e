# Needs only make and a Python (3.10 or newer) with venv. Without make: see README.md.
PYTHON ?= python3
VENV := .venv
ifeq ($(OS),Windows_NT)
PY := $(VENV)/Scripts/python
else
PY := $(VENV)/bin/python
endif

.PHONY: run lab test notebook images benchmarks clean

run: $(VENV)/run-ready  ## execute the notebook, write an HTML report, print the accuracies
	@$(PY) -m helpers.report

lab: $(VENV)/run-ready  ## open the notebook in JupyterLab
	@$(PY) -m jupyter lab Proyecto_Final.ipynb

test: $(VENV)/test-ready  ## run all tests, the notebook's among them
	@$(PY) -m ruff check .
	@$(PY) -m ruff format --check .
	@$(PY) -m pytest

notebook: $(VENV)/run-ready  ## refresh the outputs stored in the notebook (data set: caras)
	@$(PY) -m helpers.report --refresh

$(VENV)/run-ready: requirements.txt
	@$(PYTHON) -m venv $(VENV)
	@$(PY) -m pip install --quiet --disable-pip-version-check -r requirements.txt
	@touch $@

$(VENV)/test-ready: requirements-dev.txt $(VENV)/run-ready
	@$(PY) -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	@touch $@

clean:
	@rm -rf $(VENV) reporte
