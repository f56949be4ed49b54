#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# usage: picture.sh PROGRAM FILE. By hand, needs gnuplot (Debian: gnuplot-nox): the picture of contrib/grafana/README.md.
# A real server, checked once a second for 100 seconds; a real Prometheus; what it answers, drawn as it is.
#   20 s  30 sessions come      45 s  they go      60 s  the server is stopped      80 s  it is started again
# shellcheck source=tests/support/lib.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/../../support/lib.sh"

program=$(readlink -f -- "$1")
picture=$(readlink -m -- "$2")
# shellcheck source=tests/hosts/prometheus/daemons.sh
. "$root/tests/hosts/prometheus/daemons.sh"
command -v gnuplot >/dev/null || { echo "gnuplot is missing: apt-get install gnuplot-nox"; exit 1; }

sessions=
check() { env -i "${settings[@]}" "$program" --check "$1" --output prometheus --output-file "$metrics/$1.prom" || true; }
postgres() { as_server "$BIN_DIR/pg_ctl" "$1" -w -s -D "$DATA_DIR" -l "$LOG_FILE" "${@:2}"; }
sessions_come() { # each waits for its input, which is this pipe
    mkfifo -- "$scratch/pipe"
    for _ in {1..30}; do superuser <"$scratch/pipe" & done
    exec {sessions}>"$scratch/pipe"
}
sessions_go() { exec {sessions}>&-; }

start_server
superuser -c "GRANT pg_monitor TO $USER" -c 'ALTER SYSTEM SET max_connections = 60'
postgres restart -m fast -o "-p $PORT"
start_daemons
database_settings
settings+=(DB_MAX_RETRIES=0)

for kind in connection activity write; do check "$kind"; done
wait_for 10 look same "$url" "$metrics" || true
begin=$(date +%s)
for second in {0..99}; do
    case $second in
        20) sessions_come ;;
        45) sessions_go ;;
        60) postgres stop -m fast ;;
        80) postgres start -o "-p $PORT" ;;
    esac
    for kind in connection activity write; do check "$kind"; done
    until [ "$(date +%s)" -gt $((begin + second)) ]; do read -rt 0.05 <> <(:) || true; done
done
end=$(date +%s)

draw() { look over_time "$url" "$2" "$begin" "$end" >"$scratch/$1.dat"; }
draw up 'max by (host) (db_up{check="connection"})'
draw state 'max by (host) (db_check_state{check="activity"})'
draw sessions 'max by (host) (db_connection_count)'
draw used 'max by (host) (db_connections_used_ratio) * 100'
draw read 'max by (host) (db_read_latency_ms{check="connection"})'
draw write 'max by (host) (db_write_latency_ms)'
draw alert 'max(ALERTS{alertname="DbDown",alertstate="firing"})'
cd -- "$scratch"
gnuplot <<'TEXT' >"$picture.new"
set terminal svg size 900,620 font "sans,12" background "white" noenhanced
set multiplot layout 4,1 margins 0.09,0.97,0.08,0.97 spacing 0.05
set xrange [0:100]
set key top left horizontal
set grid xtics lc rgb "#dddddd"
set format x ""
set yrange [-0.2:3.6]
set ytics ("OK" 0, "WARNING" 1, "CRITICAL" 2, "UNKNOWN" 3)
plot "state.dat" with steps lw 2 lc rgb "#d97706" title "db_check_state of activity"
set yrange [-0.1:1.6]
set ytics ("0" 0, "1" 1)
plot "up.dat" with steps lw 2 lc rgb "#15803d" title "db_up of connection", \
     "alert.dat" using 1:(1.15*$2) with points pt 7 ps 0.4 lc rgb "#dc2626" title "alert DbDown (without its minute)"
set yrange [0:75]
set ytics auto
plot "sessions.dat" with steps lw 2 lc rgb "#1d4ed8" title "db_connection_count", \
     "used.dat" with steps lw 2 lc rgb "#7c3aed" title "db_connections_used_ratio, %"
set yrange [0:*]
set format x "%g s"
plot "read.dat" with lines lw 2 lc rgb "#0f766e" title "db_read_latency_ms", \
     "write.dat" with lines lw 2 lc rgb "#b45309" title "db_write_latency_ms"
TEXT
mv -- "$picture.new" "$picture"
