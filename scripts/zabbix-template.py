#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""usage: zabbix-template.py [FILE]. Writes contrib/zabbix/template.yaml. Its metrics are read
from docs/checks, which the program's own table fills; the CMake target "manual" renews both."""

import hashlib
import re
import sys
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parent.parent
TEMPLATE = "PostgreSQL by db-up"
DATABASES_GROUP = "748ad4d098d447d492bb935c907f652f"  # that of "Templates/Databases" in every Zabbix

# Check: where it connects to (the prefix of its macros), how often, and whether it runs in every host at once.
CHECKS = {
    "connection": ("DBUP", "DBUP.INTERVAL", True),
    "activity": ("DBUP", "DBUP.INTERVAL", True),
    "replication": ("DBUP", "DBUP.INTERVAL", True),
    "size": ("DBUP", "DBUP.INTERVAL.SLOW", True),
    "wraparound": ("DBUP", "DBUP.INTERVAL.SLOW", True),
    "archive": ("DBUP", "DBUP.INTERVAL", False),
    "write": ("DBUP", "DBUP.INTERVAL", False),
    "settings": ("DBUP", "DBUP.INTERVAL.SLOW", False),
    "sequences": ("DBUP", "DBUP.INTERVAL.SLOW", False),
    "statistics": ("DBUP", "DBUP.INTERVAL", False),
    "pool": ("DBUP.POOL", "DBUP.INTERVAL", False),
    "cluster": ("DBUP.CLUSTER", "DBUP.INTERVAL", False),
}

# What every run measures; kept of the connection check only.
COMMON = [
    ("time", "seconds", "until the answer; of a failed run the whole run"),
    ("up", "", "1 if the database answered, else 0"),
    ("resolve", "seconds", "name resolution"),
    ("connect", "seconds", "TCP connection"),
    ("tls", "seconds", "TLS handshake"),
    ("auth", "seconds", "authentication and start of the session"),
    ("query", "seconds", "the hardened transaction with the check's query"),
    ("skew", "seconds", "by how much the server's clock is ahead of the agent's"),
    ("retries", "", "attempts after the first"),
    ("cert_days", "days", "days until the server's certificate expires"),
]
# Labels of the perfdata that docs/json.md has under a longer name.
WHOLE = {"long_queries": "long_running_queries", "long_transactions": "long_running_transactions"}
UNITS = {"": "", "seconds": "s", "bytes": "B", "percent": "%", "days": "!d", "counter": ""}

MACROS = [
    ("DBUP.HOST", "localhost", "Server, as seen from the agent; several with commas"),
    ("DBUP.PORT", "5432", "Port of the server"),
    ("DBUP.DATABASE", "postgres", "Database"),
    ("DBUP.USER", "db_monitor", "Role that the checks log in as"),
    ("DBUP.ROLE", "any", "What the server must be: any, primary or standby"),
    ("DBUP.POOL.HOST", "localhost", "PgBouncer, for the check pool"),
    ("DBUP.POOL.PORT", "6432", "Port of PgBouncer"),
    ("DBUP.POOL.DATABASE", "pgbouncer", "PgBouncer's console"),
    ("DBUP.POOL.USER", "db_monitor", "Role in stats_users of PgBouncer"),
    ("DBUP.CLUSTER.HOST", "localhost", "All servers of the cluster, with commas, for the check cluster"),
    ("DBUP.CLUSTER.PORT", "5432", "Their port"),
    ("DBUP.CLUSTER.DATABASE", "postgres", "Their database"),
    ("DBUP.CLUSTER.USER", "db_monitor", "Role that the check cluster logs in as"),
    ("DBUP.INTERVAL", "1m", "Time between two checks"),
    ("DBUP.INTERVAL.SLOW", "1h", "The same for what changes slowly: size, wraparound, sequences, settings"),
    ("DBUP.ATTEMPTS", "#3", "Results in a row that make a problem (#3), or how long there must be no better one (5m)"),
    ("DBUP.ATTEMPTS.SLOW", "#2", "The same for the checks of DBUP.INTERVAL.SLOW"),
    ("DBUP.RECOVERIES", "#1", "Results in a row that end it (#1), or how long there must be no worse one (5m)"),
    ("DBUP.NODATA", "10m", "Without a result of the connection check for that long there is a problem"),
]

