"""Gunicorn with --preload, which forks after the index was loaded, and a Jupyter kernel, whose interrupt ends a build."""

import os
import pathlib
import socket
import subprocess
import sys
import tempfile
import time
import unittest

import jupyter_client
from annoy import AnnoyIndex

APP = """
import os
from annoy import AnnoyIndex

index = AnnoyIndex(8, "euclidean")
index.load(os.environ["INDEX"])
loaded_in = os.getpid()
assert index.get_nns_by_item(3, 1) == [3]

def app(environ, start_response):
    answer = f"{loaded_in} {os.getpid()} {index.get_nns_by_item(int(environ['PATH_INFO'][1:]), 3)}"
    start_response("200 OK", [("Content-Length", str(len(answer)))])
    return [answer.encode()]
"""


class Gunicorn(unittest.TestCase):
    def test_preload(self):
        with tempfile.TemporaryDirectory() as folder:
            index = AnnoyIndex(8, "euclidean")
            for i in range(200):
                index.add_item(i, [float(i)] + [0.0] * 7)
            index.build(5)
            path, address = os.path.join(folder, "x.ann"), os.path.join(folder, "socket")
            index.save(path)
            pathlib.Path(folder, "served.py").write_text(APP)
            command = [
                sys.executable, "-B", "-m", "gunicorn", "--preload", "--workers", "2", "--threads", "2", "--bind", f"unix:{address}", "served:app",
            ]
            server = subprocess.Popen(
                command, cwd=folder, env={**os.environ, "INDEX": path}, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
            )
            try:
                answers = [self.ask(address, i) for i in range(40)]
            finally:
                server.terminate()
                output, _ = server.communicate(timeout=30)
            for i, answer in enumerate(answers):
                loaded, served, ids = answer.split(" ", 2)
                self.assertNotEqual(loaded, served)
                self.assertEqual(ids, str(index.get_nns_by_item(i, 3)))
            self.assertEqual(server.returncode, 0, output)
            self.assertNotIn("rror", output)

    def ask(self, address, i):
        end = time.monotonic() + 30
        while True:
            with socket.socket(socket.AF_UNIX) as s:
                try:
                    s.connect(address)
                except OSError:  # not yet there
                    if time.monotonic() > end:
                        raise
                    time.sleep(0.05)
                    continue
                s.sendall(f"GET /{i} HTTP/1.0\r\n\r\n".encode())
                with s.makefile() as f:
                    return f.read().split("\n\n", 1)[-1]


class Jupyter(unittest.TestCase):
    def run_cell(self, client, code, after=None):
        """What a cell prints, or the name of its exception."""
        said = []
        client.execute(code)
        if after:
            time.sleep(0.5)
            after()
        while True:
            message = client.get_iopub_msg(timeout=60)
            content = message["content"]
            if message["msg_type"] == "stream":
                said.append(content["text"])
            elif message["msg_type"] == "error":
                said.append(content["ename"])
            elif message["msg_type"] == "status" and content["execution_state"] == "idle" and message["parent_header"].get("msg_type") == "execute_request":
                return "".join(said)

    def test_interrupt(self):
        manager = jupyter_client.KernelManager()  # of this environment
        manager.start_kernel(stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        client = manager.client()
        client.start_channels()
        try:
            client.wait_for_ready(timeout=60)
            made = "from annoy import AnnoyIndex\nx = AnnoyIndex(8, 'angular')\nx.add_items(None, [[float(i * j % 97) for j in range(8)] for i in range(20000)])"
            self.assertEqual(self.run_cell(client, made), "")
            self.assertEqual(self.run_cell(client, "x.build(1000000)", after=manager.interrupt_kernel), "KeyboardInterrupt")
            self.assertEqual(self.run_cell(client, "x.build(2); print(x.get_n_trees())"), "2\n")
        finally:
            client.stop_channels()
            manager.shutdown_kernel(now=True)


if __name__ == "__main__":
    unittest.main()
