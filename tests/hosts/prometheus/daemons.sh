# SPDX-License-Identifier: MIT
# What prometheus.sh and picture.sh share: the real daemons on loopback, and who owns the database server. Sourced.
# shellcheck shell=bash disable=SC2034,SC2154
contrib=$root/contrib/prometheus
metrics=$scratch/metrics # node_exporter's folder
daemons=()
standby=

# tool PACKAGE FILE: where a program is; installed, or unpacked by scripts/test.sh.
tool() {
    command -v "${2##*/}" || { [ -x "$root/build/tools/$1/$2" ] && printf '%s\n' "$root/build/tools/$1/$2"; } ||
        { echo "no ${2##*/}: scripts/test.sh fetches $1 into build/tools" >&2; exit 1; }
}
node_exporter=$(tool prometheus-node-exporter usr/bin/prometheus-node-exporter)
prometheus=$(tool prometheus usr/bin/prometheus)
promtool=$(tool prometheus usr/bin/promtool)

look() { /usr/bin/python3 "$root/tests/hosts/prometheus/look.py" "$@"; }

end_all() {
    { [ ${#daemons[@]} -eq 0 ] || kill -KILL "${daemons[@]}"; wait; } 2>/dev/null || true
    [ -z "$standby" ] || as_server "$BIN_DIR/pg_ctl" stop -s -m immediate -D "$standby" || true
    clean_up
}
trap end_all EXIT

# start NAME PROGRAM OPTION...: takes a free port and sets address to what the log says.
start() {
    local log=$scratch/$1.log
    "${@:2}" --web.listen-address=127.0.0.1:0 >"$log" 2>&1 &
    daemons+=($!)
    wait_for 10 grep -q 'msg="Listening on"' "$log" || { cat -- "$log"; exit 1; }
    address=$(sed -n 's/.*msg="Listening on".* address=\(127[0-9.:]*\).*/\1/p' "$log")
}

# start_daemons: sets url, Prometheus' address
start_daemons() {
    mkdir -- "$metrics" "$scratch/configuration"
    start node_exporter "$node_exporter" --collector.disable-defaults --collector.textfile \
        "--collector.textfile.directory=$metrics"
    # contrib's rules, but without their patience; contrib's scrape configuration with another target.
    sed 's/^\( *for:\) .*/\1 0s/' "$contrib/db-up.rules.yml" >"$scratch/configuration/db-up.rules.yml"
    {
        printf 'global: {scrape_interval: 1s, evaluation_interval: 1s}\n'
        sed "s/'mon1:9100'/'$address'/" "$contrib/scrape.yml"
    } >"$scratch/configuration/prometheus.yml"
    start prometheus "$prometheus" "--config.file=$scratch/configuration/prometheus.yml" \
        "--storage.tsdb.path=$scratch/prometheus" --no-storage.tsdb.wal-compression
    url=http://$address
}

as_server() {
    local run=()
    [ "$(id -u)" -ne 0 ] || run=(setpriv "--reuid=$SERVER_USER" "--regid=$(id -g "$SERVER_USER")" --clear-groups)
    (cd / && exec env -i "PATH=$PATH" LC_ALL=C TZ=UTC "${run[@]}" "$@")
}

superuser() { "$BIN_DIR/psql" -XqAt -v ON_ERROR_STOP=1 -h "$SOCKET_DIR" -p "$PORT" -U "$SUPERUSER" -d postgres "$@"; }

# database_settings: what the environment of a run has.
database_settings() {
    settings=(DB_HOST=localhost "DB_PORT=$PORT" "DB_NAME=$DATABASE" "DB_USER=$USER" "DB_PASSWORD_FILE=$PASSWORD_FILE"
        DB_SSL_MODE=verify-full "DB_SSLROOTCERT=$CA_FILE")
}
