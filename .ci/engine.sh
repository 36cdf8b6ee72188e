#!/usr/bin/env bash
# Sees to a Docker engine with Compose v2 and Buildx, as root on Debian or Ubuntu. An engine that answers is left alone;
# one that is started here stays.
set -euo pipefail
PLUGINS=/usr/libexec/docker/cli-plugins
LOG=/var/log/dockerd.log

say() { echo "engine: $*" >&2; }
answers() { docker info > /dev/null 2>&1; }

install_engine() {
  local missing=()
  command -v dockerd > /dev/null || missing+=(docker.io)
  command -v iptables > /dev/null || missing+=(iptables)
  ((${#missing[@]})) || return 0
  say "installing ${missing[*]}"
  apt-get update -qq
  apt-get install -y -qq --no-install-recommends "${missing[@]}" > /dev/null
}

# Compose and Buildx as Debian 13 has them, which are one static binary each. Debian 12 has Compose v1, so they are
# unpacked rather than installed, by way of an APT of their own that leaves the machine's as it is.
install_plugins() {
  local work mirror apt
  work=$(mktemp -d)
  trap 'rm -rf "$work"' RETURN
  say "fetching Debian 13's Compose and Buildx"
  mirror=$(apt-get indextargets --format '$(REPO_URI) $(LABEL)' 'Created-By: Packages' | sed -n 's| Debian$||p' | head -1)
  mkdir -p "$work"/{lists/partial,cache/archives/partial,parts} "$PLUGINS"
  echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror trixie main" > "$work/sources.list"
  apt=(apt-get -qq -o "Dir::Etc::SourceList=$work/sources.list" -o "Dir::Etc::SourceParts=$work/parts"
    -o "Dir::Etc::PreferencesParts=$work/parts" -o "Dir::State::Lists=$work/lists" -o "Dir::Cache=$work/cache"
    -o APT::Sandbox::User=root)
  "${apt[@]}" update
  (cd "$work" && "${apt[@]}" download docker-compose docker-buildx)
  for package in "$work"/*.deb; do
    dpkg-deb --extract "$package" "$work/root"
  done
  for plugin in docker-compose docker-buildx; do
    install -m 755 "$(find "$work/root/usr" -name "$plugin" -path '*/cli-plugins/*' -type f)" "$PLUGINS/$plugin"
  done
}

if ! answers; then
  install_engine
fi
if ! answers; then
  say "starting dockerd, which logs to $LOG"
  setsid dockerd > "$LOG" 2>&1 < /dev/null &
  for _ in {1..60}; do
    answers && break
    sleep 1
  done
  answers || { tail -5 "$LOG" >&2; say "dockerd does not answer: see the lines above."; exit 1; }
fi
if ! docker compose version > /dev/null 2>&1 || ! docker buildx version > /dev/null 2>&1; then
  install_plugins
fi
say "$(docker version --format 'engine {{.Server.Version}}'), Compose $(docker compose version --short)"
