# Run once by the image's entrypoint, on a fresh data folder.
set -eu
PGOPTIONS="-c lab.owner_password=$(cat /keys/lab) -c lab.reader_password=$(cat /keys/reader)" \
  psql --no-psqlrc --quiet --set ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname lab --file /lab/roles.sql
