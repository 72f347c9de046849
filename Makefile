# Two commands matter on a fresh machine: `make run` and `make test`. Each target installs what it needs.
export SQLX_OFFLINE := true
.PHONY: run test check bench e2e db prepare advisories pictures

run: # the product with demo data, on http://localhost:8080
	@scripts/setup run && exec cargo run --locked --bin intrex -- demo

test: # every test, the browser's included
	@scripts/test

check: # what must pass before a change lands: format, lints, dependencies, prepared queries, every test
	@scripts/check && scripts/test

bench: # measures, and writes bench/RESULTS.md and bench/results.json
	@scripts/setup bench && scripts/bench

e2e: # the browser tests alone
	@scripts/e2e

db: # a throw-away database with the current migrations; `scripts/dev-db stop` ends it
	@scripts/setup run && scripts/dev-db

prepare: # refreshes .sqlx after a change to a query or a migration
	@scripts/prepare

advisories: # known faults in dependencies; fetches the advisory database
	@scripts/setup check && cargo deny --locked check advisories

pictures: # the screenshots in the documentation
	@scripts/setup test && scripts/pictures
