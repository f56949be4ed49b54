#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# usage: prometheus.sh PROGRAM. contrib/prometheus and contrib/grafana: what their units run is run with the real
# program against real servers; the real node_exporter and Prometheus read it with contrib's files.
# shellcheck source=tests/support/lib.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/../support/lib.sh"

program=$(readlink -f -- "${DBUP_PROGRAM:-$1}")
# shellcheck source=tests/hosts/prometheus/daemons.sh
. "$root/tests/hosts/prometheus/daemons.sh"
amtool=$(tool prometheus-alertmanager usr/bin/amtool)
dashboard=$root/contrib/grafana/db-up.json

start_standby() { # sets standby_port
    local folder=$SOCKET_DIR/standby
    as_server "$BIN_DIR/pg_basebackup" -R -C -S standby -X stream -c fast --no-sync -h "$SOCKET_DIR" -p "$PORT" \
        -U "$SUPERUSER" -D "$folder"
    for _ in 1 2 3 4 5; do
        standby_port=$((20000 + (RANDOM * 32768 + RANDOM) % 12000))
        if as_server "$BIN_DIR/pg_ctl" start -w -s -t 30 -D "$folder" -l "$SOCKET_DIR/standby.log" \
            -o "-p $standby_port"; then
            standby=$folder
            return 0
        fi
    done
    cat -- "$SOCKET_DIR/standby.log"
    exit 1
}

