# Needs only make and a Python (3.10 or newer) with venv. Without make: see README.md.
PYTHON ?= python3
VENV := .venv
ifeq ($(OS),Windows_NT)
BIN := Scripts
else
BIN := bin
endif
PY := $(VENV)/$(BIN)/python
OLDEST_PY := $(VENV)-oldest/$(BIN)/python

# Those that the packages' versions could change; the notebook on them takes two minutes more.
OLDEST_TESTS := helpers tests/test_data.py tests/test_evaluation.py tests/test_faces.py \
	tests/test_model.py tests/test_network.py tests/test_plots.py tests/test_studies.py \
	tests/test_training.py tests/test_widgets.py

.PHONY: run lab test test-oldest notebook clean

run: $(VENV)/run-ready  ## execute the notebook, write an HTML report, print the accuracies
	@$(PY) -m tools.report

lab: $(VENV)/run-ready  ## open the notebook in JupyterLab
	@$(PY) -m jupyter lab Proyecto_Final.ipynb

test: $(VENV)/test-ready  ## run all tests, the notebook's among them
	@$(PY) -m ruff check .
	@$(PY) -m ruff format --check .
	@$(PY) -m pytest

test-oldest: $(VENV)-oldest/ready  ## run the helpers' tests with the oldest packages supported
	@$(OLDEST_PY) -m pytest $(OLDEST_TESTS)

notebook: $(VENV)/run-ready  ## refresh the outputs stored in the notebook (data set: caras)
	@$(PY) -m tools.report --refresh

$(VENV)/run-ready: requirements.txt
	@$(PYTHON) -m venv $(VENV)
	@$(PY) -m pip install --quiet --disable-pip-version-check -r requirements.txt
	@touch $@

$(VENV)/test-ready: requirements-dev.txt $(VENV)/run-ready
	@$(PY) -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	@touch $@

$(VENV)-oldest/ready: requirements-dev.txt requirements-oldest.txt
	@$(PYTHON) -m venv $(VENV)-oldest
	@$(OLDEST_PY) -m pip install --quiet --disable-pip-version-check \
		-r requirements-dev.txt -c requirements-oldest.txt
	@touch $@

clean:
	@rm -rf $(VENV) $(VENV)-oldest reporte
