# SPDX-License-Identifier: MIT
"""usage: zabbix.py COMMAND ARGUMENT... What zabbix.sh asks the API of Zabbix, and what it compares.

The address of the API is in ZABBIX_API, the key of the session in ZABBIX_SESSION.
"""

import json
import os
import re
import sys
import urllib.request
import uuid
from pathlib import Path

COMMON = {"time", "up", "resolve", "connect", "tls", "auth", "query", "skew", "retries", "cert_days"}

CUT = {"long_running_queries": "long_queries", "long_running_transactions": "long_transactions"}  # docs/json.md


def api(method, objects=None, **params):
    request = {"jsonrpc": "2.0", "method": method, "params": objects or params, "id": 1}
    if os.environ.get("ZABBIX_SESSION"):
        request["auth"] = os.environ["ZABBIX_SESSION"]
    call = urllib.request.Request(os.environ["ZABBIX_API"], json.dumps(request).encode(),
                                  {"Content-Type": "application/json-rpc"})
    with urllib.request.urlopen(call, timeout=60) as answer:
        reply = json.load(answer)
    if "error" in reply:
        sys.exit(f"{method}: {reply['error']}")
    return reply["result"]


def demand(holds, sentence):
    if not holds:
        sys.exit(sentence)


# ---- the template as a file ---------------------------------------------------------------------------------

def read_template(path):
    import yaml  # takes longer to load than most commands here take
    return yaml.load(Path(path).read_text(encoding="utf-8"), yaml.CSafeLoader)["zabbix_export"]


def all_values(node, key):
    if isinstance(node, dict):
        found = [node[key]] if key in node else []
        return found + [value for child in node.values() for value in all_values(child, key)]
    if isinstance(node, list):
        return [value for child in node for value in all_values(child, key)]
    return []


def identities(path):
    """Every object has a UUID of version 4 and its own; so has every key."""
    export = read_template(path)
    ids = all_values(export, "uuid")
    for text in ids:
        value = uuid.UUID(text)
        demand(value.version == 4 and value.variant == uuid.RFC_4122 and value.hex == text, f"no UUIDv4: {text}")
    demand(len(set(ids)) == len(ids), "a UUID stands for two objects")
    keys = [item["key"] for item in export["templates"][0]["items"]]
    demand(len(set(keys)) == len(keys), "a key stands for two items")


def described(path):
    """Every macro of the template is one of its own, with a description."""
    template = read_template(path)["templates"][0]
    known = {row["macro"] for row in template["macros"]}
    used = set(re.findall(r"\{\$[A-Z0-9_.]+\}", json.dumps(template["items"])))
    demand(used == known, f"macros used and not defined or the other way round: {used ^ known}")
    demand(all(row["description"] for row in template["macros"]), "a macro without description")


def scripts(path, folder):
    """The steps of JavaScript, each once, as files for zabbix_js."""
    steps = [step for found in all_values(read_template(path)["templates"][0]["items"], "preprocessing")
             for step in found if step["type"] == "JAVASCRIPT"]
    found = sorted({step["parameters"][0] for step in steps}, key=len)
    demand(len(found) == 2, f"{len(found)} scripts, not one for the state and one for the result")
    for name, source in zip(("state", "result"), found):
        Path(folder, f"{name}.js").write_text(source, encoding="utf-8")


# ---- the API ------------------------------------------------------------------------------------------------

def login():
    print(api("user.login", username="Admin", password="zabbix"))


def import_template(path):
    both = {"createMissing": True, "updateExisting": True}
    rules = {part: both for part in ("templates", "items", "triggers", "graphs", "valueMaps", "templateDashboards")}
    demand(api("configuration.import", format="yaml", rules={**rules, "groups": {"createMissing": True}},
               source=Path(path).read_text(encoding="utf-8")) is True, "not imported")


def template_id():
    return api("template.get", filter={"host": "PostgreSQL by db-up"}, output=["templateid"])[0]["templateid"]


def counts(path):
    """What Zabbix has made of the file is all that is in the file."""
    export = read_template(path)
    template = export["templates"][0]
    wanted = {"items": len(template["items"]), "graphs": len(export["graphs"]), "macros": len(template["macros"]),
              "triggers": sum(len(item.get("triggers", [])) for item in template["items"]),
              "dashboards": len(template["dashboards"]), "valuemaps": len(template["valuemaps"])}
    of = {"templateids": template_id(), "countOutput": True}
    found = {"items": api("item.get", **of), "graphs": api("graph.get", **of), "triggers": api("trigger.get", **of),
             "dashboards": api("templatedashboard.get", **of)}
    row = api("template.get", templateids=template_id(), output=["host"], selectMacros=["macro"],
              selectValueMaps=["name"])[0]
    found.update(macros=len(row["macros"]), valuemaps=len(row["valuemaps"]))
    found = {kind: int(number) for kind, number in found.items()}
    demand(found == wanted, f"wanted {wanted}, found {found}")


def hosts(port, *words):
    """Hosts of the agent at the port, divided by "--"; each is NAME CHECKS MACRO=VALUE... All in one call: faster."""
    interface = {"type": 1, "main": 1, "useip": 1, "ip": "127.0.0.1", "dns": "", "port": port}
    rows = [row.split("\n") for row in "\n".join(words).split("\n--\n")]
    api("host.create", [
        {"host": name, "groups": [{"groupid": "2"}], "templates": [{"templateid": template_id()}],
         "interfaces": [interface], "macros": [macro(text) for text in macros]} for name, _, *macros in rows])
    for name, checks, *_ in rows:
        switch(name, checks)