# ---- the runs --------------------------------------------------------------------------------------------
# run_unit UNIT INSTANCE [NAME=VALUE...]: what the unit would run, that which is only proposed there too.
run_unit() {
    local line
    while IFS= read -r line; do
        line=${line//%i/$2}
        line=${line//'/var/lib/prometheus/node-exporter'/$metrics}
        # A disk that others use as well must not decide about the state.
        [[ $line != *'--check write '* ]] || line+=' -w write_time=8 -c write_time=9 -w read_time=8 -c read_time=9'
        # shellcheck disable=SC2086
        (umask 077 && env -i "${settings[@]}" "${@:3}" "$program" $line) || true
    done < <(sed -n 's/^#\?ExecStart=-db-up //p' "$contrib/$1@.service")
}

# run_cron FILES: the commands of the crontab, as cron's shell gets them.
run_cron() {
    local command
    while IFS= read -r command; do
        env -i "${settings[@]}" PATH="$scratch/bin:/usr/bin:/bin" "FILES=$1" sh -c "$command" || true
    done < <(sed -n 's/^[0-9*].* db-up  //p' "$contrib/cron")
}

arrived() { look same "$url" "$metrics"; }

# ---- begin: the rules' own test needs nothing of the others ------------------------------------------------
mkdir -- "$scratch/rules"
cp -- "$contrib/db-up.rules.yml" "$root/tests/hosts/prometheus/rules.test.yml" "$scratch/rules/"
"$promtool" test rules "$scratch/rules/rules.test.yml" >"$scratch/rules/log" 2>&1 &
rules_test=$!

start_server
superuser -c "GRANT pg_monitor TO $USER" -c 'GRANT EXECUTE ON FUNCTION pg_control_system() TO PUBLIC' \
    -c "CREATE ROLE plain LOGIN PASSWORD '$(cat -- "$PASSWORD_FILE")'" -c 'CREATE DATABASE other'
start_standby
start_daemons
database_settings

run_unit db-up-prometheus mydb "DB_LOG_FILE=$scratch/log" DB_LOG_FORMAT=json
run_unit db-up-prometheus-hourly mydb
run_unit db-up-prometheus standby "DB_PORT=$standby_port"
run_unit db-up-prometheus other DB_NAME=other DB_USER=plain
run_unit db-up-prometheus gone DB_HOST=127.0.0.1 DB_PORT=1 DB_MAX_RETRIES=0
env -i "${settings[@]}" DB_HOST=localhost,localhost "DB_PORT=$PORT,$standby_port" "$program" --check cluster \
    --output prometheus --output-file "$metrics/db-up_both_cluster.prom" || true
env -i "${settings[@]}" DB_NAME=other DB_USER=plain "$program" --check size -c 1KB \
    --output prometheus --output-file "$metrics/db-up_other_size.prom" || true
columns="SELECT 12345678901 AS big, -0.000125 AS small, 99.5 AS share"
env -i "${settings[@]}" "$program" --check query --query "$columns" \
    --output prometheus --output-file "$metrics/db-up_mydb_query.prom" || true

wanted_files=$(sort <<'TEXT'
db-up_both_cluster 0 1 primary -
db-up_gone_activity 2 0 unknown CONNECTION_REFUSED
db-up_gone_connection 2 0 unknown CONNECTION_REFUSED
db-up_gone_replication 2 0 unknown CONNECTION_REFUSED
db-up_gone_statistics 2 0 unknown CONNECTION_REFUSED
db-up_gone_write 2 0 unknown CONNECTION_REFUSED
db-up_mydb_activity 0 1 primary -
db-up_mydb_connection 0 1 primary -
db-up_mydb_query 0 1 primary -
db-up_mydb_replication 0 1 primary -
db-up_mydb_sequences 0 1 primary -
db-up_mydb_settings 1 1 primary -
db-up_mydb_size 0 1 primary -
db-up_mydb_wraparound 0 1 primary -
db-up_mydb_statistics 0 1 primary -
db-up_mydb_write 0 1 primary -
db-up_other_activity 3 1 unknown PRIVILEGE_MISSING
db-up_other_connection 0 1 primary -
db-up_other_replication 3 1 unknown PRIVILEGE_MISSING
db-up_other_size 2 1 primary -
db-up_other_statistics 0 1 primary -
db-up_other_write 0 1 primary -
db-up_standby_activity 0 1 replica -
db-up_standby_connection 0 1 replica -
db-up_standby_replication 0 1 replica -
db-up_standby_statistics 0 1 replica -
db-up_standby_write 2 1 unknown ROLE_MISMATCH
TEXT
)
expect "each check has written its file, with its state, up, role and error, and nothing else is there" \
    same "$wanted_files" "$(look summary "$metrics")"
mkdir -- "$scratch/bin" "$scratch/cron"
ln -s -- "$program" "$scratch/bin/db-up"
run_cron "$scratch/cron/db-up_mydb"
expect "cron's lines write the same files" \
    same "$(grep -E '^db-up_mydb_[^ ]*(ion|ity|size|around) ' <<<"$wanted_files")" "$(look summary "$scratch/cron")"
expect "everybody may read them, whatever the umask" same 644 "$(find "$metrics" -type f -printf '%m\n' | sort -u)"

# ---- the words, by Prometheus' own rules -------------------------------------------------------------------
lint() { # every complaint of promtool, once
    local file
    for file in "$metrics"/db-up_{mydb,both}_*.prom; do "$promtool" check metrics <"$file" 2>&1 || true; done | sort -u
}
expect "promtool complains of the names that are meant to be so, and of nothing else" same \
    "$(sort -- "$root/tests/hosts/prometheus/lint.txt")" "$(lint)"
env -i "${settings[@]}" "$program" --check query --query 'SELECT 1 AS seconds, 2 AS up, 3 AS state' \
    --output prometheus >"$scratch/columns.prom" || true
expect "a column that is called like a metric spoils nothing" \
    same '' "$("$promtool" check metrics <"$scratch/columns.prom" 2>&1 | grep -v _ms)"

# ---- through node_exporter into Prometheus -----------------------------------------------------------------
wait_for 10 arrived || true
expect "Prometheus has each value of each file, and no other" arrived
sed '0,/^db_time_seconds/s/^\(db_time_seconds.* \)[0-9.]*$/\19.9/' "$metrics/db-up_mydb_size.prom" >"$scratch/other.prom"
expect "a value that differs would be seen" refuses look same "$url" "$scratch"
expect "node_exporter could read all files" same 0 "$(look value "$url" node_textfile_scrape_error)"
expect "and complains of nothing" refuses grep -m 1 level=error "$scratch/node_exporter.log"

mkdir -- "$scratch/reports"
for check in connection activity replication statistics write sequences settings size wraparound query; do
    query=
    [ "$check" != query ] || query=$columns
    env -i "${settings[@]}" "$program" --check "$check" ${query:+--query "$query"} --output json \
        >"$scratch/reports/$check.json" || true
done
expect "the files have what perfdata has, in Prometheus' units" look perfdata "$metrics/db-up_mydb_" "$scratch/reports"
expect "the time is that of the log of the same run" look same_run "$metrics/db-up_mydb_write.prom" "$scratch/log"

# ---- alerts ------------------------------------------------------------------------------------------------
wanted_alerts=$(sort <<TEXT
DbDown activity 127.0.0.1:1
DbDown connection 127.0.0.1:1
DbDown replication 127.0.0.1:1
DbDown statistics 127.0.0.1:1
DbDown write 127.0.0.1:1
DbCheckCritical size localhost:$PORT
DbCheckCritical write localhost:$standby_port
DbCheckUnknown activity localhost:$PORT
DbCheckUnknown replication localhost:$PORT
DbCheckWarning settings localhost:$PORT
TEXT
)
alerts_are() { same "$1" "$(look alerts "$url" | grep -E '^Db(Down|Check)' | sort)"; }
wait_for 10 alerts_are "$wanted_alerts" || true
expect "the alerts say what is wrong, each once" alerts_are "$wanted_alerts"
expect "the alert names the error" grep CONNECTION_REFUSED <<<"$(look annotations "$url" DbDown)"

rules_are_right() { wait "$rules_test" || { cat -- "$scratch/rules/log"; return 1; }; }
expect "each alert fires when it should" rules_are_right
expect "promtool reads the rules" "$promtool" check rules "$contrib/db-up.rules.yml"
expect "amtool reads the configuration of Alertmanager" "$amtool" check-config "$contrib/alertmanager.yml"
route() { "$amtool" config routes test "--config.file=$contrib/alertmanager.yml" "severity=$1" 2>/dev/null; }
expect "what is critical wakes somebody up" same people "$(route critical)"
expect "what is a warning does not" same morning "$(route warning)"
expect "promtool reads the scrape configuration" "$promtool" check config "$scratch/configuration/prometheus.yml"

expect "docs/metrics.md knows every metric" look documented "$metrics" "$root/docs/metrics.md"

# ---- the dashboard -----------------------------------------------------------------------------------------
expect "Grafana can import the dashboard" look structure "$dashboard"
expect "every query of the dashboard has data" look queries "$url" "$dashboard"
sed 's/db_size_bytes/db_sizes_bytes/' "$dashboard" >"$scratch/mistake.json"
expect "a metric that does not exist would be seen" refuses look queries "$url" "$scratch/mistake.json"
expect "Prometheus understands the queries of docs/deployment/prometheus.md" \
    look page_queries "$url" "$root/docs/deployment/prometheus.md"

# ---- a server goes down --------------------------------------------------------------------------------------
"$root/scripts/throwaway-postgres.sh" stop "$server"
run_unit db-up-prometheus mydb DB_MAX_RETRIES=0
wait_for 10 arrived || true
expect "what was known of a server that is down is gone" arrived
expect "it is down" same 0 "$(look value "$url" \
    "db_up{host=\"localhost:$PORT\",db_name=\"$DATABASE\",check=\"connection\"}")"

# ---- the units ---------------------------------------------------------------------------------------------
verify() {
    local words
    words=$(systemd-analyze --no-pager verify --man=no "$@" 2>&1) || { printf '%s\n' "$words"; return 1; }
    same '' "$words"
}
mkdir -- "$scratch/units"
for unit in db-up-prometheus db-up-prometheus-hourly; do
    cp -- "$contrib/$unit@.timer" "$scratch/units/"
    sed "s|^ExecStart=-db-up|ExecStart=-$scratch/bin/db-up|" "$contrib/$unit@.service" >"$scratch/units/$unit@.service"
    expect "systemd has nothing to say against $unit" verify "$scratch/units/$unit@.service" "$scratch/units/$unit@.timer"
    expect "its sandbox is rated 1.5 or better" systemd-analyze --no-pager security --offline=true --threshold=15 \
        "$scratch/units/$unit@.service"
done
expect "no password in any file" refuses grep -rnE '^[^#]*(PASSWORD=|--password |postgres(ql)?://)' "$contrib"
finish
