#!/usr/bin/env bash
# What the public image's entrypoint promises and the lab uses: on a fresh PGDATA a cluster with POSTGRES_USER,
# POSTGRES_PASSWORD (or _FILE) and POSTGRES_DB, then /docker-entrypoint-initdb.d/*.{sh,sql} over a socket only.
set -euo pipefail

# VARIABLE DEFAULT: exports VARIABLE, from the file that VARIABLE_FILE names if there is one
setting() {
  local file=$1_FILE
  if [[ -n ${!file:-} ]]; then export "$1=$(<"${!file}")"; else export "$1=${!1:-$2}"; fi
}

[[ ${1:-} == -* ]] && set -- postgres "$@"
if [[ ${1:-} == postgres && $EUID == 0 ]]; then
  install -d -o postgres -g postgres -m 700 "$PGDATA"
  exec setpriv --reuid=postgres --regid=postgres --init-groups "$0" "$@"
fi

if [[ ${1:-} == postgres && ! -s $PGDATA/PG_VERSION ]]; then
  setting POSTGRES_USER postgres
  setting POSTGRES_DB "$POSTGRES_USER"
  setting POSTGRES_PASSWORD ""
  [[ $POSTGRES_PASSWORD ]] || { echo "No password: set POSTGRES_PASSWORD or POSTGRES_PASSWORD_FILE." >&2; exit 1; }
  mkdir -p "$PGDATA"
  chmod 700 "$PGDATA"
  # shellcheck disable=SC2086 # several arguments in one variable, as the public image takes them
  initdb --username="$POSTGRES_USER" --pwfile=<(printf '%s\n' "$POSTGRES_PASSWORD") ${POSTGRES_INITDB_ARGS:-}
  echo "host all all all scram-sha-256" >> "$PGDATA/pg_hba.conf"

  pg_ctl --pgdata="$PGDATA" --wait --options="$(printf '%q ' "${@:2}" -c listen_addresses=)" start
  export PGPASSWORD=$POSTGRES_PASSWORD
  psql=(psql --no-psqlrc --set=ON_ERROR_STOP=1 --username="$POSTGRES_USER")
  exists=$("${psql[@]}" --dbname=postgres --tuples-only --set=name="$POSTGRES_DB" \
    <<< "SELECT 1 FROM pg_database WHERE datname = :'name'")
  [[ $exists ]] || "${psql[@]}" --dbname=postgres --set=name="$POSTGRES_DB" <<< 'CREATE DATABASE :"name"'
  shopt -s nullglob
  for file in /docker-entrypoint-initdb.d/*; do
    echo "running $file"
    # shellcheck disable=SC1090
    case $file in
      *.sh) if [[ -x $file ]]; then "$file"; else . "$file"; fi ;;
      *.sql) "${psql[@]}" --dbname="$POSTGRES_DB" --file="$file" ;;
    esac
  done
  pg_ctl --pgdata="$PGDATA" --mode=fast --wait stop
  unset PGPASSWORD
fi
exec "$@"
