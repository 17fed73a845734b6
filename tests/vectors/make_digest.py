"""Writes digest.json. Run by hand: python tests/vectors/make_digest.py (needs node).

Nothing of the project is imported. Each case states, written by hand, the request as JSON text and
the document its digest is made of (api and params after normalising). The canonical text is made
from that document twice, by the `rfc8785` package and by node, which must agree; the digest is
hashlib's SHA-256 of it. So the expected values follow from the published rules, not from our code.
Pairs say which requests must, and which must never, have one digest; their documents are compared.
"""

import hashlib
import json
import subprocess
from pathlib import Path

import cases_core
import cases_pitfalls
import cases_shapes
import rfc8785

HERE = Path(__file__).resolve().parent
JCS = HERE.parents[1] / "sdk" / "js" / "test" / "jcs.mjs"
CASES = [*cases_core.CASES, *cases_shapes.CASES, *cases_pitfalls.CASES]


def canonical_texts() -> list[str]:
    """The canonical text of every case, on which two implementations agree."""
    documents = [
        {"api": api, "model": model, "params": params, "provider": provider, "v": 1}
        for _, _, api, provider, model, params in CASES
    ]
    reference = [rfc8785.dumps(document).decode() for document in documents]
    lines = "\n".join(json.dumps(document) for document in documents)
    node = subprocess.run(
        ["node", str(JCS)], input=lines, capture_output=True, text=True, check=True
    )
    second = [json.loads(line) for line in node.stdout.rstrip("\n").split("\n")]
    assert second == reference, "rfc8785 and node disagree"
    return reference


def cases(texts: list[str]) -> list[dict[str, str]]:
    """The vectors: requests with their canonical text and digest, or with their refusal."""
    made = [
        {
            "name": case[0],
            "request": case[1],
            "canonical": text,
            "digest": hashlib.sha256(text.encode()).hexdigest(),
        }
        for case, text in zip(CASES, texts, strict=True)
    ]
    return made + [
        {"name": name, "request": text, "error": code} for name, text, code in cases_core.REFUSED
    ]


def pairs(texts: list[str]) -> list[dict[str, object]]:
    """Who equals whom, checked against the documents written by hand."""
    text_of = {case[0]: text for case, text in zip(CASES, texts, strict=True)}
    listed = [(p, *pair) for p, shown in cases_pitfalls.PITFALLS.items()
              if isinstance(shown, list) for pair in shown]  # fmt: skip
    listed += [("", *pair) for pair in cases_pitfalls.PAIRS]
    for _, left, right, same in listed:
        assert (text_of[left] == text_of[right]) is same, (left, right)
    return [
        {"pitfall": pitfall, "left": left, "right": right, "equal": same}
        for pitfall, left, right, same in listed
    ]


def main() -> None:
    texts = canonical_texts()
    made = cases(texts)
    assert len({case["name"] for case in made}) == len(made), "a name is used twice"
    whole = {
        "about": "Digest v1. Made by make_digest.py; run by Python and run-vectors.mjs.",
        "version": 1,
        "cases": made,
        "pairs": pairs(texts),
        "elsewhere": {
            pitfall: shown
            for pitfall, shown in cases_pitfalls.PITFALLS.items()
            if isinstance(shown, str)
        },
    }
    (HERE / "digest.json").write_text(json.dumps(whole, indent=1) + "\n")
    print(f"{len(made)} cases, {len(whole['pairs'])} pairs")


if __name__ == "__main__":
    main()
