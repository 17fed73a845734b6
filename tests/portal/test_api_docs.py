"""The reference page and the OpenAPI document describe what both doors do."""

import json

import pytest
from django.test import Client

from portal.views.api_docs import operations
from tenants import resolve


@pytest.fixture
def client(database):
    database.login("web")
    resolve.forget()
    return Client(HTTP_HOST="cache.redis.localhost")


def test_the_document_names_every_path_and_only_json(client):
    answer = client.get("/api/schema/?format=json")

    paths = json.loads(answer.content)["paths"]
    assert sorted(paths) == ["/api/overflow", "/api/overflow/health", "/api/overflow/store"]
    bodies = [paths[path]["post"]["requestBody"]["content"] for path in sorted(paths)[::2]]
    assert [list(body) for body in bodies] == [["application/json"]] * 2


def test_the_page_shows_each_endpoint_with_this_hosts_own_url(client):
    page = client.get("/docs/api/").content.decode()

    for path in ("/api/overflow", "/api/overflow/store", "/api/overflow/health"):
        assert f"http://cache.redis.localhost{path}" in page


def test_every_curl_example_has_a_body_the_api_could_take():
    for operation in operations("http://host"):
        if operation.method == "POST":
            body = json.loads(operation.curl.split("-d '")[1].removesuffix("'"))
            assert {"provider", "customer_id", "original_request"} <= body.keys()
