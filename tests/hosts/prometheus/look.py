#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""What tests/hosts/prometheus.sh asks of files of metrics and of a real Prometheus.

  look.py same URL FOLDER               Prometheus has exactly the series of the files in FOLDER, value by value
  look.py value URL QUERY               the values of a query, one per line
  look.py over_time URL QUERY FROM TO   "SECOND VALUE" for each second from FROM on, an empty line where there is none
  look.py summary FOLDER                "FILE STATE UP ROLE ERROR" of each file
  look.py perfdata START FOLDER         the files START*.prom have each metric that FOLDER/*.json have of like runs,
                                        and no other
  look.py same_run FILE LOG             the file has the time that the log has of the same run
  look.py documented FOLDER PAGE        the page names each metric of the files
  look.py structure DASHBOARD           the dashboard is what Grafana can import
  look.py queries URL DASHBOARD         each query of the dashboard is understood and returns data
  look.py page_queries URL PAGE         each query in the page's tables is understood
  look.py alerts URL                    "ALERTNAME CHECK HOST" of each alert that fires
  look.py annotations URL ALERTNAME     their texts
"""
import json
import pathlib
import re
import sys
import urllib.error
import urllib.parse
import urllib.request

NAME = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*")
LABEL = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:\\.|[^"\\])*)"(,|})')
ENDINGS = {"s": ("_seconds", 1), "B": ("_bytes", 1), "%": ("_ratio", 0.01), "c": ("_total", 1), "": ("", 1)}

OF_EVERY_RUN = "time up resolve connect tls auth query skew retries cert".split()


def end(wrong):
    if wrong:
        sys.exit("\n".join(wrong))


def unescaped(text):
    return re.sub(r"\\(.)", lambda found: "\n" if found[1] == "n" else found[1], text)


def read(path):
    """The samples of a file: (name, labels) -> value."""
    samples = {}
    for line in pathlib.Path(path).read_text(encoding="utf-8").splitlines():
        if not line or line.startswith("#"):
            continue
        name = NAME.match(line)[0]
        rest, labels = line[len(name):], {}
        if rest.startswith("{"):
            rest = rest[1:]
            while not rest.startswith(" "):
                found = LABEL.match(rest)
                labels[found[1]] = unescaped(found[2])
                rest = rest[found.end():]
        key = (name, tuple(sorted(labels.items())))
        if key in samples:
            sys.exit(f"{path}: {line}: twice")
        samples[key] = float(rest)
    return samples


def ask(url, path, **parameters):
    query = urllib.parse.urlencode(parameters)
    try:
        with urllib.request.urlopen(f"{url}/{path}?{query}", timeout=5) as answer:
            return json.load(answer)
    except urllib.error.HTTPError as error:
        sys.exit(f"{parameters}: {error.read().decode()}")


def instant(url, query):
    return ask(url, "api/v1/query", query=query)["data"]["result"]


def same(url, folder):
    wanted = {}
    for path in sorted(pathlib.Path(folder).glob("*.prom")):
        for key, value in read(path).items():
            if key in wanted:
                sys.exit(f"{key} is in two files")
            wanted[key] = value
    found = {}
    for one in instant(url, '{__name__=~"db_.+"}'):
        labels = one["metric"]
        name = labels.pop("__name__")
        del labels["job"], labels["instance"]
        found[name, tuple(sorted(labels.items()))] = float(one["value"][1])
    wrong = [key for key in wanted.keys() | found.keys() if wanted.get(key) != found.get(key)]
    for key in wrong[:10]:
        print(key, "file:", wanted.get(key), "Prometheus:", found.get(key))
    if wrong or not wanted:
        sys.exit(f"{len(wrong)} of {len(wanted)} series differ")
    print(f"{len(wanted)} series of {len(set(name for name, _ in wanted))} names")


def perfdata_of(file, report):
    samples = {name: value for (name, _), value in read(file).items()}
    extra = {"db_check_state", "db_check_last_run_timestamp_seconds", "db_connection_attempts_failed", "db_check_error",
             "db_server_info", "db_read_latency_ms", "db_write_latency_ms", "db_connection_count"}
    said = json.loads(report.read_text(encoding="utf-8"))
    for metric in said["perfdata"]:
        label, value = metric["label"], metric["value"]
        ending, times = ENDINGS[metric["unit"]]
        if label == "cert_days":
            label, ending, times = "cert", "_seconds", 86400
        if said["check"] == "query" and label not in OF_EVERY_RUN:
            label = "query_column_" + label
        name = "db_" + label + ("" if label.endswith(ending) else ending)
        extra.discard(name)
        found = samples.pop(name, None)
        if found is None:
            yield f"{name} is missing"
        elif metric["unit"] == "s" and not -1 < found < 10:  # another run's: of the same size, not the same
            yield f"{name} is {found}, perfdata {value}"
        elif metric["unit"] == "c":  # the report's run was the later one
            if found > value:
                yield f"{name} is {found}, perfdata {value}"
        elif metric["unit"] != "s" and abs(found - value * times) > 1e-9 * abs(found):
            yield f"{name} is {found}, perfdata {value}"
    if "db_check_state" not in samples or "db_check_last_run_timestamp_seconds" not in samples:
        yield "what every run has is missing"
    yield from (f"{name} is not in perfdata" for name in samples.keys() - extra)


def perfdata(start, folder):
    reports = sorted(pathlib.Path(folder).glob("*.json"))
    wrong = [f"{report.stem}: {what}" for report in reports
             for what in perfdata_of(f"{start}{report.stem}.prom", report)]
    end(wrong if reports else ["no reports"])


def same_run(file, log):
    samples = {name: (value, dict(labels)) for (name, labels), value in read(file).items()}
    lines = [json.loads(line) for line in pathlib.Path(log).read_text(encoding="utf-8").splitlines()]
    time = samples["db_time_seconds"][0]
    if not any(abs(line["response_time_ms"] - time * 1000) < 0.002 for line in lines):
        sys.exit(f"db_time_seconds is {time}, the log has {[line['response_time_ms'] for line in lines]} ms")


def documented(folder, page):
    known = set(re.findall(r"`(db_\w+)`", pathlib.Path(page).read_text(encoding="utf-8")))
    found = {name for path in pathlib.Path(folder).glob("*.prom") for name, _ in read(path)}
    end(sorted(name for name in found - known if not name.startswith("db_query_column_")))


def panels(dashboard):
    for panel in dashboard["panels"]:
        yield panel
        yield from panel.get("panels", [])


def structure(path):
    dashboard = json.loads(pathlib.Path(path).read_text(encoding="utf-8"))
    wrong, ids, cells = [], set(), {}
    variables = {one["name"]: one for one in dashboard["templating"]["list"]}
    if dashboard["schemaVersion"] < 36 or "id" in dashboard or not dashboard["uid"] or not dashboard["title"]:
        wrong.append("head of the dashboard")
    if variables.get("datasource", {}).get("query") != "prometheus" or not {"host", "db_name"} <= variables.keys():
        wrong.append("variables")
    for panel in panels(dashboard):
        place, title = panel["gridPos"], panel["title"]
        if panel["id"] in ids or not title:
            wrong.append(f"{title}: id or title")
        ids.add(panel["id"])
        for x in range(place["x"], place["x"] + place["w"]):
            for y in range(place["y"], place["y"] + place["h"]):
                if x > 23 or cells.setdefault((x, y), title) != title:
                    wrong.append(f"{title} lies on {cells.get((x, y), 'the edge')}")
        if panel["type"] == "row":
            continue
        targets = panel["targets"]
        if len({one["refId"] for one in targets}) != len(targets) or not targets:
            wrong.append(f"{title}: targets")
        for source in [panel["datasource"]] + [one["datasource"] for one in targets]:
            if source != {"type": "prometheus", "uid": "${datasource}"}:
                wrong.append(f"{title}: a data source of one Grafana only")
    text = json.dumps(dashboard)
    unknown = set(re.findall(r"\$\{?([a-z]\w*)", text)) - variables.keys()
    if unknown:
        wrong.append(f"variables that are not defined: {sorted(unknown)}")
    end(sorted(set(wrong)))


def queries(url, path):
    dashboard = json.loads(pathlib.Path(path).read_text(encoding="utf-8"))
    wrong, count = [], 0

    def chosen(label):  # what Grafana puts in place of a variable with several values
        values = ask(url, f"api/v1/label/{label}/values", **{"match[]": "db_check_state"})["data"]
        return "(" + "|".join(re.sub(r"([.*+?^${}()|\[\]\\])", r"\\\\\1", one) for one in values) + ")"

    every, some = (".*", ".*"), (chosen("host"), chosen("db_name"))

    def filled(text):
        return [text.replace("$host", host).replace("$db_name", name) for host, name in (every, some)]

    def look(title, text, ask_again):
        for query in filled(text):
            if not ask_again(query):
                wrong.append(f"{title}: no data: {query}")
    for panel in panels(dashboard):
        for target in panel.get("targets", []):
            count += 1
            look(panel["title"], target["expr"], lambda query: instant(url, query))
    for note in dashboard["annotations"]["list"]:
        if "expr" in note:
            count += 1
            look(note["name"], note["expr"], lambda query: instant(url, query))
    for variable in dashboard["templating"]["list"]:
        if variable["type"] == "query":
            series, label = re.fullmatch(r"label_values\((.*), (\w+)\)", variable["query"]["query"]).groups()
            count += 1
            look(variable["name"], series, lambda query: ask(
                url, f"api/v1/label/{label}/values", **{"match[]": query})["data"])
    print(f"{count} queries")
    end(wrong)


def page_queries(url, page):
    text = pathlib.Path(page).read_text(encoding="utf-8")
    found = re.findall(r"^\| [^|]*\? \| `([^`|]+)`", text, re.MULTILINE)
    end([] if len(found) > 5 else [f"only {len(found)} queries"])
    for query in found:
        instant(url, query)


def alerts(url):
    for alert in ask(url, "api/v1/alerts")["data"]["alerts"]:
        labels = alert["labels"]
        print(labels["alertname"], labels.get("check", "-"), labels.get("host", "-"))


def annotations(url, name):
    for alert in ask(url, "api/v1/alerts")["data"]["alerts"]:
        if alert["labels"]["alertname"] == name:
            print(alert["annotations"]["summary"], alert["annotations"]["description"], sep=chr(10))


def value(url, query):
    for one in instant(url, query):
        print(one["value"][1])


def over_time(url, query, begin, end_time):
    begin = int(begin)
    found = ask(url, "api/v1/query_range", query=query, start=begin, end=end_time, step=1)["data"]["result"]
    values = dict(found[0]["values"]) if found else {}
    for second in range(begin, int(end_time)):
        print(f"{second - begin} {values[second]}" if second in values else "")


def summary(folder):
    for path in sorted(pathlib.Path(folder).iterdir()):
        samples = {name: (value, dict(labels)) for (name, labels), value in read(path).items()}
        state, labels = samples["db_check_state"]
        up = f"{samples['db_up'][0]:g}" if "db_up" in samples else "-"
        error = samples["db_check_error"][1]["error_code"] if "db_check_error" in samples else "-"
        print(path.name.removesuffix(".prom"), f"{state:g}", up, labels["db_role"], error)


if __name__ == "__main__":
    commands = (same, value, over_time, summary, perfdata, same_run, documented, structure, queries, page_queries,
                alerts, annotations)
    {one.__name__: one for one in commands}[sys.argv[1]](*sys.argv[2:])
