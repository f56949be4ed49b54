#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""usage: strict_kubernetes.py FILE... (PYTHONPATH: where Debian's python3-kubernetes is)

Reads definitions as the API server does with strict validation: by the models that the official client has of the
API. A key that the model does not have, a value of another type and a key that is missing are errors.
Prints "KIND NAME" for each definition.
"""
import importlib
import re
import sys
import types

import yaml

# Only the models are wanted: what is imported by the package itself needs libraries to talk to a cluster.
import importlib.util

spec = importlib.util.find_spec("kubernetes")
package = types.ModuleType("kubernetes")
package.__path__ = list(spec.submodule_search_locations)
sys.modules["kubernetes"] = package
client = types.ModuleType("kubernetes.client")
client.__path__ = [package.__path__[0] + "/client"]
sys.modules["kubernetes.client"] = client
models = importlib.import_module("kubernetes.client.models")

PLAIN = {"str": str, "int": int, "bool": bool, "float": (int, float)}


class Wrong(Exception):
    pass


def read(value, wanted, place):
    if wanted.startswith("list["):
        if not isinstance(value, list):
            raise Wrong(f"{place}: a list is wanted")
        return [read(one, wanted[5:-1], f"{place}[{at}]") for at, one in enumerate(value)]
    if wanted.startswith("dict("):
        if not isinstance(value, dict):
            raise Wrong(f"{place}: a map is wanted")
        inner = re.match(r"dict\(str, (.*)\)$", wanted).group(1)
        return {key: read(one, inner, f"{place}.{key}") for key, one in value.items()}
    if wanted == "object":  # a number or a text, or anything
        return value
    if wanted in PLAIN:
        if not isinstance(value, PLAIN[wanted]) or (isinstance(value, bool) and wanted != "bool"):
            raise Wrong(f"{place}: {wanted} is wanted, not {value!r}")
        return value
    return read_model(value, getattr(models, wanted), place)


def read_model(value, model, place):
    if not isinstance(value, dict):
        raise Wrong(f"{place}: {model.__name__} is wanted")
    names = {key: name for name, key in model.attribute_map.items()}
    for key in value:
        if key not in names:
            raise Wrong(f"{place}: there is no {key} in {model.__name__}")
    parts = {names[key]: read(one, model.openapi_types[names[key]], f"{place}.{key}") for key, one in value.items()}
    try:
        return model(**parts)
    except ValueError as error:
        raise Wrong(f"{place}: {error}") from error


def main():
    for path in sys.argv[1:]:
        with open(path, encoding="utf-8") as file:
            for definition in yaml.safe_load_all(file):
                version, kind = definition["apiVersion"], definition["kind"]
                name = version.split("/")[-1].capitalize() + kind
                if not hasattr(models, name):
                    raise Wrong(f"{path}: {version} has no {kind}")
                read_model(definition, getattr(models, name), kind)
                print(kind, definition["metadata"]["name"])


try:
    main()
except (Wrong, yaml.YAMLError, KeyError) as error:
    sys.exit(f"{error}")