# Graph: its lines are metrics of one check.
GRAPHS = {
    "Where the time goes": ("connection", ["resolve", "connect", "tls", "auth", "query"], "STACKED"),
    "Response time": ("connection", ["time"], "NORMAL"),
    "Connections": ("activity", ["total_connections", "free_slots"], "NORMAL"),
    "Locks and waits": ("activity", ["blocked_locks", "idle_transactions", "long_queries"], "NORMAL"),
    "Replication lag": ("replication", ["replay_lag", "flush_lag", "write_lag"], "NORMAL"),
    "Database size": ("size", ["size"], "NORMAL"),
}
COLOURS = ["1A7C11", "2774A4", "F63100", "A54F10", "FC6EA3"]

NO_RESULT = ("the agent has no result: timeout, or a character that it refuses in a macro; zabbix_get with the key"
             " of this item says which")

# What is not JSON (the program is missing, say) becomes a result too: the text is its message.
TO_RESULT = """\
try {
    if (typeof JSON.parse(value).state === 'string') { return value; }
} catch (error) {}
var message = 'not an answer of db-up: ' + value.substring(0, 500);
return JSON.stringify({state: 'UNKNOWN', error_code: 'NO_RESULT', message: message});
"""
STATE_NUMBER = """\
var number = {OK: 0, WARNING: 1, CRITICAL: 2, UNKNOWN: 3}[value];
return number === undefined ? 3 : number;
"""


def uuid(name):
    """A version 4 UUID, always the same for a name: an update of the template then updates what it made before."""
    digits = list(hashlib.sha256(f"db-up zabbix {name}".encode()).hexdigest()[:32])
    digits[12] = "4"
    digits[16] = "89ab"[int(digits[16], 16) % 4]
    return "".join(digits)


def metrics(check):
    if check == "connection":
        return COMMON
    page = (ROOT / "docs" / "checks" / f"{check}.md").read_text(encoding="utf-8")
    table = page.split("<!-- metrics -->")[1].split("<!-- /metrics -->")[0]
    rows = re.findall(r"^\| `(\w+)`(?: \*)? \| (\w*) \|[^|]*\|[^|]*\| (.*) \|$", table, re.MULTILINE)
    if not rows:
        sys.exit(f"no metrics in the page of {check}")
    return rows


def master_key(check):
    prefix = CHECKS[check][0]
    limits = [f"DBUP.{check.upper()}.WARNING", f"DBUP.{check.upper()}.CRITICAL"]
    names = [f"{prefix}.{part}" for part in ("HOST", "PORT", "DATABASE")]
    given = [f'"{{${name}}}"' for name in names] + [check]
    given += [f'"{{${name}}}"' for name in [f"{prefix}.USER", *limits]]
    if prefix == "DBUP":
        given.append('"{$DBUP.ROLE}"')
    return f"db-up.json[{','.join(given)}]"


def step(kind, *parameters, discard=False):
    row = {"type": kind, "parameters": list(parameters)}
    if discard:
        row["error_handler"] = "DISCARD_VALUE"
    return row


def value_of(path, *more, null=None):
    """The value at a path of the result; where it is absent or null there is no value, and no error either."""
    not_null = step("NOT_MATCHES_REGEX", "^null$", discard=True)
    if null:
        not_null.update(error_handler="CUSTOM_VALUE", error_handler_params=null)
    return [step("JSONPATH", path, discard=True), not_null, *more]


def tags(check):
    return [{"tag": "component", "value": "db-up"}, {"tag": "check", "value": check}]


def dependent(check, key, name, preprocessing, **more):
    return {
        "uuid": uuid(f"item {key}"),
        "name": f"db-up {check}: {name}",
        "type": "DEPENDENT",
        "key": key,
        "delay": "0",
        "history": "31d",
        **more,
        "preprocessing": preprocessing,
        "master_item": {"key": master_key(check)},
        "tags": tags(check),
    }


def text(check, key, name, path, description, *more, history="31d", null=None):
    return dependent(check, key, name, value_of(path, *more, null=null), history=history, trends="0", value_type="TEXT",
                     description=description)


def trigger(check, name, expression, recovery, priority, description, needs=()):
    row = {
        "uuid": uuid(f"trigger {check} {name}"),
        "expression": expression,
        "recovery_mode": "RECOVERY_EXPRESSION",
        "recovery_expression": recovery,
        "name": f"db-up: {check} is {name} on {database_of(check)}",
        "event_name": f"db-up: {check} is {name} on {database_of(check)}:"
                      f" {{?last(/{{HOST.HOST}}/db-up.{check}.message)}}",
        "priority": priority,
        "description": description,
        "tags": tags(check) + [{"tag": "scope", "value": "availability" if check == "connection" else "notice"}],
    }
    if needs:
        keys = ("name", "expression", "recovery_expression")
        row["dependencies"] = [{key: needed[key] for key in keys} for needed in needs]
    return row


