#!/bin/sh
# Starts MIF with PostgreSQL, clamd, an OpenTelemetry collector, Jaeger, Prometheus and Mailpit, and makes the passwords first.
#
#   deploy/up.sh             start, or update what runs
#   deploy/up.sh password    print the first administrator's name and password
#   deploy/up.sh down        stop; the data stay
set -eu
cd "$(dirname "$0")"
case "${1:-up}" in
up)
    if [ ! -f .env ]; then
        umask 077
        printf 'POSTGRES_PASSWORD=%s\n' "$(od -An -N24 -tx1 /dev/urandom | tr -d ' \n')" > .env
    fi
    # Built before anything starts: three services run this image, and only one may build it.
    docker compose build mif
    docker compose up --detach mif mailpit collector jaeger prometheus
    # Not `--wait`, which would wait for the virus scanner too: its first signatures take minutes, and all but uploads work.
    tries=60
    until docker compose exec -T mif /usr/local/bin/mif healthcheck; do
        tries=$((tries - 1))
        if [ "$tries" = 0 ]; then
            docker compose logs --tail 50 mif >&2
            exit 1
        fi
        sleep 1
    done
    echo "MIF is at http://localhost:8000/docs"
    ;;
password)
    # The image has no shell to print it with, so it is copied out first.
    copy=$(mktemp -d)
    trap 'rm -r "$copy"' EXIT
    docker compose cp mif:/var/lib/mif/initial-admin-password "$copy/password"
    echo "admin@mif.local"
    cat "$copy/password"
    ;;
down)
    exec docker compose down
    ;;
*)
    echo "usage: $0 [up|password|down]" >&2
    exit 2
    ;;
esac
