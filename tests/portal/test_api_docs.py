"""The reference page and the OpenAPI document describe what both doors do."""

import json

import pytest
from django.test import Client

from cache_api.hot.steps import Run
from cache_api.hot.verbs import VERBS
from portal.views.api_docs import document, operations
from tenants import resolve
from tests.cache_api.hot.pipeline import Pipeline

POSTED = [verb for verb in VERBS.values() if verb.method == "POST"]


@pytest.fixture
def client(database):
    database.login("web")
    resolve.forget()
    return Client(HTTP_HOST="cache.redis.localhost")


def test_the_document_names_every_path_and_only_json(client):
    answer = client.get("/api/schema/?format=json")

    paths = json.loads(answer.content)["paths"]
    known = {verb.path.rstrip("/") for verb in VERBS.values()} | {"/api/overflow/health"}
    known |= {"/api/overflow/stats", "/api/v1/metrics"}  # read from Postgres, on this door only
    assert {path.partition("/{")[0] for path in paths} == known
    posts = [one["post"]["requestBody"]["content"] for one in paths.values() if "post" in one]
    assert [list(body) for body in posts] == [["application/json"]] * len(posts)


def test_the_page_shows_each_endpoint_with_this_hosts_own_url(client):
    page = client.get("/docs/api/").content.decode()

    for path in ("/api/overflow", "/api/overflow/store", "/api/overflow/health"):
        assert f"http://cache.redis.localhost{path}" in page


@pytest.mark.parametrize(("https", "shown"), [(False, True), (True, False)])
def test_behind_a_tls_proxy_nobody_is_sent_to_loopback(client, settings, https, shown):
    settings.HTTPS = https
    page = client.get("/docs/api/").content.decode()
    assert ("http://127.0.0.1" in page) == shown
    assert (("https://" if https else "http://") + "cache.redis.localhost/api/overflow") in page


@pytest.mark.parametrize("verb", POSTED, ids=[verb.name for verb in POSTED])
def test_every_curl_example_has_a_body_that_the_pipeline_takes(verb):
    [curl] = [one.curl for one in operations("http://host", document()) if one.path == verb.path]
    body = curl.split("-d '")[1].removesuffix("'").encode()
    pipe = Pipeline()

    step = pipe.begin(verb.name, pipe.asked(pipe.redis[1], body))

    assert isinstance(step, Run) or step.status == 200, step
