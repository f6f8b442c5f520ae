"""Knows the part of the Hugging Face Hub that pushing a model needs, on 127.0.0.1; does not know what is pushed."""

import base64
import hashlib
import json
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

TOKEN = "hf_a_token_for_the_test"
_LARGE = ".safetensors"
"""What the Hub takes as large files, apart from the commit."""


@dataclass
class Hub:
    """The repositories of a Hub.

    Attributes:
        url: Its address, for ``HF_ENDPOINT``.
        repositories: Id -> whether it is private.
        files: Id -> path -> content.
        commits: The message of each commit, with the repository's id before it.
        refusal: A status that every request gets, or 0.
        stored: Large files by their SHA-256, before a commit names them.
    """

    url: str = ""
    repositories: dict[str, bool] = field(default_factory=dict)
    files: dict[str, dict[str, bytes]] = field(default_factory=dict)
    commits: list[str] = field(default_factory=list)
    refusal: int = 0
    stored: dict[str, bytes] = field(default_factory=dict)

    def environment(self) -> dict[str, str]:
        """Return the environment variables with which the Hub's library comes here; it finds no other token."""
        return {
            "HF_ENDPOINT": self.url,
            "HF_HUB_OFFLINE": "0",
            "HF_HUB_DISABLE_XET": "1",
            "HF_TOKEN": TOKEN,
            "HF_TOKEN_PATH": os.devnull,
        }


@contextmanager
def hub_server() -> Iterator[Hub]:
    """Run a Hub until the end of the block."""
    hub = Hub()

    class Handler(_Handler):
        world = hub

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        hub.url = f"http://127.0.0.1:{server.server_address[1]}"
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield hub
        finally:
            server.shutdown()
            thread.join()


class _Handler(BaseHTTPRequestHandler):
    world: Hub
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self._route("GET")

    def do_POST(self) -> None:
        self._route("POST")

    def do_PUT(self) -> None:
        self._route("PUT")

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""

    def _route(self, method: str) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        path = self.path.split("?")[0]
        if method == "PUT":  # an address that was handed out, as of a store of objects: it takes no token
            self.world.stored[path.rsplit("/", 1)[1]] = body
            return self._say(200, {})
        if self.world.refusal:
            return self._say(self.world.refusal, {"error": "not today"})
        if self.headers.get("Authorization") != f"Bearer {TOKEN}":
            return self._say(401, {"error": "Invalid credentials in Authorization header"})
        if path == "/api/repos/create":
            return self._create(json.loads(body))
        if path == "/api/validate-yaml":
            return self._say(200, {"errors": [], "warnings": []})
        if path.endswith(".git/info/lfs/objects/batch"):
            return self._say(200, {"objects": [self._place(one) for one in json.loads(body)["objects"]]})
        parts = path.removeprefix("/api/models/").split("/")
        id, rest = "/".join(parts[:2]), parts[2:]
        if id not in self.world.repositories:
            return self._say(404, {"error": "Repository not found"})
        if rest[:1] == ["preupload"]:
            return self._say(200, {"files": [self._mode(one) for one in json.loads(body)["files"]]})
        if rest[:1] == ["commit"]:
            return self._commit(id, [json.loads(line) for line in body.splitlines()])
        if rest[:1] == ["tree"]:
            return self._say(200, [self._entry(name, content) for name, content in self.world.files[id].items()])
        names = [{"rfilename": name} for name in self.world.files[id]]
        return self._say(200, {"id": id, "private": self.world.repositories[id], "siblings": names, "tags": []})

    def _create(self, wanted: dict[str, Any]) -> None:
        id = f"{wanted.get('organization') or 'me'}/{wanted['name']}"
        status = 409 if id in self.world.repositories else 200
        if status == 200:
            self.world.repositories[id] = wanted.get("private", wanted.get("visibility") == "private")
            self.world.files[id] = {}
        self._say(status, {"url": f"{self.world.url}/{id}", "error": "You already created this model repo"})

    def _place(self, one: dict[str, Any]) -> dict[str, Any]:
        return {**one, "actions": {"upload": {"href": f"{self.world.url}/store/{one['oid']}"}}}

    def _mode(self, one: dict[str, Any]) -> dict[str, Any]:
        mode = "lfs" if one["path"].endswith(_LARGE) else "regular"
        return {"path": one["path"], "uploadMode": mode, "shouldIgnore": False, "oid": None}

    def _commit(self, id: str, lines: list[dict[str, Any]]) -> None:
        files = self.world.files[id]
        for line in lines:
            value = line["value"]
            if line["key"] == "header":
                self.world.commits.append(f"{id}: {value['summary']}")
            elif line["key"] == "file":
                files[value["path"]] = base64.b64decode(value["content"])
            elif line["key"] == "lfsFile":
                files[value["path"]] = self.world.stored[value["oid"]]
            elif line["key"] == "deletedFile":
                del files[value["path"]]
        oid = hashlib.sha1(str(len(self.world.commits)).encode()).hexdigest()
        self._say(200, {"success": True, "commitOid": oid, "commitUrl": f"{self.world.url}/{id}/commit/{oid}"})

    def _entry(self, name: str, content: bytes) -> dict[str, Any]:
        return {"type": "file", "path": name, "size": len(content), "oid": hashlib.sha1(content).hexdigest()}

    def _say(self, status: int, content: Any) -> None:
        body = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
