#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""usage: webhook_receiver.py FOLDER CERTIFICATE KEY. Takes what is posted over TLS to 127.0.0.1.

FOLDER/port is written once it listens; each request is a line in FOLDER/requests, as JSON with path, headers, body.
The path says what is answered: /302, /404, /503; /503-once answers so to the first request only; /slow never does.
"""
import http.server
import json
import os
import ssl
import sys
import threading

folder, certificate, key = sys.argv[1:]
seen = set()


class Receiver(http.server.BaseHTTPRequestHandler):
    def answer(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode("utf-8", "strict")
        with open(folder + "/requests", "a", encoding="utf-8") as requests:
            json.dump({"method": self.command, "path": self.path, "headers": dict(self.headers), "body": body}, requests)
            requests.write("\n")
        if self.path == "/slow":
            threading.Event().wait(60)
        word = self.path.strip("/").split("?")[0]
        status = 200
        if word in ("302", "404", "503") or (word == "503-once" and word not in seen):
            status = int(word[:3])
        seen.add(word)
        self.send_response(status)
        self.send_header("Location", "https://localhost:%d/moved" % self.server.server_port)
        self.send_header("Content-Length", "0")
        self.end_headers()

    do_POST = do_GET = answer

    def log_message(self, *words):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
server.daemon_threads = True
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(certificate, key)
server.socket = context.wrap_socket(server.socket, server_side=True)
with open(folder + "/port.new", "w", encoding="utf-8") as port:
    port.write("%d\n" % server.server_port)
os.rename(folder + "/port.new", folder + "/port")
server.serve_forever()