def database_of(check):
    prefix = CHECKS[check][0]
    return f"{{${prefix}.DATABASE}} at {{${prefix}.HOST}}"


def triggers(check, connection):
    """One for each state; `connection` are those of the connection check, which explain the others."""
    state = f"/{TEMPLATE}/db-up.{check}.state"
    slow = ".SLOW" if CHECKS[check][1].endswith(".SLOW") else ""
    least = f"min({state},{{$DBUP.ATTEMPTS{slow}}})"
    most = f"max({state},{{$DBUP.RECOVERIES}})"
    same_server = CHECKS[check][0] == "DBUP"
    critical = trigger(
        check, "CRITICAL", f"{least}>=2 and last({state})=2", f"{most}<=1", "HIGH",
        "The message says what is wrong, the result (JSON) of the check what to do (fix).",
        connection[:1] if same_server else ())
    unknown = trigger(
        check, "UNKNOWN", f"{least}=3", f"{most}<=2", "AVERAGE",
        "The check cannot judge: a setting is wrong, a right is missing, or the agent has no result.",
        connection[:2] if same_server else ())
    warning = trigger(
        check, "WARNING", f"{least}>=1 and last({state})=1", f"{most}=0", "WARNING",
        "A metric is outside of its warning limits; the message names it.",
        ([*connection[:1]] if same_server else []) + [critical])
    return [critical, unknown, warning]


def no_data_trigger():
    state = f"/{TEMPLATE}/db-up.connection.state"
    return {
        "uuid": uuid("trigger no data"),
        "expression": f"nodata({state},{{$DBUP.NODATA}})=1",
        "name": f"db-up: no result for {{$DBUP.NODATA}} from {database_of('connection')}",
        "priority": "AVERAGE",
        "description": "The agent does not answer, or its item is switched off.",
        "tags": tags("connection") + [{"tag": "scope", "value": "availability"}],
    }


def master(check):
    return {
        "uuid": uuid(f"item master {check}"),
        "name": f"db-up {check}: result (JSON)",
        "key": master_key(check),
        "delay": f"{{${CHECKS[check][1]}}}",
        "history": "1d",
        "trends": "0",
        **({} if CHECKS[check][2] else {"status": "DISABLED"}),
        "value_type": "TEXT",
        "description": "One run of db-up; docs/json.md tells of its keys. The other items of this check take their"
                       " values from it.",
        "preprocessing": [
            {
                "type": "CHECK_NOT_SUPPORTED",
                "parameters": [""],
                "error_handler": "CUSTOM_VALUE",
                "error_handler_params": f'{{"state":"UNKNOWN","error_code":"NO_RESULT","message":"{NO_RESULT}"}}',
            },
            step("JAVASCRIPT", TO_RESULT),
        ],
        "tags": tags(check),
    }


def items(check, connection):
    state = dependent(
        check, f"db-up.{check}.state", "state", [step("JSONPATH", "$.state"), step("JAVASCRIPT", STATE_NUMBER)],
        description="0 OK, 1 WARNING, 2 CRITICAL, 3 UNKNOWN", valuemap={"name": "db-up state"})
    mine = triggers(check, connection)
    state["triggers"] = mine + ([no_data_trigger()] if check == "connection" else [])
    result = [master(check), state,
              text(check, f"db-up.{check}.message", "message", "$.message", "The sentence of the status line.",
                   history="7d"),
              text(check, f"db-up.{check}.code", "error code", "$.error_code",
                   "One of db-up --list-codes; none while the database answers.", null="none")]
    if check == "connection":
        once_a_day = step("DISCARD_UNCHANGED_HEARTBEAT", "1d")
        result += [
            text(check, "db-up.connection.version", "server version", "$.database_version", "Version of the server.",
                 once_a_day),
            text(check, "db-up.connection.target", "server", "$.target", "host:port of the server that answered.",
                 once_a_day),
            text(check, "db-up.connection.replica", "is a standby", "$.is_replica", "true or false.", once_a_day),
        ]
    for label, unit, description in metrics(check):
        more = {"value_type": "FLOAT", "description": description}
        if UNITS[unit]:
            more["units"] = UNITS[unit]
        path = f"$.metrics.{WHOLE.get(label, label)}"
        result.append(dependent(check, f"db-up.{check}[{label}]", label, value_of(path), **more))
    return result, mine


