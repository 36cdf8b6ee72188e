#!/usr/bin/env bash
# Makes stand-ins for the public images that docker-compose.yml names, under the same names and tags, for machines that
# reach a Debian mirror and a Go module proxy but no image registry: CI, and rooms behind an air gap.
#
#   compose/standins/make.sh        as root on Debian or Ubuntu, with a Docker engine and Go 1.25; 3 minutes, 6 with
#                                   Jaeger's first build; nothing to do the second time
#   COMPOSE_PROFILES= docker compose up
#
# An image that is already here and is no stand-in is left alone. What a stand-in holds is what Debian 13 has, not the
# version in its tag. `docker image ls --filter label=3am-lab.stand-in` lists them and what was built upon them. There is
# none for Grafana and Loki.
# The machine's CA certificates, pip index and apt proxy go into the stand-ins, so do not hand these to strangers.
set -euo pipefail
cd "$(dirname "$0")"
root=$(cd ../.. && pwd)
BASE=3am-lab/stand-in-base:trixie
BUNDLE=${SSL_CERT_FILE:-/etc/ssl/certs/ca-certificates.crt}

say() { echo "stand-ins: $*" >&2; }
die() { say "$*"; exit 1; }

# NAME: its value in the environment or in .env, which is what Compose does
version() {
  printenv "$1" || sed -n "s/^$1=//p" "$root/.env"
}

# NAME: what pip is configured to use
pip_setting() {
  local variable=PIP_${1^^}
  printenv "${variable//-/_}" || python3 -m pip config get "global.$1" 2>/dev/null || true
}

# IMAGE RECIPE: is it there, made by this recipe?
made() {
  [[ $(docker image inspect --format '{{index .Config.Labels "3am-lab.recipe"}}' "$1" 2>/dev/null) == "$2" ]]
}

# What the machine needs to reach its mirrors, into the folder of a base system
configure() {
  local conf=$1/etc/pip.conf name value
  apt-config dump | grep -E '^Acquire::(http|https|Check-Valid-Until|Check-Date)\b' > "$1/etc/apt/apt.conf.d/90machine" || true
  echo "[global]" > "$conf"
  for name in index-url extra-index-url trusted-host; do
    value=$(pip_setting "$name")
    [[ -z $value ]] || echo "$name = $value" >> "$conf"
  done
  install -D -m 644 "$BUNDLE" "$1/usr/local/share/machine/ca.pem"
}

base() {
  local folder mirror
  folder=$(mktemp -d)
  trap 'rm -rf "$folder"' RETURN
  mirror=$(apt-get indextargets --format '$(REPO_URI) $(LABEL)' 'Created-By: Packages' 2>/dev/null |
    sed -n 's| Debian$||p' | head -1)
  say "Debian 13 as the base (debootstrap)"
  # No manuals, of Prometheus's pages not the sources of all time zones, and no flush to disk after every file.
  mkdir -p "$folder/root/etc/dpkg/dpkg.cfg.d"
  printf '%s\n' force-unsafe-io path-exclude=/usr/share/{doc,man,locale}/'*' \
    'path-exclude=/usr/share/javascript/moment-timezone/data/*' > "$folder/root/etc/dpkg/dpkg.cfg.d/slim"
  debootstrap --variant=minbase trixie "$folder/root" ${mirror:+"$mirror"} > "$folder/log" 2>&1 ||
    { tail -5 "$folder/log" >&2; die "debootstrap failed: see the lines above."; }
  configure "$folder/root"
  printf '#!/bin/sh\nexit 101\n' > "$folder/root/usr/sbin/policy-rc.d" # no package starts a service
  chmod +x "$folder/root/usr/sbin/policy-rc.d"
  rm -rf "$folder"/root/var/{cache/apt,lib/apt/lists}/* "$folder"/root/usr/share/{doc,man,locale}/*
  tar -C "$folder/root" --numeric-owner -c . | docker import --change 'ENV SSL_CERT_FILE=/usr/local/share/machine/ca.pem' \
    --change 'ENV PIP_CERT=/usr/local/share/machine/ca.pem' --change "LABEL 3am-lab.recipe=$base_recipe" - "$BASE" > /dev/null
}

# TARGET IMAGE CONTENT
stand_in() {
  local target=$1 image=$2 content=$3 log
  if docker image inspect "$image" > /dev/null 2>&1 &&
    [[ -z $(docker image inspect --format '{{index .Config.Labels "3am-lab.stand-in"}}' "$image") ]]; then
    say "$image is here and no stand-in: left alone"
    return
  fi
  made "$image" "$recipe" && return
  say "$image: $content"
  log=$(mktemp)
  docker build --network host --target "$target" --tag "$image" --build-arg "BASE=$BASE" \
    --label "3am-lab.stand-in=$content" --label "3am-lab.recipe=$recipe" "$context" > "$log" 2>&1 ||
    { tail -20 "$log" >&2; die "$image could not be made: see the lines above."; }
  rm "$log"
}

docker info > /dev/null 2>&1 || die "No Docker engine answers: start one (.ci/engine.sh does)."
base_recipe=$(cat make.sh "$BUNDLE" | sha256sum | cut -c1-16)
recipe=$(cat ./* "$root"/tests/jaeger/go.* "$BUNDLE" | sha256sum | cut -c1-16)
images=(
  "python python:$(version LAB_BASE_VERSION) Debian 13's Python 3.13"
  "postgres postgres:$(version LAB_POSTGRES_VERSION) Debian 13's PostgreSQL 17"
  "prometheus prom/prometheus:$(version LAB_PROMETHEUS_VERSION) Debian 13's Prometheus 2.53"
  "alertmanager prom/alertmanager:$(version LAB_ALERTMANAGER_VERSION) Debian 13's Alertmanager 0.28"
  "jaeger jaegertracing/jaeger:$(version LAB_JAEGER_VERSION) Jaeger of tests/jaeger/go.mod, without its web pages"
)

context=$(mktemp -d)
trap 'rm -rf "$context"; [[ -z ${jaeger:-} ]] || wait "$jaeger" || true' EXIT
cp Dockerfile postgres-entrypoint.sh "$context"
"$root/tests/jaeger/build.sh" > "$context/jaeger.path" & # minutes the first time, so beside the rest
jaeger=$!

if ! made "$BASE" "$base_recipe"; then
  [[ $EUID == 0 ]] || die "debootstrap needs root: run this with sudo."
  command -v debootstrap > /dev/null || die "debootstrap is missing: apt-get install debootstrap."
  base
fi
for image in "${images[@]}"; do
  read -r target name content <<< "$image"
  if [[ $target == jaeger ]]; then
    wait "$jaeger" || die "Jaeger could not be built: see the lines above."
    jaeger=
    cp "$(cat "$context/jaeger.path")" "$context/jaeger"
  fi
  stand_in "$target" "$name" "$content"
done

say "ready. These are not the public images, but stand-ins of the same names:"
for image in "${images[@]}"; do
  read -r _ name content <<< "$image"
  printf '  %-36s %s\n' "$name" "$content" >&2
done
say "there is none for Grafana and Loki: start with COMPOSE_PROFILES= (empty)."
