"""Images of the sandbox's tests: small programs that run as the containers of pods."""

from __future__ import annotations

import os
import sys

from reconciler.sandbox.world.processes import LocalImage, LocalRun

SERVE = """
import http.server, os, signal, sys, time
class Page(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        said = f"{os.getpid()}".encode()
        self.send_response(200); self.send_header("Content-Length", str(len(said))); self.end_headers()
        self.wfile.write(said)
def end(*_):
    time.sleep(float(sys.argv[2])); open(sys.argv[3], "w").write("ended well"); os._exit(0)
signal.signal(signal.SIGTERM, end)
print("serving", flush=True)
http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), Page).serve_forever()
"""
WRITE = "import sys; open(sys.argv[1] + '/word', 'w').write('from the init container')"
FAIL = """
import sys
print("why it failed", flush=True)
open(sys.argv[1], "w").write(sys.argv[2])
raise SystemExit(int(sys.argv[3]))
"""
COUNT = """
import time
for number in range(3000):
    print(number, "x" * 200 if number < 2000 else "", flush=True)
    number % 1000 or time.sleep(0.4)
"""
TWICE = """
import pathlib, sys, time
mark = pathlib.Path(sys.argv[1]) / "mark"
first = not mark.exists()
mark.touch()
print("the first run" if first else "the second run", flush=True)
first or time.sleep(60)
raise SystemExit(1)
"""
DIE = "import os; print('last line', flush=True); os.kill(os.getpid(), 9)"
PORTS = {"ports": [{"containerPort": 5000}]}


def serving(run: LocalRun) -> list[str]:
    seconds = run.environment.get("SECONDS", "0")
    return [sys.executable, "-c", SERVE, str(run.port), seconds, run.environment.get("MARK", os.devnull)]


def failing(run: LocalRun) -> list[str]:
    said = run.environment.get("SAYS", "")
    return [sys.executable, "-c", FAIL, str(run.message), said, run.environment["CODE"]]


IMAGES = (
    LocalImage("local/serve", serving),
    LocalImage("local/write", lambda run: [sys.executable, "-c", WRITE, str(run.mounts["/shared"])]),
    LocalImage("local/fail", failing),
    LocalImage("local/count", lambda run: [sys.executable, "-c", COUNT]),
    LocalImage("local/twice", lambda run: [sys.executable, "-c", TWICE, str(run.folder)]),
    LocalImage("local/die", lambda run: [sys.executable, "-c", DIE]),
)


def env(**values: str) -> list[dict[str, str]]:
    return [{"name": name, "value": value} for name, value in values.items()]
