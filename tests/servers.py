"""A server on 127.0.0.1 whose answers the tests write."""

import socket
import struct
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Server(ThreadingHTTPServer):
    """Answers on 127.0.0.1: ``answers[path]`` are functions of the request, used in turn, the last for ever."""

    def __init__(self):
        self.answers, self.requests = {}, []
        super().__init__(("127.0.0.1", 0), Handler)

    def url(self, path, *answers):
        self.answers[path] = list(answers)
        return f"http://127.0.0.1:{self.server_port}{path}"


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        self.server.requests.append((self.path, dict(self.headers)))
        answers = self.server.answers[self.path]
        (answers.pop(0) if len(answers) > 1 else answers[0])(self)

    def log_message(self, *_):
        pass


@contextmanager
def running():
    with Server() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


def sends(body, status=200, length=None, **headers):
    def answer(request):
        request.send_response(status)
        if length != 0:
            request.send_header("Content-Length", str(length or len(body)))
        for name, value in headers.items():
            request.send_header(name.replace("_", "-"), value)
        request.end_headers()
        request.wfile.write(body)

    return answer


def resets(body, length):
    """Part of the body, and then the connection is reset."""

    def answer(request):
        sends(body, length=length)(request)
        request.wfile.flush()
        request.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        request.connection.close()

    return answer
