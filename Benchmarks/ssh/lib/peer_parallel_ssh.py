"""parallel-ssh (its libssh2 client), measured: CASE PORT USER KEY KNOWN_HOSTS … prints one line of JSON."""
import json, resource, sys, time

from gevent.pool import Pool
from pssh.clients.native import SSHClient

case, port, user, key, _, *rest = sys.argv[1:]


def cpu():
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def resident():
    with open("/proc/self/status") as file:
        return next(float(line.split()[1]) for line in file if line.startswith("VmRSS:"))


def connect():
    return SSHClient("127.0.0.1", port=int(port), user=user, pkey=key, allow_agent=False, identity_auth=False,
                     timeout=300)


def use(client):
    output = client.run_command("true")
    client.wait_finished(output)
    assert output.exit_code == 0


def whole(_=None):
    # Closed by being let go: its disconnect() does nothing.
    use(connect())


def sessions(count, at_once):
    began, before = time.monotonic(), cpu()
    pool = Pool(at_once)
    for _ in pool.imap_unordered(whole, range(count)):
        pass
    return {"wall": time.monotonic() - began, "cpu": cpu() - before}


def memory(count, at_once):
    pool = Pool(at_once)
    for _ in pool.imap_unordered(whole, range(8)):
        pass
    before = resident()
    kept = list(pool.imap_unordered(lambda _: connect(), range(count)))
    logged_in = resident()
    for _ in pool.imap_unordered(use, kept):
        pass
    used = resident()
    return {"per_session_kib": (logged_in - before) / count, "per_used_session_kib": (used - before) / count}


def down(remote, local):
    connect().scp_recv(remote, local)
    return {}


def up(local, remote):
    connect().scp_send(local, remote)
    return {}


if case in ("sessions", "memory"):
    rest = [int(word) for word in rest]
print(json.dumps({"sessions": sessions, "memory": memory, "down": down, "up": up}[case](*rest)), flush=True)