def graph(name):
    check, labels, kind = GRAPHS[name]
    row = {"uuid": uuid(f"graph {name}"), "name": f"db-up: {name}", "type": kind, "ymin_type_1": "FIXED"}
    row["graph_items"] = [
        {"sortorder": str(at), "drawtype": "FILLED_REGION" if kind == "STACKED" else "SINGLE_LINE",
         "color": COLOURS[at], "item": {"host": TEMPLATE, "key": f"db-up.{check}[{label}]"}}
        for at, label in enumerate(labels)]
    return {key: value for key, value in row.items() if value != "NORMAL"}


def widget(kind, x, y, width, height, field, value, name=""):
    fields = [{"type": "INTEGER", "name": "source_type", "value": "0"}] if kind == "GRAPH_CLASSIC" else []
    fields.append({"type": kind.removesuffix("_CLASSIC"), "name": field, "value": value})
    place = {key: str(number) for key, number in (("x", x), ("y", y)) if number}
    return {"type": kind, **({"name": name} if name else {}), **place, "width": str(width), "height": str(height),
            "fields": fields}


def dashboard():
    shown = [check for check, row in CHECKS.items() if row[2]]
    widgets = [widget("ITEM", 4 * at, 0, 4, 3, "itemid", {"host": TEMPLATE, "key": f"db-up.{check}.state"}, check)
               for at, check in enumerate(shown)]
    widgets += [widget("GRAPH_CLASSIC", 12 * (at % 2), 3 + 5 * (at // 2), 12, 5, "graphid",
                       {"name": f"db-up: {name}", "host": TEMPLATE}) for at, name in enumerate(GRAPHS)]
    return {"uuid": uuid("dashboard"), "name": "db-up", "pages": [{"widgets": widgets}]}


def macros():
    rows = list(MACROS)
    for check in CHECKS:
        for limit, option in (("WARNING", "-w"), ("CRITICAL", "-c")):
            rows.append((f"DBUP.{check.upper()}.{limit}", "",
                         f"Limits of the check {check} in place of its own, as for {option}, with blanks in between"))
    return [{"macro": f"{{${name}}}", **({"value": value} if value else {}), "description": description}
            for name, value, description in sorted(rows)]


def all_checks_are_known():
    pages = {page.stem for page in (ROOT / "docs" / "checks").glob("*.md")
             if "<!-- metrics -->" in page.read_text(encoding="utf-8")}
    strange = pages ^ {*CHECKS, "query"}  # no item for query: an agent refuses SQL in parameters
    if strange:
        sys.exit(f"checks that only this script or only docs/checks knows: {strange}")


def template():
    all_checks_are_known()
    all_items, connection = [], []
    for check in CHECKS:
        rows, mine = items(check, connection)
        all_items += rows
        connection = connection or mine
    words = enumerate(("OK", "WARNING", "CRITICAL", "UNKNOWN"))
    state_map = {"uuid": uuid("valuemap state"), "name": "db-up state",
                 "mappings": [{"value": str(number), "newvalue": word} for number, word in words]}
    return {"zabbix_export": {
        "version": "6.0",
        "date": "2026-11-21T00:00:00Z",
        "groups": [{"uuid": DATABASES_GROUP, "name": "Templates/Databases"}],
        "templates": [{
            "uuid": uuid("template"),
            "template": TEMPLATE,
            "name": TEMPLATE,
            "description": "Checks of PostgreSQL by db-up, run by the Zabbix agent 2 with the user parameters of"
                           " db-up.conf.\nOne item per check gets the result as JSON; all others take their values"
                           " from it.\n",
            "groups": [{"name": "Templates/Databases"}],
            "items": all_items,
            "macros": macros(),
            "dashboards": [dashboard()],
            "valuemaps": [state_map],
        }],
        "graphs": [graph(name) for name in GRAPHS],
    }}


class Dumper(yaml.CSafeDumper):
    def ignore_aliases(self, data):
        return True


def quoted(dumper, value):
    """Plain only where every reader of YAML sees a word: no number, no truth value, no hexadecimal digits with an e."""
    style = "|" if "\n" in value else "'"
    word = re.fullmatch(r"[A-Za-z_$][A-Za-z0-9_$.]+", value)
    if word and not re.fullmatch("(?i)yes|no|on|off|true|false|null", value):
        style = None
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style=style)


Dumper.add_representer(str, quoted)

with open(sys.argv[1], "w", encoding="utf-8") if len(sys.argv) > 1 else sys.stdout as out:
    out.write("# SPDX-License-Identifier: MIT\n")
    out.write("# Made by scripts/zabbix-template.py from docs/checks; do not change by hand.\n")
    yaml.dump(template(), out, Dumper=Dumper, sort_keys=False, allow_unicode=True, width=4096)
