# `just` lists the recipes; each is what the README and CI call too.

python := ".venv/bin/python"

[private]
default:
    @just --list

# Install into .venv and start the whole system on its embedded default
[group('run')]
up *options:
    sh deploy/install.sh
    .venv/bin/jobwire up {{ options }}

# Follow every topic on the bus
[group('run')]
watch *filter:
    .venv/bin/jobwire watch {{ filter }}

# Install the test tools into .venv and run the whole suite
[group('test')]
test *options:
    sh deploy/install.sh --test
    .venv/bin/pytest {{ options }}

# The quick part of the suite: rules only, no broker and no processes
[group('test')]
unit *options:
    .venv/bin/pytest tests/unit {{ options }}

# Kill services and the broker at random moments of a print
[group('test')]
chaos *options:
    .venv/bin/pytest tests/chaos {{ options }}

# Measure against limits taken in the same run; ratios only
[group('test')]
bench *options:
    {{ python }} -m tests.bench {{ options }}

# Formatting, lint, types and the borders between services
[group('check')]
check:
    .venv/bin/ruff format --check .
    .venv/bin/ruff check .
    .venv/bin/mypy
    .venv/bin/lint-imports

# Write the generated documents again (topics, settings)
[group('check')]
docs:
    {{ python }} -m shared.contracts.document > docs/topics.md

# Everything that CI runs
[group('check')]
ci:
    bash .ci/run
