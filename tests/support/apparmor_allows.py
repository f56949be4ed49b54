#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""usage: apparmor_allows.py PROFILE [TRACE]

PROFILE is what "apparmor_parser --preprocess" prints. With TRACE, the output of "strace -f -y", it prints every file
that the traced program wanted and the profile does not allow. Without, it answers lines "r /path" on standard input
with yes or no. Conditions of ownership count as fulfilled.
"""
import os
import re
import sys

RULE = re.compile(r'^(audit\s+)?(?P<deny>deny\s+)?((owner|other)\s+)?(file\s+)?(?P<path>"[/@{][^"]*"|[/@{]\S*)\s+'
                  r'(?P<rights>[rwaxmlkiPUCpuc]+)\s*(->\s*\S+)?,$')
VARIABLE = re.compile(r'^(@\{\w+\})\s*(\+?=)\s*(.*)$')


def expression(glob):
    """The regular expression of one of AppArmor's patterns."""
    result, depth, place = "", 0, 0
    while place < len(glob):
        rest = glob[place:]
        if rest.startswith("**"):  # after a slash there must be something
            result += "[^/].*" if glob[:place].endswith("/") else ".*"
            place += 1
        elif rest[0] == "*":
            result += "[^/]+" if glob[:place].endswith("/") else "[^/]*"
        elif rest[0] == "?":
            result += "[^/]"
        elif rest[0] == "[":
            end = glob.index("]", place + 1)
            result += glob[place:end + 1]
            place = end
        elif rest[0] == "{":
            result, depth = result + "(", depth + 1
        elif rest[0] == "}":
            result, depth = result + ")", depth - 1
        elif rest[0] == "," and depth:
            result += "|"
        elif rest[0] == "\\":
            place += 1
            result += re.escape(glob[place])
        else:
            result += re.escape(rest[0])
        place += 1
    return result


def read_profile(lines):
    variables, allowed, denied = {}, [], []
    for line in (line.strip() for line in lines):
        variable, rule = VARIABLE.match(line), RULE.match(line)
        if variable:
            name, sign, values = variable.groups()
            variables[name] = (variables.get(name, []) if sign == "+=" else []) + values.split()
        elif rule:
            path = rule["path"].strip('"')
            while "@{" in path:
                name = re.search(r"@\{\w+\}", path).group()
                values = variables.get(name, {"@{pid}": ["[0-9]*"], "@{profile_name}": ["db-up"]}.get(name))
                path = path.replace(name, values[0] if len(values) == 1 else "{" + ",".join(values) + "}")
            # Slashes that stand twice where a variable ends in one.
            pattern = re.compile(re.sub(r"(?<!:)/(\)?)/+", r"/\1", expression(path)) + r"\Z", re.S)
            (denied if rule["deny"] else allowed).append((pattern, set(rule["rights"])))
    return allowed, denied


def allows(profile, right, path):
    allowed, denied = profile
    rights = set()
    for pattern, given in allowed:
        if pattern.match(path):
            rights |= given
    for pattern, taken in denied:
        if pattern.match(path):
            rights -= taken
    return right in rights or (right == "a" and "w" in rights)


def wanted(lines):
    """Pairs of right and real path from a trace."""
    for line in lines:
        call = re.match(r"^(\d+ +)?(\w+)\((.*)$", line)
        if not call:
            continue
        name, rest = call[2], call[3]
        opened = re.search(r"\) += \d+<(/[^>]*)>", rest)
        if name == "openat":
            path = re.match(r'(?:AT_FDCWD<[^>]*>|\d+<([^>]*)>), "([^"]*)", ([A-Z_|]+)', rest)
            if not path or "ENOTDIR" in rest:
                continue
            real = opened[1] if opened else os.path.join(path[1] or "/", path[2])
            if not opened:  # what was not found is looked for all the same
                folder, file = os.path.split(real)
                real = os.path.join(os.path.realpath(folder), file)
            real += "/" if "O_DIRECTORY" in path[3] else ""
            if "O_APPEND" in path[3]:
                yield "a", real
            elif "O_WRONLY" in path[3] or "O_RDWR" in path[3]:
                yield "w", real
            if "O_WRONLY" not in path[3]:
                yield "r", real
        elif name == "mmap" and "PROT_EXEC" in rest:
            file = re.search(r"\d+<(/[^>]*)>", rest)
            if file:
                yield "m", file[1]
        elif name == "connect":
            path = re.search(r'AF_UNIX, sun_path="(/[^"]*)"', rest)
            if path:
                folder, file = os.path.split(path[1])
                yield "w", os.path.join(os.path.realpath(folder), file)
        elif name in ("rename", "renameat", "renameat2", "unlink", "unlinkat", "mkdir", "link", "linkat", "symlink"):
            for folder, file in re.findall(r'(?:\d+<([^>]*)>, )?"([^"]*)"', rest):
                yield "w", os.path.join(folder, file)
        elif name == "execve":
            yield "x", re.match(r'"([^"]*)"', rest)[1]


with open(sys.argv[1], encoding="utf-8") as words:
    rules = read_profile(words)
if len(sys.argv) > 2:
    with open(sys.argv[2], encoding="utf-8", errors="replace") as trace:
        pairs = list(wanted(trace))[1:]  # the first is how strace starts the program
    for right, path in sorted(set(pairs)):
        if not allows(rules, right, path):
            print(right, path)
    print("%d files" % len(set(path for right, path in pairs)))
else:
    for line in sys.stdin:
        right, path = line.rstrip("\n").split(" ", 1)
        print("yes" if allows(rules, right, path) else "no", right, path)
