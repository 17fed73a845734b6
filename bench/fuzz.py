"""Fuzzes what a stranger's bytes reach first: the body parser and the rules of identity.

    python -m bench.fuzz [--seconds 600] [--inputs FOLDER]

Coverage-guided (atheris, in an environment of its own that is gone afterwards; nothing of the
project depends on it), for an hour or for a minute. Exit code 1 and the input's file when a promise
of `bench.fuzz_target` breaks. `--inputs` keeps what was found interesting for the next time.
"""

import argparse
import hashlib
import json
import os
import re
import subprocess
import sys
import sysconfig
import tempfile
import time
from pathlib import Path

from bench import report
from bench.place import results_dir
from portal.env import BASE_DIR

VECTORS = BASE_DIR / "tests" / "vectors" / "digest.json"
MAX_INPUT = 4096
BUILT = b"\x00"  # inputs that begin so are directions for building JSON, all others are bodies
_RUNS = re.compile(r"Done (\d+) runs in (\d+) second")
_COVERAGE = re.compile(r"cov: (\d+) ft: (\d+)")
# Besides the requests of the vectors: responses of each shape, and bodies at the edge of the rules.
SEEDS = (
    '{"choices":[{"message":{"content":"hi"},"finish_reason":"stop"}],"usage":{"prompt_tokens":1}}',
    '{"object":"response","status":"completed","output":[{"type":"message","content":[]}]}',
    '{"type":"message","content":[{"type":"text","text":"a"}],"stop_reason":"end_turn"}',
    '{"message":{"content":"a"},"finish_reason":"COMPLETE","usage":{"billed_units":{}}}',
    '{"generation_id":"g","text":"a","meta":{"billed_units":{"input_tokens":1.5}}}',
    '{"candidates":[{"content":{"parts":[{"text":"a"}]},"finishReason":"STOP"}]}',
    '{"object":"list","data":[{"embedding":[0.1]}],"usage":{"prompt_tokens":1}}',
    '{"content_type":"a/b","encoding":"base64","data":"aGk="}',
    '{"a":1,"a":2}', '{"a":"\\":{[,"}', '["\\ud800"]', "[1e400]", "[NaN]", "[-0,-0.0,1E2]",
    "[" * 70, '{"provider":"p","model":"m","x":123456789012345678901234567890}',
)  # fmt: skip


def words() -> list[str]:
    """Names and short strings of the vectors and seeds."""
    text = VECTORS.read_text().replace("\\", "") + "".join(SEEDS)
    return sorted(set(re.findall(r'"([a-zA-Z_0-9.-]{1,30})"', text)))


def main() -> int:
    """Fuzz and report; 0, or 1 when something was found."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--seconds", type=int, default=600)
    parser.add_argument("--inputs", type=Path, help="a folder of inputs, kept and added to")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="fuzz-", dir=results_dir()) as name:
        place = Path(name)
        python = _environment(place / "venv")
        inputs = options.inputs or place / "inputs"
        _seed(inputs)
        started = time.monotonic()
        finds = results_dir() / "fuzz"
        code, log = _fuzz(python, place, inputs, finds, options.seconds)
        took_s = round(time.monotonic() - started)
        kept = len(list(inputs.iterdir()))
    result = _figures(log) | {"took_s": took_s, "inputs": kept, "found": code != 0}
    print(report.facts(result))
    report.write(results_dir() / "fuzz.json", report.surroundings() | result)
    if code:
        print(f"\n{_find(log)}\nThe input is in {finds}.", file=sys.stderr)
    return 1 if code else 0


def _environment(folder: Path) -> Path:
    """An interpreter with atheris; everything else comes from the one that runs this."""
    print("installing atheris into an environment of its own …", flush=True)
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check"]
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True)
    subprocess.run(
        [*pip, "--python", folder, "install", "-qq", "--no-cache-dir", "--no-deps",
         "--only-binary=:all:", "atheris"], check=True,
    )  # fmt: skip
    return folder / "bin" / "python"


def _seed(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    requests = [case["request"] for case in json.loads(VECTORS.read_text())["cases"]]
    for number, text in enumerate([*requests, *SEEDS]):
        (folder / f"seed-{number:03}").write_text(text)
    for number in range(64):
        noise = hashlib.shake_256(bytes([number])).digest(64 + 8 * number)
        (folder / f"built-{number:03}").write_bytes(BUILT + noise)


def _fuzz(
    python: Path, place: Path, inputs: Path, finds: Path, seconds: int
) -> tuple[int, list[str]]:
    finds.mkdir(parents=True, exist_ok=True)
    listed = place / "words"
    listed.write_text("\n".join(f'"\\"{word}\\""' for word in words()) + "\n")
    child = subprocess.Popen(
        [python, "-m", "bench.fuzz_target", inputs, f"-max_total_time={seconds}",
         f"-max_len={MAX_INPUT}", f"-dict={listed}", f"-artifact_prefix={finds}/",
         "-timeout=10", "-rss_limit_mb=2048"],
        cwd=BASE_DIR, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        errors="replace", env={**os.environ, "PYTHONPATH": _path()},
    )  # fmt: skip
    log: list[str] = []
    assert child.stdout is not None
    try:
        for line in child.stdout:
            log.append(line.rstrip())
            if "pulse" in line or "DONE" in line or "ERROR" in line:
                print(log[-1], flush=True)
        return child.wait(), log
    finally:
        child.kill()
        child.wait()


def _path() -> str:
    return os.pathsep.join([str(BASE_DIR), sysconfig.get_path("purelib")])


def _figures(log: list[str]) -> dict[str, int | None]:
    runs = [match for line in log if (match := _RUNS.search(line))]
    coverage = [match for line in log if (match := _COVERAGE.search(line))]
    return {
        "executions": int(runs[-1][1]) if runs else None,
        "per_s": int(runs[-1][1]) // max(1, int(runs[-1][2])) if runs else None,
        "edges_covered": int(coverage[-1][1]) if coverage else None,
    }


def _find(log: list[str]) -> str:
    start = next((n for n, line in enumerate(log) if "Uncaught Python exception" in line), -20)
    return "\n".join(log[start : start + 30])


if __name__ == "__main__":
    sys.exit(main())
