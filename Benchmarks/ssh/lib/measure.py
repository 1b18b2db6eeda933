"""Runs a program to its end and tells what it cost, with all its children."""
import json, os, signal, subprocess, tempfile, threading, time


class Failed(Exception):
    pass


class TooSlow(Failed):
    pass


class Sample:
    """One run: seconds on the clock, seconds of CPU (user and system, children included)."""

    def __init__(self, wall, cpu, text):
        self.wall, self.cpu, self.text = wall, cpu, text

    @property
    def data(self):
        """The line of JSON that our own programs print last."""
        return json.loads(self.text.strip().splitlines()[-1])


def end_group(process):
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass


def run(words, stdin=None, stdout=None, limit=600, env=None):
    """stdin and stdout are paths; what goes to no file is kept as text."""
    source = open(stdin, "rb") if stdin else subprocess.DEVNULL
    sink = open(stdout, "wb") if stdout else tempfile.TemporaryFile()
    errors = tempfile.TemporaryFile()
    began = time.monotonic()
    # A session of its own, so that it can be ended with all that it started.
    process = subprocess.Popen(words, stdin=source, stdout=sink, stderr=errors, env=env, start_new_session=True)
    timer = threading.Timer(limit, end_group, [process])
    timer.start()
    try:
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.monotonic() - began
        process.returncode = os.waitstatus_to_exitcode(status)
    except BaseException:
        end_group(process)
        process.wait()
        raise
    finally:
        timer.cancel()
        if stdin:
            source.close()
    if process.returncode == -signal.SIGKILL and wall >= limit:
        raise TooSlow(f"more than {limit} s")
    if process.returncode != 0:
        errors.seek(0)
        said = errors.read(2000).decode(errors="replace").strip()
        raise Failed(f"{' '.join(words)[:300]}: ended with {process.returncode}: {said}")
    text = ""
    if not stdout:
        sink.seek(0)
        text = sink.read().decode(errors="replace")
    sink.close()
    errors.close()
    return Sample(wall, usage.ru_utime + usage.ru_stime, text)


def alternate(contestants, times, say):
    """Runs the contestants in turn, `times` rounds; those with a number of their own fewer.

    contestants: {name: function, or (function, rounds)}, the first one ours. A function returns {metric: value}.
    Returns {name: [value, …]} and what was left out and why: a peer that fails is, we are not.
    """
    results, left_out = {name: [] for name in contestants}, []
    broken = set()
    ours = next(iter(contestants))
    for round_ in range(times):
        for name, body in contestants.items():
            body, rounds = body if isinstance(body, tuple) else (body, times)
            if name in broken or round_ >= rounds:
                continue
            try:
                value = body()
            except Failed as error:
                if name == ours:
                    raise
                say(f"    {name} is left out: {error}")
                left_out.append(f"{name}: {str(error)[:200]}")
                broken.add(name)
                continue
            results[name].append(value)
            say(f"    {name}: " + ", ".join(f"{metric} {number:.4g}" for metric, number in value.items()))
    return {name: values for name, values in results.items() if values}, left_out
