# Short names for the commands of README.md; nothing is decided here.

# List the recipes
default:
    @just --list

# Run the server with its defaults: SQLite and keys under ./data
run *args:
    cargo run -- serve {{ args }}

# Run every test against a private PostgreSQL and clamd
test *args:
    cargo xtask test {{ args }}

# Measure the release build
bench *args:
    cargo xtask bench {{ args }}

# Formatting, dependency rule, clippy
lint:
    cargo fmt --all -- --check && cargo xtask arch && cargo clippy --workspace --all-targets --locked -- -D warnings

# migrate up, down or status
migrate direction="up":
    cargo run -- migrate {{ direction }}

# Fill the database with a believable plant
seed:
    cargo run -- seed demo

# Refresh docs/openapi.json and build the documentation of the crates
docs:
    cargo xtask openapi && cargo doc --workspace --no-deps --locked
