"""What is measured. Each case returns rows of report.Row; every transfer of ours is verified."""
import hashlib, os, shutil, subprocess, time

import measure
from report import Row

MB = 1_000_000
here = os.path.dirname(os.path.abspath(__file__))

# Prints the time of its printing, every 50 ms.
CLOCK = "exec perl -MTime::HiRes=time,sleep -e '$|=1; for (1..{lines}) {{ printf \"%.6f\\n\", time; sleep 0.05 }}'"

GCM = ["-c", "aes128-gcm@openssh.com"]
# What libssh2 1.10 agrees on with OpenSSH.
CTR = ["-c", "aes128-ctr", "-m", "hmac-sha2-256"]


class Bench:
    def __init__(self, sandbox, python, quick, say):
        self.s, self.python, self.quick, self.say = sandbox, python, quick, say
        self.times = 1 if quick else 3
        self.number = 0

    # --- contestants -------------------------------------------------------------------------------------------------

    def ours(self, case, *words, distance=0, limit=600):
        return measure.run(self.s.ours(case, distance) + [str(word) for word in words], limit=limit)

    def peer(self, name, case, *words, distance=0, limit=600):
        script = os.path.join(here, f"peer_{name}.py")
        words = [case, str(self.s.ports[distance]), self.s.user, self.s.key, self.s.known_hosts, *map(str, words)]
        return measure.run([self.python, "-B", script, *words], limit=limit)

    def openssh(self, program, *words, **options):
        return measure.run([program, "-F", self.s.ssh_config, *words], **options)

    def compete(self, contestants, times=None):
        return measure.alternate(contestants, times or self.times, self.say)

    def fresh(self, folder):
        """A path that nothing has, here or there."""
        self.number += 1
        return os.path.join(folder, f"copy{self.number}")

    # --- sessions ----------------------------------------------------------------------------------------------------

    def sessions(self):
        count, at_once = (96 if self.quick else 400), 64
        loop = f"ssh -F {self.s.ssh_config} rtt0 true"

        def told(sample, data):
            return {"cpu": (data or {}).get("cpu", sample.cpu) / count * 1000,
                    "rate": count / (data or {}).get("wall", sample.wall)}

        def mayfly(*words):
            sample = self.ours("sessions", "--count", count, "--at-once", at_once, *words)
            return told(sample, {"wall": sample.data["wall"]})

        def library(name):
            sample = self.peer(name, "sessions", count, at_once)
            return told(sample, sample.data)

        def shell(text):
            return told(measure.run(["sh", "-c", text]), None)

        results, left_out = self.compete({
            "mayfly": mayfly,
            "mayfly, the caller on its loop": lambda: mayfly("--pinned"),
            "ssh": (lambda: shell(f"seq {count} | xargs -P {at_once} -I{{}} {loop}"), 1),
            "GNU parallel + ssh": (lambda: shell(f"seq {count} | parallel --will-cite -j {at_once} -n0 {loop}"), 1),
            "parallel-ssh": lambda: library("parallel_ssh"),
            "asyncssh": lambda: library("asyncssh"),
        })
        what = f"connect + auth + `true` + close, {count} times, {at_once} at once"
        return [
            Row("sessions-cpu", f"{what}: client CPU per session", "ms", False, results, "cpu", left_out,
                goal="≤ 1.2 ms, ≥ 5× less than every peer",
                judge=lambda row: row.ours <= 1.2 and all(v >= 5 * row.ours for v in row.peers.values())),
            Row("sessions-rate", f"{what}: sessions per second", "/s", True, results, "rate", left_out,
                goal="within 5 % of the best",
                judge=lambda row: row.ours >= 0.95 * max(row.peers.values())),
        ]

    # --- memory ------------------------------------------------------------------------------------------------------

    def memory(self):
        count, few, at_once = (100, 50, 32) if self.quick else (2000, 500, 64)

        def told(data):
            return {"logged_in": data["per_session_kib"], "used": data["per_used_session_kib"]}

        results, left_out = self.compete({
            "mayfly": lambda: told(self.ours("memory", "--count", count, "--at-once", at_once).data),
            "ssh": lambda: self.ssh_memory(20 if self.quick else 100),
            "parallel-ssh": lambda: told(self.peer("parallel_ssh", "memory", few, at_once).data),
            "asyncssh": lambda: told(self.peer("asyncssh", "memory", few, at_once).data),
        }, times=1)
        note = f"peers with fewer: libraries {few} sessions, ssh {20 if self.quick else 100} processes (their PSS)"
        return [
            Row("memory", f"memory per open idle session, {count:,} open", "KiB", False, results, "logged_in",
                left_out, goal="≤ 90 KiB", judge=lambda row: row.ours <= 90, note=note),
            Row("memory-used", "the same after one `true` on each", "KiB", False, results, "used", left_out,
                goal="≤ 90 KiB", judge=lambda row: row.ours <= 90),
        ]

    def ssh_memory(self, count):
        clients = []
        try:
            for _ in range(count):
                clients.append(subprocess.Popen(
                    ["ssh", "-F", self.s.ssh_config, "rtt0", "echo open; exec cat"], stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE))
            total = 0
            for client in clients:
                if client.stdout.readline() != b"open\n":
                    raise measure.Failed("ssh did not open")
                with open(f"/proc/{client.pid}/smaps_rollup") as file:
                    total += next(int(line.split()[1]) for line in file if line.startswith("Pss:"))
            return {"logged_in": total / count, "used": total / count}
        finally:
            for client in clients:
                client.stdin.close()
            for client in clients:
                client.wait()

    # --- one big file ------------------------------------------------------------------------------------------------

    def make_file(self, name, size):
        path = os.path.join(self.s.there, name)
        digest = hashlib.sha256()
        with open(path, "wb") as file:
            for _ in range(size // (1 << 20)):
                block = os.urandom(1 << 20)
                digest.update(block)
                file.write(block)
        os.chmod(path, 0o644)
        return path, digest.hexdigest()

    @staticmethod
    def hash_file(path):
        digest = hashlib.sha256()
        with open(path, "rb") as file:
            while block := file.read(1 << 20):
                digest.update(block)
        return digest.hexdigest()

    def moved(self, size, sink, digest, body):
        """A contestant that moves one file, checked."""
        def contestant():
            target = self.fresh(sink)
            try:
                sample = body(target)
                arrived = target
                if os.path.isdir(target):
                    arrived = os.path.join(target, os.listdir(target)[0])
                if self.hash_file(arrived) != digest:
                    raise measure.Failed("what arrived is not what was sent")
            finally:
                shutil.rmtree(target, ignore_errors=True)
                if os.path.exists(target):
                    os.remove(target)
            return {"rate": size / MB / sample.wall, "wall": sample.wall, "cpu": sample.cpu}
        return contestant

    def down_contestants(self, source, size, digest, distance, limit):
        host, shell, often = f"rtt{distance}", self.s.ssh_config, (1 if distance else self.times)

        def move(body, rounds=1):
            return self.moved(size, self.s.folder, digest, body), rounds

        return {
            "ssh": move(lambda to: self.openssh("ssh", host, f"cat {source}", stdout=to, limit=limit), often),
            "ssh aes128-gcm": move(lambda to: self.openssh(
                "ssh", *GCM, host, f"cat {source}", stdout=to, limit=limit), often),
            "ssh aes128-ctr": move(lambda to: self.openssh(
                "ssh", *CTR, host, f"cat {source}", stdout=to, limit=limit)),
            "scp": move(lambda to: self.openssh("scp", "-q", f"{host}:{source}", to, limit=limit)),
            "sftp": move(lambda to: self.openssh("sftp", "-q", f"{host}:{source}", to, limit=limit)),
            "rsync": move(lambda to: measure.run(
                ["rsync", "-e", f"ssh -F {shell}", f"{host}:{source}", to], limit=limit)),
            "asyncssh": move(lambda to: self.peer("asyncssh", "down", source, to, distance=distance, limit=limit)),
            "parallel-ssh": move(lambda to: self.peer(
                "parallel_ssh", "down", source, to, distance=distance, limit=limit)),
        }

    def up_contestants(self, source, size, digest, distance, limit):
        host, shell, often = f"rtt{distance}", self.s.ssh_config, (1 if distance else self.times)

        def move(body, rounds=1):
            return self.moved(size, self.s.there, digest, body), rounds

        def sftp(to):
            batch = os.path.join(self.s.folder, "batch")
            with open(batch, "w") as file:
                file.write(f"put {source} {to}\n")
            return self.openssh("sftp", "-q", "-b", batch, host, limit=limit)

        return {
            "ssh": move(lambda to: self.openssh("ssh", host, f"cat >{to}", stdin=source, limit=limit), often),
            "ssh aes128-gcm": move(lambda to: self.openssh(
                "ssh", *GCM, host, f"cat >{to}", stdin=source, limit=limit), often),
            "ssh aes128-ctr": move(lambda to: self.openssh(
                "ssh", *CTR, host, f"cat >{to}", stdin=source, limit=limit)),
            "scp": move(lambda to: self.openssh("scp", "-q", source, f"{host}:{to}", limit=limit)),
            "sftp": move(sftp),
            "rsync": move(lambda to: measure.run(
                ["rsync", "-W", "-e", f"ssh -F {shell}", source, f"{host}:{to}"], limit=limit)),
            "asyncssh": move(lambda to: self.peer("asyncssh", "up", source, to, distance=distance, limit=limit)),
            "parallel-ssh": move(lambda to: self.peer(
                "parallel_ssh", "up", source, to, distance=distance, limit=limit)),
        }

    def exec_down(self, source, distance, window):
        """A channel's window in MiB: the client's choice, 2 unless it says otherwise."""
        return lambda to: self.ours("bulk", "--direction", "down", "--remote", source, "--local", to,
                                    "--window", window << 20, distance=distance)

    def exec_up(self, source, distance):
        return lambda to: self.ours("bulk", "--direction", "up", "--local", source, "--remote", to, distance=distance)

    def bulk(self):
        size = (64 if self.quick else 1024) << 20
        source, digest = self.make_file("big", size)
        rows, label = [], "64 MiB" if self.quick else "1 GiB"
        nonce = self.install()

        def copy(to):
            return self.ours("download", "--nonce", nonce, "--remote", source, "--local", to)

        for way in ("down", "up"):
            self.say(f"  {way}")
            sink, body = self.s.there, self.exec_up(source, 0)
            peers, variants = self.up_contestants, {}
            if way == "down":
                sink, body = self.s.folder, self.exec_down(source, 0, 2)
                peers, variants = self.down_contestants, {
                    "mayfly, window 8 MiB": self.exec_down(source, 0, 8),
                    "mayfly, window 32 MiB": self.exec_down(source, 0, 32), "mayfly, as cp": copy}
            results, left_out = self.compete({
                "mayfly": self.moved(size, sink, digest, body),
                **{name: (self.moved(size, sink, digest, variant), 1) for name, variant in variants.items()},
                **peers(source, size, digest, 0, 300)})
            rows.append(Row(f"bulk-{way}", f"{label} {way} through exec, 0 ms", "MB/s", True, results, "rate", left_out,
                            goal="≥ 1.0× ssh", against=["ssh"], judge=lambda row: row.ours >= row.peers["ssh"]))
            rows.append(Row(f"bulk-{way}-cpu", f"{label} {way} through exec: client CPU", "s", False, results, "cpu", []))
        os.remove(source)
        return rows

    def far(self):
        size = (32 if self.quick else 256) << 20
        source, digest = self.make_file("far", size)
        nonce, label = self.install(), f"{size >> 20} MiB"
        limit = 20 if self.quick else 90

        def download(to):
            return self.ours("download", "--nonce", nonce, "--remote", source, "--local", to, distance=100)

        def upload(*words):
            return lambda to: self.ours("upload", "--nonce", nonce, "--local", source, "--remote", to, *words,
                                        distance=100)

        def here(body):
            return self.moved(size, self.s.folder, digest, body)

        def there(body):
            return self.moved(size, self.s.there, digest, body)

        self.say("  down")
        results, left_out = self.compete({
            "mayfly": here(download), "mayfly, exec cat": here(self.exec_down(source, 100, 32)),
            **self.down_contestants(source, size, digest, 100, limit)})
        six = dict(goal="≥ 6× scp and sftp", against=["scp", "sftp"],
                   judge=lambda row: min(row.peers["scp"], row.peers["sftp"]) >= 6 * row.ours)
        rows = [Row("far-down-exec", f"{label} down at 100 ms, through exec", "s", False, results, "wall", left_out, **six,
                    ours="mayfly, exec cat"),
                Row("far-down", f"{label} down at 100 ms, as `mayfly cp` copies it: verified there and here", "s", False,
                    results, "wall", [], **six)]
        self.say("  up")
        results, left_out = self.compete({
            "mayfly": there(upload("--connections", 4)),
            "mayfly, connecting in turn": (there(upload("--connections", 4, "--in-turn")), 1),
            "mayfly, 8 connections": (there(upload("--connections", 8)), 1),
            "mayfly, 1 connection": (there(upload()), 1),
            **self.up_contestants(source, size, digest, 100, limit)})
        rows.append(Row("far-up", f"{label} up at 100 ms, striped over 4 connections", "s", False, results, "wall",
                        left_out, goal="≥ 3× scp and sftp", against=["scp", "sftp"],
                        judge=lambda row: min(row.peers["scp"], row.peers["sftp"]) >= 3 * row.ours))
        os.remove(source)
        return rows

    # --- many files --------------------------------------------------------------------------------------------------

    @staticmethod
    def make_tree(path, folders, files):
        for folder in range(folders):
            os.makedirs(f"{path}/folder{folder:03}")
            for number in range(files):
                with open(f"{path}/folder{folder:03}/file{number:03}", "wb") as file:
                    file.write(os.urandom(4096))

    @staticmethod
    def hash_tree(path):
        digest = hashlib.sha256()
        names = sorted(os.path.relpath(os.path.join(folder, name), path)
                       for folder, _, files in os.walk(path) for name in files)
        for name in names:
            with open(os.path.join(path, name), "rb") as file:
                digest.update(name.encode() + b"\0" + file.read())
        return len(names), digest.hexdigest()

    def copied(self, tree, sink, body, inner=""):
        """A contestant that copies a tree, checked: as many files, and every byte."""
        expected = self.hash_tree(tree)

        def contestant():
            target = self.fresh(sink)
            try:
                sample = body(target)
                if self.hash_tree(os.path.join(target, inner)) != expected:
                    raise measure.Failed("what arrived is not what was sent")
            finally:
                shutil.rmtree(target, ignore_errors=True)
            return {"wall": sample.wall, "cpu": sample.cpu}
        return contestant

    def extrapolated(self, small, large, total, body, sink):
        """For what would take many minutes: two samples, and the same again for every further file."""
        def contestant():
            walls = {}
            for tree, count in (small, large):
                walls[count] = self.copied(tree, sink, lambda to: body(tree, to))()["wall"]
            per_file = (walls[large[1]] - walls[small[1]]) / (large[1] - small[1])
            return {"wall": walls[large[1]] + per_file * (total - large[1]), "per_file_ms": per_file * 1000}
        return contestant

    def trees(self):
        folders = 10 if self.quick else 100
        total = folders * 100
        tree = os.path.join(self.s.there, "tree")
        self.make_tree(tree, folders, 100)
        samples = [(os.path.join(self.s.there, name), count) for name, count in (("small", 50), ("large", 250))]
        for path, count in samples:
            self.make_tree(path, count // 50, 50)
        nonce, shell, rows = self.install(), self.s.ssh_config, []
        for distance in (0, 20):
            host = f"rtt{distance}"

            def scp(source, to):
                return self.openssh("scp", "-q", "-r", source, to, limit=240)

            for way in ("up", "down"):
                sink = self.s.there if way == "up" else self.s.folder
                self.say(f"  {way}, {distance} ms")

                def ours(*words):
                    return lambda to: self.ours(
                        "upload" if way == "up" else "download", "--nonce", nonce,
                        "--local", tree if way == "up" else to, "--remote", to if way == "up" else tree, *words,
                        distance=distance)

                def rsync(to):
                    ends = [f"{tree}/", f"{host}:{to}/"] if way == "up" else [f"{host}:{tree}/", f"{to}/"]
                    return measure.run(["rsync", "-a", "-e", f"ssh -F {shell}", *ends], limit=240)

                def tar(to):
                    pack, unpack = f"tar -C {tree} -cf - .", f"mkdir {to} && tar -C {to} -xf -"
                    line = (f"{pack} | ssh -F {shell} {host} '{unpack}'" if way == "up"
                            else f"ssh -F {shell} {host} '{pack}' | ({unpack})")
                    return measure.run(["sh", "-c", line], limit=240)

                def scp_tree(source, to):
                    return scp(source, f"{host}:{to}") if way == "up" else scp(f"{host}:{source}", to)

                inner = "tree" if way == "down" else ""
                contestants = {"mayfly": self.copied(tree, sink, ours(), inner)}
                if way == "up":
                    contestants["mayfly, 4 connections"] = self.copied(tree, sink, ours("--connections", 4))
                contestants["rsync"] = self.copied(tree, sink, rsync)
                contestants["tar | ssh"] = self.copied(tree, sink, tar)
                contestants["scp -r" if distance == 0 else "scp -r (extrapolated)"] = (
                    self.copied(tree, sink, lambda to: scp_tree(tree, to)) if distance == 0
                    else self.extrapolated(*samples, total, scp_tree, sink), 1)
                results, left_out = self.compete(contestants)
                goal, judge = "≥ rsync", lambda row: row.ours <= row.peers["rsync"]
                if distance:
                    goal = "≥ rsync, ≥ 10× scp -r"
                    judge = lambda row: (row.ours <= row.peers["rsync"]
                                         and row.peers["scp -r (extrapolated)"] >= 10 * row.ours)
                rows.append(Row(f"trees-{way}-{distance}", f"{total:,} files × 4 KiB {way}, {distance} ms", "s", False,
                                results, "wall", left_out, goal=goal, judge=judge,
                                against=["rsync", "scp -r", "scp -r (extrapolated)"]))
        return rows

    def install(self):
        nonce = self.s.new_state()
        self.ours("install", "--nonce", nonce)
        return nonce

    # --- following ---------------------------------------------------------------------------------------------------

    def follow(self):
        lines = 40 if self.quick else 200
        clock = CLOCK.format(lines=lines)

        def mayfly():
            data = self.ours("follow", "--nonce", self.install(), "--lines", lines, "--command", clock).data
            return {"p50": data["p50_ms"], "p99": data["p99_ms"], "most": data["most_ms"]}

        def tail():
            path = self.fresh(self.s.there)
            quoted = clock.replace("exec ", "")
            return self.arrivals(f"{quoted} >{path} & tail -n +1 -s 0.02 --pid=$! -F {path} 2>/dev/null", lines)

        results, left_out = self.compete({
            "mayfly": mayfly, "ssh, the command itself": lambda: self.arrivals(clock, lines), "ssh tail -f": tail})
        what = f"a line printed on the instance → seen by the follower, 0 ms, {lines} lines"
        return [
            Row("follow-p99", f"{what}: p99", "ms", False, results, "p99", left_out, goal="≤ 20 ms",
                judge=lambda row: row.ours <= 20),
            Row("follow-p50", f"{what}: median", "ms", False, results, "p50", left_out),
        ]

    def arrivals(self, command, lines):
        client = subprocess.Popen(["ssh", "-F", self.s.ssh_config, "rtt0", command], stdin=subprocess.DEVNULL,
                                  stdout=subprocess.PIPE)
        delays, rest = [], b""
        try:
            while piece := os.read(client.stdout.fileno(), 65536):
                now = time.time()
                *whole, rest = (rest + piece).split(b"\n")
                delays += [(now - float(line)) * 1000 for line in whole]
        finally:
            client.kill()
            client.wait()
        if len(delays) != lines:
            raise measure.Failed(f"{len(delays)} of {lines} lines arrived")
        delays.sort()
        return {"p50": delays[len(delays) // 2], "p99": delays[int(len(delays) * 0.99)], "most": delays[-1]}


CASES = ["sessions", "memory", "bulk", "far", "trees", "follow"]
