"""How fast the layers are: against the naive loops, torch and a bare matrix product.

    python benchmarks/layers.py [--quick]

Needs numpy; rows with torch are left out where it is not installed. Ratios are medians over
interleaved rounds, with the tenth and ninetieth percentile in brackets; below 1 the fast layer
is faster, except in the first rows, which say how many times as long the naive loops take.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "solutions")]

from nndl import fast_layers, layers  # noqa: E402  (the path comes first)

from benchmarks.timing import (  # noqa: E402  (the same)
    TURNS,
    Row,
    Sample,
    compare,
    extra_memory,
    in_process,
    interleaved,
    show,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    Call = Callable[[], Any]
    Samples = dict[str, dict[str, list[Sample]]]  # by workload and library

HAS_TORCH = importlib.util.find_spec("torch") is not None


class Conv(NamedTuple):
    """A convolution to time."""

    x: tuple[int, int, int, int]
    w: tuple[int, int, int, int]
    conv_param: dict[str, int]
    dtype: str
    rounds: int


class Pool(NamedTuple):
    """A pooling layer to time, forward and backward together."""

    x: tuple[int, int, int, int]
    window: int
    dtype: str
    rounds: int


SMALL = Conv((100, 3, 31, 31), (25, 3, 3, 3), {"stride": 2, "pad": 1}, "float64", 60)
LARGE = Conv((128, 32, 32, 32), (64, 32, 3, 3), {"stride": 1, "pad": 1}, "float32", 12)
CONVS = {"small": SMALL, "large": LARGE}
POOLS = {
    "pool 2x2 (100,3,32,32) float64": Pool((100, 3, 32, 32), 2, "float64", 60),
    "pool 2x2 (128,64,32,32) float32": Pool((128, 64, 32, 32), 2, "float32", 8),
    "pool 3x3 (100,3,33,33) float64": Pool((100, 3, 33, 33), 3, "float64", 60),
    "pool 3x3 (128,64,33,33) float32": Pool((128, 64, 33, 33), 3, "float32", 8),
}
# The goals, in the order of the table: of which library, at how many threads, at most (naive: at
# least) this ratio.
GOALS: dict[str, list[tuple[str, int, float]]] = {
    "small forward": [("naive", 1, 500), ("torch", 1, 0.7), ("torch", 2, 1.2), ("gemm", 1, 1.8)],
    "small backward": [("naive", 1, 400), ("torch", 1, 0.9), ("torch", 2, 1.6)],
    "large forward": [("torch", 1, 1.0), ("torch", 2, 1.0), ("gemm", 1, 1.45)],
    "large backward": [("torch", 1, 1.0), ("torch", 2, 1.1)],
    **{name: [("torch", 1, 0.5)] for name in POOLS},
}


def conv_calls(conv: Conv) -> dict[str, dict[str, Call]]:
    """Return for forward and backward what each library has to run."""
    rng = np.random.default_rng(0)
    x, w, b = (rng.standard_normal(s).astype(conv.dtype) for s in (conv.x, conv.w, conv.w[:1]))
    out, cache = fast_layers.conv_forward_fast(x, w, b, conv.conv_param)
    dout = rng.standard_normal(out.shape).astype(conv.dtype)
    calls: dict[str, dict[str, Call]] = {
        "forward": {
            "fast": lambda: fast_layers.conv_forward_fast(x, w, b, conv.conv_param),
            "naive": lambda: layers.conv_forward_naive(x, w, b, conv.conv_param),
            "gemm": bare_product(w, out),
        },
        "backward": {
            "fast": lambda: fast_layers.conv_backward_fast(dout, cache),
            "naive": lambda: layers.conv_backward_naive(dout, cache),
        },
    }
    if HAS_TORCH:
        forward, backward = torch_conv(x, w, b, dout, conv.conv_param)
        calls["forward"]["torch"], calls["backward"]["torch"] = forward, backward
    return calls


def bare_product(w: np.ndarray, out: np.ndarray) -> Call:
    """Return the matrix product at the heart of a convolution, columns given."""
    filters = w.reshape(len(w), -1)
    columns = np.ones((filters.shape[1], out.size // len(w)), out.dtype)
    product = np.empty((len(w), columns.shape[1]), out.dtype)
    return lambda: np.matmul(filters, columns, out=product)


def torch_conv(
    x: np.ndarray, w: np.ndarray, b: np.ndarray, dout: np.ndarray, conv_param: dict[str, int]
) -> tuple[Call, Call]:
    """Return torch's convolution, forward and backward, on the same numbers."""
    torch: Any = importlib.import_module("torch")
    inputs = [torch.from_numpy(a).requires_grad_() for a in (x, w, b)]
    upstream = torch.from_numpy(dout)
    settings = {"stride": conv_param["stride"], "padding": conv_param["pad"]}
    y = torch.nn.functional.conv2d(*inputs, **settings)

    def forward() -> None:
        with torch.no_grad():
            torch.nn.functional.conv2d(*inputs, **settings)

    return forward, lambda: torch.autograd.grad(y, inputs, upstream, retain_graph=True)


