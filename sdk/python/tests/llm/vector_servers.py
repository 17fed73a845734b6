"""Pinecone and Weaviate as far as their documented APIs are used here, on this machine.

Neither can be had offline: these speak the wire that the vendors' own clients speak (Pinecone's
REST data plane; Weaviate's REST and its gRPC service `weaviate.v1.Weaviate`, by the stubs that its
client brings), keep vectors in a dictionary and rank them by cosine.
"""

import json
import math
import struct
import threading
from concurrent import futures
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import grpc
from weaviate.proto.v1.v6300.v1 import (
    base_pb2,
    batch_pb2,
    properties_pb2,
    search_get_pb2,
    weaviate_pb2_grpc,
)


def cosine(left, right):
    """The cosine of two vectors."""
    return (
        math.fsum(a * b for a, b in zip(left, right, strict=True))
        / math.hypot(*left)
        / math.hypot(*right)
    )


class Server:
    """An HTTP server on loopback; `answer(method, path, body)` gives status and JSON."""

    def __init__(self, answer):
        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def reply(self):
                body = self.rfile.read(int(self.headers.get("content-length") or 0))
                status, said = answer(self.command, self.path, json.loads(body) if body else None)
                text = b"" if said is None else json.dumps(said).encode()
                self.send_response(status)
                self.send_header("content-type", "application/json")
                self.send_header("content-length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

            do_GET = do_POST = do_DELETE = reply  # noqa: N815 - names of the base class

            def log_message(self, *arguments):
                """Say nothing."""

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.http.daemon_threads = True
        self.port = self.http.server_port
        threading.Thread(target=self.http.serve_forever, daemon=True).start()

    def close(self):
        """Listen no more."""
        self.http.shutdown()
        self.http.server_close()


class Pinecone:
    """`POST /query`, `/vectors/upsert`, `/vectors/delete` of an index's host."""

    def __init__(self):
        self.rows, self.asked = {}, []
        self.server = Server(self.answer)
        self.host = f"http://127.0.0.1:{self.server.port}"
        self.close = self.server.close

    def answer(self, method, path, body):
        self.asked.append(path)
        space = body.get("namespace", "")
        if path == "/vectors/upsert":
            for one in body["vectors"]:
                self.rows[space, one["id"]] = one
            return 200, {"upsertedCount": len(body["vectors"])}
        if path == "/vectors/delete":
            for one in body["ids"]:
                self.rows.pop((space, one), None)
            return 200, {}
        assert path == "/query", path
        wanted = {name: test["$eq"] for name, test in body.get("filter", {}).items()}
        found = [
            {"id": id, "score": cosine(body["vector"], row["values"]), "metadata": row["metadata"]}
            for (where, id), row in self.rows.items()
            if where == space and wanted.items() <= row["metadata"].items()
        ]
        found.sort(key=lambda one: -one["score"])
        return 200, {"matches": found[: body["topK"]], "namespace": space}


class Weaviate(weaviate_pb2_grpc.WeaviateServicer):
    """`Search` and `BatchObjects` by gRPC; by REST deleting and what a connect asks."""

    def __init__(self):
        self.rows = {}
        self.server = Server(self.answer)
        self.port = self.server.port
        self.grpc = grpc.server(futures.ThreadPoolExecutor(4))
        weaviate_pb2_grpc.add_WeaviateServicer_to_server(self, self.grpc)
        self.grpc_port = self.grpc.add_insecure_port("127.0.0.1:0")
        self.grpc.start()

    def close(self):
        self.server.close()
        self.grpc.stop(None)

    def answer(self, method, path, body):
        if method == "DELETE":
            gone = self.rows.pop(path.rsplit("/", 1)[1], None)
            return (204, None) if gone else (404, None)
        if path.endswith("/openid-configuration"):
            return 404, None
        return 200, {"version": "1.38.0", "grpcMaxMessageSize": 10485760}

    def BatchObjects(self, request, context):  # noqa: N802 - the service's name
        for one in request.objects:
            raw = one.vector_bytes or one.vectors[0].vector_bytes
            vector = struct.unpack(f"<{len(raw) // 4}f", raw)
            self.rows[one.uuid] = (vector, dict(one.properties.non_ref_properties))
        return batch_pb2.BatchObjectsReply()

    def Search(self, request, context):  # noqa: N802 - the service's name
        near = request.near_vector
        raw = near.vector_bytes or near.vectors[0].vector_bytes
        asked = struct.unpack(f"<{len(raw) // 4}f", raw)
        found = [
            (1 - cosine(asked, vector), uuid, properties)
            for uuid, (vector, properties) in self.rows.items()
            if holds(request.filters, properties)
        ]
        found.sort()
        return search_get_pb2.SearchReply(results=map(result, found[: request.limit]))


def holds(filters, properties):
    """Whether an object's properties pass a filter of equalities."""
    kinds = base_pb2.Filters
    if filters.operator == kinds.OPERATOR_AND:
        return all(holds(each, properties) for each in filters.filters)
    if filters.operator == kinds.OPERATOR_UNSPECIFIED:
        return True
    assert filters.operator == kinds.OPERATOR_EQUAL
    return properties.get(filters.target.property) == filters.value_text


def result(found):
    """One object of a search's answer."""
    distance, uuid, properties = found
    fields = {name: properties_pb2.Value(text_value=text) for name, text in properties.items()}
    return search_get_pb2.SearchResult(
        properties=search_get_pb2.PropertiesResult(
            non_ref_props=properties_pb2.Properties(fields=fields)
        ),
        metadata=search_get_pb2.MetadataResult(id=uuid, distance=distance, distance_present=True),
    )
