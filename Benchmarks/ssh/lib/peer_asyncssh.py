"""asyncssh, measured: with_asyncssh CASE PORT USER KEY KNOWN_HOSTS … prints one line of JSON."""
import asyncio, json, resource, sys, time

import asyncssh

case, port, user, key, known_hosts, *rest = sys.argv[1:]


def cpu():
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def resident():
    with open("/proc/self/status") as file:
        return next(float(line.split()[1]) for line in file if line.startswith("VmRSS:"))


def connect():
    return asyncssh.connect("127.0.0.1", int(port), username=user, client_keys=[key], known_hosts=known_hosts,
                            config=None, agent_path=None, login_timeout=300)


async def in_parallel(count, at_once, body):
    numbers = iter(range(count))

    async def worker():
        for number in numbers:
            await body(number)

    await asyncio.gather(*(worker() for _ in range(min(count, at_once))))


async def sessions(count, at_once):
    async def one(_):
        async with connect() as connection:
            await connection.run("true", check=True)

    began, before = time.monotonic(), cpu()
    await in_parallel(count, at_once, one)
    return {"wall": time.monotonic() - began, "cpu": cpu() - before}


async def memory(count, at_once):
    async def warm(_):
        async with connect() as connection:
            await connection.run("true", check=True)

    await in_parallel(8, 8, warm)
    before, kept = resident(), []

    async def one(_):
        kept.append(await connect())

    await in_parallel(count, at_once, one)
    logged_in = resident()

    async def use(number):
        await kept[number].run("true", check=True)

    await in_parallel(count, at_once, use)
    used = resident()
    for connection in kept:
        connection.abort()
    return {"per_session_kib": (logged_in - before) / count, "per_used_session_kib": (used - before) / count}


async def down(remote, local):
    async with connect() as connection:
        await connection.run(f"cat '{remote}'", stdout=local, encoding=None, check=True)
    return {}


async def up(local, remote):
    async with connect() as connection:
        await connection.run(f"cat >'{remote}'", stdin=local, encoding=None, check=True)
    return {}


if case in ("sessions", "memory"):
    rest = [int(word) for word in rest]
print(json.dumps(asyncio.run({"sessions": sessions, "memory": memory, "down": down, "up": up}[case](*rest))))