def pool_calls(pool: Pool) -> dict[str, Call]:
    """Return what each library has to run, forward and backward in one."""
    rng = np.random.default_rng(0)
    x = rng.standard_normal(pool.x).astype(pool.dtype)
    param = {"pool_height": pool.window, "pool_width": pool.window, "stride": 2}
    out, _ = fast_layers.max_pool_forward_fast(x, param)
    dout = rng.standard_normal(out.shape).astype(pool.dtype)

    def fast() -> None:
        _, cache = fast_layers.max_pool_forward_fast(x, param)
        fast_layers.max_pool_backward_fast(dout, cache)

    calls: dict[str, Call] = {"fast": fast}
    if HAS_TORCH:
        torch: Any = importlib.import_module("torch")
        images, upstream = torch.from_numpy(x).requires_grad_(), torch.from_numpy(dout)

        def rival() -> None:
            y = torch.nn.functional.max_pool2d(images, pool.window, 2)
            torch.autograd.grad(y, images, upstream)

        calls["torch"] = rival
    return calls


def measure(libraries: list[str], share: float) -> Samples:
    """Time the libraries in this process, on all that the goals ask of them."""
    samples: Samples = {}
    for size, conv in CONVS.items():
        for direction, calls in conv_calls(conv).items():
            name = f"{size} {direction}"
            chosen = {lib: call for lib, call in calls.items() if lib in libraries}
            if size == "large":
                chosen.pop("naive", None)  # minutes
            rounds = 3 if "naive" in chosen else conv.rounds
            samples[name] = interleaved(chosen, max(2, int(share * rounds)))
    if "naive" not in libraries:
        for name, pool in POOLS.items():
            chosen = {lib: call for lib, call in pool_calls(pool).items() if lib in libraries}
            samples[name] = interleaved(chosen, max(2, int(share * pool.rounds)))
    return samples


def child(libraries: list[str], threads: int, share: float) -> Samples:
    """Measure in a process with so many threads."""
    arguments = ["--measure", *libraries, "--share", str(share)]
    answer = in_process(__file__, arguments, threads)
    return {
        workload: {lib: [Sample(*s) for s in samples] for lib, samples in by_library.items()}
        for workload, by_library in answer.items()
    }


def all_samples(share: float, turns: int) -> dict[tuple[str, int], Samples]:
    """Measure everything; return the samples by rival and number of threads."""
    one = ["fast", "gemm", *(["torch"] if HAS_TORCH else [])]
    together = child(one, 1, share)
    result = {("gemm", 1): together, ("torch", 1): together}
    result["naive", 1] = child(["fast", "naive"], 1, share)
    if HAS_TORCH:
        merged: Samples = {}
        for _ in range(turns):
            for library in ("fast", "torch"):
                for workload, samples in child([library], 2, share / turns).items():
                    mine = merged.setdefault(workload, {}).setdefault(library, [])
                    mine.extend(samples[library])
        result["torch", 2] = merged
    return result


def rows(samples: dict[tuple[str, int], Samples]) -> list[Row]:
    """Return a row for every goal that was measured."""
    found = []
    for workload, goals in GOALS.items():
        for library, threads, goal in goals:
            measured = samples.get((library, threads), {}).get(workload, {})
            if library in measured:
                pair = {"fast": measured["fast"], library: measured[library]}
                at_least = library == "naive"
                row = compare(workload, library, threads, pair, goal, at_least=at_least)
                found.append(row)
    return found


def print_memory() -> None:
    """Print the peak memory beyond results."""
    for size, conv in CONVS.items():
        for direction, calls in conv_calls(conv).items():
            print(
                f"memory beyond results, {size} {direction}: {extra_memory(calls['fast']):.1f} MiB"
            )


def main() -> None:
    """Measure in processes of their own and print; or be such a process."""
    parser = argparse.ArgumentParser(description="Time the layers.")
    parser.add_argument("--quick", action="store_true", help="a few rounds only")
    parser.add_argument("--json", action="store_true", help="print the rows as JSON")
    parser.add_argument("--measure", nargs="+", metavar="LIBRARY", help="print samples as JSON")
    parser.add_argument("--share", type=float, default=1.0, help="of the usual number of rounds")
    options = parser.parse_args()
    if options.measure:
        if HAS_TORCH:
            importlib.import_module("torch").set_num_threads(int(os.environ["OMP_NUM_THREADS"]))
        json.dump(measure(options.measure, options.share), sys.stdout)
        return
    before = os.getloadavg()[0]
    share, turns = (0.2, 1) if options.quick else (1.0, TURNS)
    show(rows(all_samples(share, turns)), as_json=options.json)
    if options.json:
        return
    if not HAS_TORCH:
        print("torch is not installed: its rows are left out")
    print_memory()
    for size, conv in CONVS.items():
        print(f"{size}: x {conv.x}, w {conv.w}, {conv.conv_param}, {conv.dtype}")
    print(f"load before and after: {before:.1f}, {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main()