def macro(text):
    name, value = text.split("=", 1)
    return {"macro": f"{{${name}}}", "value": value}


def masters(name):
    rows = api("item.get", host=name, search={"key_": "db-up.json["}, startSearch=True,
               output=["itemid", "key_", "status", "state", "error", "name"])
    return {re.match(r"db-up (\w+):", row["name"])[1]: row for row in rows}


def switch(name, checks):
    """Enables these checks of the host and no other; "all" means all but pool, which needs a PgBouncer."""
    rows = masters(name)
    wanted = set(rows) - {"pool"} if checks == "all" else set(checks.split(","))
    update = [{"itemid": row["itemid"], "status": status} for check, row in rows.items()
              if row["status"] != (status := "0" if check in wanted else "1")]
    if update:
        api("item.update", update)


def number_item(name, key):
    interface = api("hostinterface.get", hostids=host_id(name), output=["interfaceid"])[0]["interfaceid"]
    api("item.create", hostid=host_id(name), interfaceid=interface, name=key, key_=key, type=0, value_type=0,
        delay="1s")


def error(name, key):
    print(api("item.get", host=name, filter={"key_": key}, output=["error"])[0]["error"])


def change(name, text):
    rows = api("usermacro.get", filter={"macro": macro(text)["macro"]}, output=["hostmacroid"],
               hostids=host_id(name))
    api("usermacro.update", hostmacroid=rows[0]["hostmacroid"], value=macro(text)["value"])


def host_id(name):
    return api("host.get", filter={"host": name}, output=["hostid"])[0]["hostid"]


# ---- what the server has collected ----------------------------------------------------------------------------

def problems(name):
    """Severity and name of each open problem, one a line."""
    rows = api("problem.get", hostids=host_id(name), output=["name", "severity"])
    print("\n".join(sorted(f"{row['severity']} {row['name']}" for row in rows)))


def last(name, key):
    print(api("item.get", host=name, filter={"key_": key}, output=["lastvalue"])[0]["lastvalue"])


def history(rows):
    """By item: the values with their moments."""
    found = {row["itemid"]: {} for row in rows}
    for kind in {row["value_type"] for row in rows}:
        ids = [row["itemid"] for row in rows if row["value_type"] == kind]
        for value in api("history.get", history=kind, itemids=ids, output="extend"):
            found[value["itemid"]][value["clock"], value["ns"]] = value["value"]
    return found


def wanted_metrics(check, result):
    metrics = {CUT.get(label, label): value for label, value in result["metrics"].items() if value is not None}
    return {label: value for label, value in metrics.items() if check == "connection" or label not in COMMON}


def compare(name, printed):
    """Every result is what the program printed, and every item has what the result says: no less, no more, no error."""
    texts = {path.read_text(encoding="utf-8").strip() for path in Path(printed).iterdir()}
    rows = api("item.get", host=name, output=["itemid", "key_", "value_type", "status", "state", "error"])
    bad = [row for row in rows if row["state"] != "0"]
    demand(not bad, f"items with errors: {bad}")
    found = history(rows)
    by_key = {row["key_"]: found[row["itemid"]] for row in rows}
    seen = 0
    for row in rows:
        if row["key_"].startswith("db-up.json[") and row["status"] == "0":
            moment, text = min(found[row["itemid"]].items())
            demand(text in texts, f"not what the program printed: {text}")
            demand(len(text.encode()) < 65535, "too long for a column of type text in MySQL")
            seen += compare_result(json.loads(text), moment, by_key)
    demand(seen > 0, "nothing to compare")


def compare_result(result, moment, by_key):
    """The items of one check, at the moment of its result."""
    check = result["check"]
    wanted = {f"db-up.{check}[{label}]": value for label, value in wanted_metrics(check, result).items()}
    wanted[f"db-up.{check}.state"] = {"OK": 0, "WARNING": 1, "CRITICAL": 2, "UNKNOWN": 3}[result["state"]]
    wanted = {key: float(value) for key, value in wanted.items()}
    texts = {"message": "message", "code": "error_code"}
    if check == "connection":
        texts.update(version="database_version", target="target")
    wanted.update((f"db-up.{check}.{part}", result[path]) for part, path in texts.items() if result[path] is not None)
    wanted.setdefault(f"db-up.{check}.code", "none")
    if check == "connection" and result["is_replica"] is not None:
        wanted["db-up.connection.replica"] = str(result["is_replica"]).lower()
    found = {key: values[moment] for key, values in by_key.items()
             if re.match(rf"db-up\.{check}[.[]", key) and moment in values}
    for key, value in found.items():
        if isinstance(wanted.get(key), float):
            found[key] = float(value)
    demand(found == wanted, f"{check}: wanted {wanted}, found {found}")
    return len(found)


COMMANDS = {command.__name__.replace("_", "-"): command for command in (
    identities, described, scripts, login, import_template, counts, hosts, switch, change, problems, last, error,
    number_item,    compare)}

COMMANDS[sys.argv[1]](*sys.argv[2:])
