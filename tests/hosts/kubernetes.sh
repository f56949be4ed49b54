#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# usage: kubernetes.sh PROGRAM. contrib/kubernetes and --generate kubernetes, read by the models of the official client;
# their commands run for real. No cluster: that a kubelet mounts and starts them so is not tested.
# shellcheck source=tests/support/lib.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/../support/lib.sh"

program=$(readlink -f -- "${DBUP_PROGRAM:-$1}")
folder=$root/contrib/kubernetes
models=$root/build/tools/python3-kubernetes/usr/lib/python3/dist-packages
[ -d "$models" ] || { echo "no python3-kubernetes: scripts/test.sh fetches it into build/tools"; exit 1; }

strict() { PYTHONPATH=$models /usr/bin/python3 "$root/tests/support/strict_kubernetes.py" "$@"; }
"$program" -H db1 -d mydb -U db_monitor --password-file /x --generate kubernetes >"$scratch/generated.yaml"
facts=$(/usr/bin/python3 - "$folder"/{cronjob,probe}.yaml "$scratch/generated.yaml" <<'PYTHON'
import sys, yaml
for path in sys.argv[1:]:
    it = yaml.safe_load(open(path))
    job = it["spec"]["jobTemplate"]["spec"] if it["kind"] == "CronJob" else None
    pod = job["template"]["spec"] if job else it["spec"]
    [container] = pod["containers"]
    mine, its, probe = pod["securityContext"], container["securityContext"], container.get("readinessProbe")
    def tell(name, value):
        print(path.split("/")[-1].split(".")[0] + "." + name, value)
    tell("root", "never" if mine["runAsNonRoot"] is True and mine["runAsUser"] > 0 else "perhaps")
    tell("seccomp", mine["seccompProfile"]["type"])
    tell("capabilities", "%s %s" % ((its.get("capabilities") or {}).get("drop"), its.get("allowPrivilegeEscalation")))
    tell("token", pod["automountServiceAccountToken"])
    tell("read_only", its.get("readOnlyRootFilesystem"))
    volumes = pod.get("volumes", [])
    tell("host", [key for key in pod if key.startswith("host")] + [one for one in volumes if "hostPath" in one])
    tell("modes", [oct(one["secret"]["defaultMode"]) for one in volumes if "secret" in one])
    tell("secret_variables", [one["name"] for one in container.get("env", []) if "valueFrom" in one or one["name"] == "DB_PASSWORD"])
    tell("lost_mounts", sorted(set(one["name"] for one in container.get("volumeMounts", [])) ^ set(one["name"] for one in volumes)))
    tell("patience", probe["timeoutSeconds"] if probe else job["activeDeadlineSeconds"])
    tell("overlap", it["spec"].get("concurrencyPolicy"))
    tell("command", " ".join(container.get("args") or container.get("command") or probe["exec"]["command"]))
PYTHON
)
fact() { sed -n "s|^$1 ||p" <<<"$facts"; }

expect "the models know every key of the definitions" same $'CronJob db-up\nNetworkPolicy db-up\nPod database' \
    "$(strict "$folder"/*.yaml 2>&1)"
expect "and of those that are generated" same 'CronJob db-up' "$(strict "$scratch/generated.yaml" 2>&1)"
mistake() { # SED-SCRIPT PATTERN
    sed -E "$1" "$folder/cronjob.yaml" >"$scratch/mistake.yaml"
    local words
    ! words=$(strict "$scratch/mistake.yaml" 2>&1) && grep -qE -- "$2" <<<"$words"
}
expect "a key that does not exist would be seen" mistake 's/readOnlyRootFilesystem/readonlyRootFilesystem/' 'no readonlyRootFilesystem in V1SecurityContext'
expect "a value of another type would be seen" mistake 's/runAsUser: .*/runAsUser: nobody/' 'runAsUser: int is wanted'
expect "a key that is missing would be seen" mistake '/schedule:/d' 'schedule.*must not be'

# ---- least privileges: what the profile "restricted" of Kubernetes wants, and more
for one in cronjob probe generated; do
    expect "$one: not root" same never "$(fact $one.root)"
    expect "$one: the calls that seccomp lets through by default" same RuntimeDefault "$(fact $one.seccomp)"
    expect "$one: no capability, and no way to one" same "['ALL'] False" "$(fact $one.capabilities)"
    expect "$one: no token" same False "$(fact $one.token)"
    expect "$one: nothing of the machine" same '[]' "$(fact $one.host)"
    expect "$one: every file is of a volume that there is" same '[]' "$(fact $one.lost_mounts)"
    expect "$one: has more time than db-up" test "$(fact $one.patience)" -gt 10
done
for one in cronjob probe; do
    expect "$one: passwords are files that only their owner may read" same "['0o400']" "$(fact $one.modes)"
    expect "$one: and in no variable" same '[]' "$(fact $one.secret_variables)"
done
expect "the job cannot write to its root" same True "$(fact cronjob.read_only)"
expect "two jobs do not overlap" same Forbid "$(fact cronjob.overlap)"
expect "and none stays until the next" test "$(fact cronjob.patience)" -lt 60
for file in cronjob networkpolicy; do
    expect "$file.yaml: the label by which the policy finds the pods" grep -q 'app.kubernetes.io/name: db-up$' "$folder/$file.yaml"
done

# ---- the commands
start_server
install -m 0440 -- "$PASSWORD_FILE" "$scratch/password" # as fsGroup leaves it
run() { # WHICH [OPTION...]; sets code and output
    local words
    read -ra words < <(fact "$1.command" | sed -E -e 's/^db-up //' -e "s#(=| )db1#\1localhost#" -e "s# 5432 # $PORT #" \
        -e "s#/etc/db-up/ca.crt#$CA_FILE#" -e "s#/run/secrets/db-up/password#$scratch/password#" \
        -e "s#/var/run/postgresql#localhost#")
    shift
    code=0
    output=$(env -i "$program" "${words[@]}" "$@" 2>&1 </dev/null) || code=$?
}
for one in cronjob probe generated; do
    options=(--port="$PORT")
    [ $one != generated ] || options+=(--password-file "$scratch/password")
    run $one "${options[@]}"
    expect "$one: ends with 0 when the database is up" same 0 "$code"
    expect "$one: and says so" matches 'DB-UP OK - [^|]+ \| time=.*' "$output"
    run $one "${options[@]}" --warning=0.000001
    expect "$one: ends with 0 for a WARNING" same "0 DB-UP WARNING" "$code ${output%% -*}"
    run $one "${options[@]}" --port=1 --max-retries=0
    expect "$one: ends with 1 when it is down" same "1 DB-UP CRITICAL" "$code ${output%% -*}"
    run $one "${options[@]}" --database=
    expect "$one: ends with 1 when a setting is wrong" same "1 DB-UP UNKNOWN" "$code ${output%% -*}"
done
finish
