#!/bin/sh
# SPDX-License-Identifier: MIT
# The role of the checks, made when the database is made. psql reads the password itself: no command line has it.
set -eu
psql -X -v ON_ERROR_STOP=1 --username "${POSTGRES_USER:-postgres}" --dbname "$POSTGRES_DB" <<'SQL'
\set password `cat /run/secrets/monitor_password`
SELECT current_database() AS database \gset
CREATE ROLE db_monitor LOGIN PASSWORD :'password';
REVOKE CONNECT ON DATABASE :"database" FROM PUBLIC;
GRANT CONNECT ON DATABASE :"database" TO db_monitor;
GRANT pg_monitor TO db_monitor;
SQL
