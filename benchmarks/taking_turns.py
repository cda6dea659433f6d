"""One side of the race of `rivals.py`: a process that trains for a while whenever it is asked.

It reads one line for each request: `check` for the losses of the first steps on given noise, or
a number of steps to train. It answers with one line of JSON.
"""

import argparse
import contextlib
import importlib
import json
import os
import resource
import sys
import time

import numpy as np


def measure(train, num_steps):
    """Returns what a number of steps cost: each figure for one step, in ms but the faults."""
    before, started = resource.getrusage(resource.RUSAGE_SELF), time.perf_counter()
    seconds = train(num_steps)
    elapsed = time.perf_counter() - started
    after = resource.getrusage(resource.RUSAGE_SELF)
    user, system = after.ru_utime - before.ru_utime, after.ru_stime - before.ru_stime
    in_ms = {"ms": seconds or elapsed, "CPU ms": user + system, "system ms": system}
    costs = {name: 1e3 * value / num_steps for name, value in in_ms.items()}
    return {**costs, "page faults": (after.ru_minflt - before.ru_minflt) / num_steps}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("framework", choices=["gk", "torch", "jax"])
    parser.add_argument("kind", help="dense, convolutional or dcgan")
    parser.add_argument("start", help="file of weights, images and noise")
    parser.add_argument("--compiled", action="store_true")
    parser.add_argument("--threads", type=int, required=True, help="each on a core of its own")
    given = parser.parse_args()
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[: given.threads])
    # What libraries print on the way is no answer.
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)

    def answer(content):
        print(json.dumps(content), file=answers, flush=True)

    try:
        framework = importlib.import_module(f"in_{given.framework}")
    except ModuleNotFoundError as error:
        answer({"missing": error.name})
        return
    with np.load(given.start) as start:
        trainer = framework.Trainer(
            given.kind, dict(start), given.compiled, num_threads=given.threads
        )
    answer({"version": framework.VERSION})
    with contextlib.suppress(KeyboardInterrupt):
        for request in map(str.strip, sys.stdin):
            if request == "check":
                answer(trainer.first_losses())
            else:
                answer(measure(trainer.train, int(request)))


if __name__ == "__main__":
    main()
