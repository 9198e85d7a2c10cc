target := $(or $(CARGO_TARGET_DIR),target)
reeve := $(target)/release/reeve

.DEFAULT_GOAL := help
.PHONY: help demo test test-clients check bench torture features

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: ## build Reeve and watch a small community live
	scripts/web build
	cargo build --release --locked --bin reeve
	$(reeve) demo --prepare
	$(reeve) demo

test: ## everything that must hold: format, lints, tests, short torture runs
	scripts/test

test-clients: ## discord.js and discord.py, which it installs, judge the simulator
	scripts/test-clients

check: ## only what is quick: format, lints, inventory markers
	cargo fmt --all --check
	cargo clippy --workspace --all-targets --locked -- -D warnings
	scripts/features --check

bench: ## how fast it is, beside postgres-es, sqlite-es and discord.js
	scripts/bench

torture: ## the long runs: kills, crashes, power cuts
	scripts/torture

features: ## every row of the inventory with the tests that prove it
	scripts/features
