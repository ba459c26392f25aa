"""Cuts images out with rembg, one after the other, as its documentation does:
python rembg-loop.py IMAGE... (the first one is to warm up). U2NET_HOME has the weights."""

import json
import sys
import time
from importlib.metadata import version

from rembg import new_session, remove

session = new_session("isnet-general-use")
wall = []
cpu_before = 0.0
for at, path in enumerate(sys.argv[1:]):
    with open(path, "rb") as file:
        data = file.read()
    started_at = time.perf_counter()
    png = remove(data, session=session)
    if not png.startswith(b"\x89PNG"):
        raise RuntimeError(f"no PNG of {path}")
    if at == 0:
        cpu_before = time.process_time()
    else:
        wall.append(1000 * (time.perf_counter() - started_at))
cpu = 1000 * (time.process_time() - cpu_before)
versions = [f"{name} {version(name)}" for name in ("rembg", "onnxruntime", "pillow")]
print(json.dumps({"wall": wall, "cpu": cpu, "versions": versions}))
