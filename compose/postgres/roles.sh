# Run by the image's entrypoint on a fresh data folder, and by start.sh on one that is there already.
set -eu
passwords="-c client_min_messages=warning"
for role in lab processor reader warden; do
  passwords="$passwords -c password.$role=$(cat /keys/$role)"
done
PGOPTIONS=$passwords \
  psql --no-psqlrc --quiet --set ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname lab --file /lab/roles.sql
