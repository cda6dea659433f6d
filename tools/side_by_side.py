"""Runs notebooks side by side, each on cores of its own, with one display of how far they are."""

import concurrent.futures
import contextlib
import multiprocessing
import os
import re
import sys
import tempfile
import threading
import time
from pathlib import Path

import nbformat
import psutil
from tqdm import tqdm

NUMBERS = ("no", "a", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
SECONDS_BETWEEN_LOOKS = 0.5


def available_cores():
    """Returns the numbers of the cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return sorted(os.sched_getaffinity(0))
    return list(range(os.cpu_count() or 1))


def how_many(num_tasks, gib_each=2.5):
    """Returns how many tasks to run at once: what cores and memory allow, at least one."""
    by_memory = int(psutil.virtual_memory().total / 2**30 / gib_each)
    return max(1, min(num_tasks, len(available_cores()), by_memory))


def share_out(cores, jobs):
    """Returns a list of cores for each of so many jobs; no core twice where there are enough."""
    return [cores[number::jobs] or [cores[number % len(cores)]] for number in range(jobs)]


def one_each(cores, jobs):
    """Returns one core for each of so many jobs, as the tests give to a notebook."""
    return [[cores[number % len(cores)]] for number in range(jobs)]


def minutes_told(path):
    """Returns how long a notebook's first cell says that it takes; 0 if it does not."""
    told = re.search(r"(\w+) minutes? on a CPU", nbformat.read(path, as_version=4).cells[0].source)
    return NUMBERS.index(told[1]) if told and told[1] in NUMBERS else 0


def longest_first(paths):
    """Returns notebooks in the order to start them in, so that all cores end about together."""
    return sorted(paths, key=lambda path: (-minutes_told(path), path.name))


def label(path):
    return path.stem.replace("_", " ")


def run(work, tasks, jobs, share=share_out, has_failed=lambda result: False):
    """Calls a function once for each task, side by side, and yields results as they come.

    When the caller stops taking results, or is interrupted, whatever still runs is ended,
    kernels included, and nothing more is started. So close the generator when you leave it.

    Args:
        work: function of a module, called in another process with a task's arguments and
            `tell`, a function of how many cells are done, and of how many.
        tasks: dictionary from what a task is called to its arguments, in the order to start.
        jobs: how many run at once.
        share: `share_out` or `one_each`, which cores each job gets.
        has_failed: whether the display calls a result a failure.

    Yields:
        What `work` returned. What it raised, is raised here.
    """
    jobs = min(jobs, len(tasks))
    context = multiprocessing.get_context("spawn")  # forked copies of TensorFlow can hang
    places, messages = context.SimpleQueue(), context.SimpleQueue()
    cores = available_cores()
    for place in share(cores, jobs):
        places.put(place)
    waiting, running = list(tasks), {}
    with contextlib.ExitStack() as stack:
        # Of a kernel that is killed, the file of its ports would be left, and other ones.
        scratch = stack.enter_context(tempfile.TemporaryDirectory())
        display = stack.enter_context(contextlib.closing(Display(list(tasks), jobs, len(cores))))
        executor = concurrent.futures.ProcessPoolExecutor(
            jobs, context, _start_worker, (places, messages, scratch)
        )
        stack.callback(executor.shutdown, cancel_futures=True)
        stack.callback(lambda: running and _end_workers())
        while waiting or running:
            # No more than can start: what the executor has taken in, it does not give back.
            while waiting and len(running) < jobs:
                name = waiting.pop(0)
                running[executor.submit(_call, work, name, tasks[name])] = name
                display.start(name)
            done, _ = concurrent.futures.wait(
                running, SECONDS_BETWEEN_LOOKS, concurrent.futures.FIRST_COMPLETED
            )
            while not messages.empty():
                display.show(*messages.get())
            display.refresh()
            for future in done:
                name = running.pop(future)
                try:
                    result, said = future.result()
                except BaseException:
                    display.end(name, failed=True)
                    raise
                display.end(name, has_failed(result), said)
                yield result


def _start_worker(places, messages, scratch):
    global _messages, _log
    _messages = messages
    os.setsid()  # Ctrl-C is for the parent, which ends its workers
    threading.Thread(target=_end_with_parent, daemon=True).start()
    os.environ["TMPDIR"] = scratch
    # What native code in kernels logs would run through the display.
    _log = Path(scratch) / f"{os.getpid()}.log"
    file = os.open(_log, os.O_CREAT | os.O_WRONLY | os.O_APPEND)
    for stream in (1, 2):
        os.dup2(file, stream)
    place = places.get()
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, place)  # which kernels inherit


def _end_with_parent():
    # A parent that is killed ends nobody; kernels look for theirs by themselves.
    multiprocessing.parent_process().join()
    os._exit(1)


def _call(work, name, arguments):
    os.truncate(_log, 0)
    result = work(*arguments, tell=lambda done, total: _messages.put((name, done, total)))
    return result, _log.read_text(errors="replace")


def _end_workers():
    family = []
    for worker in multiprocessing.active_children():
        with contextlib.suppress(psutil.NoSuchProcess):
            process = psutil.Process(worker.pid)
            process.suspend()  # so that it starts no kernel in the meantime
            family += [process, *process.children(recursive=True)]
    for process in family:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()
    psutil.wait_procs(family, timeout=5)


class Display:
    """In a terminal a bar for all and one for each that runs; in a log a line for each one done.

    Args:
        names: what all the tasks are called.
        jobs: how many run at once.
        num_cores: on how many cores.
    """

    def __init__(self, names, jobs, num_cores):
        self.num_tasks, self.num_done = len(names), 0
        self.width = max(map(len, names)) + 2
        self.bars, self.started = {}, {}
        self.in_terminal = sys.stderr.isatty()
        self.all = self._bar("all", len(names))
        cores = f"{num_cores} core{(num_cores > 1) * 's'}"
        self._print(f"{len(names)} to run, {jobs} at a time on {cores}")

    def _bar(self, name, total, unit=""):
        # Without `{bar}` filling the line, it would flicker from a width to another.
        return tqdm(
            total=total,
            desc=f"{name:<{self.width}}",
            bar_format=f"{{desc}}{{bar}} {{n_fmt}}/{{total_fmt}}{unit} · {{elapsed}}",
            dynamic_ncols=True,
            leave=False,
            disable=not self.in_terminal,
        )

    def _print(self, line):
        tqdm.write(line, file=sys.stderr)
        sys.stderr.flush()

    def start(self, name):
        self.started[name] = time.monotonic()
        self.bars[name] = self._bar(name, 0, " cells")

    def show(self, name, done, total):
        bar = self.bars[name]
        bar.total, bar.n = total, done

    def refresh(self):
        for bar in (self.all, *self.bars.values()):
            bar.refresh()

    def end(self, name, failed, said=""):
        self.num_done += 1
        self.bars.pop(name).close()
        self.all.update()
        minutes = (time.monotonic() - self.started[name]) / 60
        verdict = f"failed after {minutes:.1f}" if failed else f"done in {minutes:.1f}"
        if failed and said:
            self._print(said.rstrip())
        self._print(f"{name}: {verdict} min ({self.num_done} of {self.num_tasks})")

    def close(self):
        for bar in (*self.bars.values(), self.all):
            bar.close()
