# Starts PostgreSQL as its image does. Data that is there already may be of an earlier version of the lab, so its roles
# are brought up to date first, by a server that nobody else can reach.
set -eu
if [ -s "$PGDATA/PG_VERSION" ]; then
  pg_ctl --silent --wait --options="-c listen_addresses=" start
  sh /lab/roles.sh
  pg_ctl --silent --wait --mode=fast stop
fi
exec docker-entrypoint.sh "$@"
