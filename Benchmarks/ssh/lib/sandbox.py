"""The other side: a user, keys, a private sshd and delay proxies, all gone afterwards."""
import os, pwd, re, resource, shutil, signal, socket, subprocess, sys, tempfile, time


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def quiet(*words, **options):
    return subprocess.run(words, check=True, capture_output=True, text=True, **options).stdout


class Sandbox:
    """`with Sandbox(binary) as s`: `s.folder` is ours, `s.there` the remote user's; distances are 0, 20 and 100 ms."""

    round_trips = (20, 100)

    def __init__(self, binary):
        self.binary = binary
        self.children = []
        self.user = None
        self.made_user = False
        self.folder = None

    def __enter__(self):
        for number in (signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, lambda *_: sys.exit(130))
        hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        try:
            self.make()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *_):
        self.close()

    def make(self):
        roomy = "/dev/shm" if os.path.isdir("/dev/shm") and shutil.disk_usage("/dev/shm").free > 8 << 30 else None
        self.folder = tempfile.mkdtemp(prefix="mayfly-ssh-bench-", dir=roomy)
        os.chmod(self.folder, 0o711)
        self.there = os.path.join(self.folder, "there")
        os.mkdir(self.there, 0o755)
        self.make_user()
        self.make_keys()
        self.ports = {0: free_port()}
        self.start_server()
        for distance in self.round_trips:
            self.ports[distance] = free_port()
            self.start([self.binary, "proxy", "--listen", str(self.ports[distance]), "--to", str(self.ports[0]),
                        "--round-trip-ms", str(distance)])
        self.write_client_files()
        for port in self.ports.values():
            self.await_banner(port)

    def make_user(self):
        """A plain user whose shell starts at once: start-up files of a person's account would be measured instead."""
        if os.geteuid() != 0:
            self.user = pwd.getpwuid(os.geteuid()).pw_name
            return
        self.user = f"mfbench{os.getpid() % 100000}"
        # "*" is no password, but unlike useradd's own "!" it is not a locked account to sshd.
        quiet("useradd", "-M", "-N", "-d", self.there, "-s", "/bin/sh", "-p", "*", self.user)
        self.made_user = True
        shutil.chown(self.there, self.user)

    def make_keys(self):
        self.key = os.path.join(self.folder, "user-key")
        self.host_key = os.path.join(self.folder, "host-key")
        for path in (self.key, self.host_key):
            quiet("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "benchmark", "-f", path)
        self.authorized = os.path.join(self.folder, "authorized_keys")
        shutil.copy(self.key + ".pub", self.authorized)
        os.chmod(self.authorized, 0o644)

    def start_server(self):
        if os.geteuid() == 0:
            os.makedirs("/run/sshd", exist_ok=True)
        self.state = os.path.join(self.there, "state")
        lines = [
            "ListenAddress 127.0.0.1", f"Port {self.ports[0]}", f"HostKey {self.host_key}", "PidFile none",
            f"AuthorizedKeysFile {self.authorized}", "StrictModes no", "UsePAM no", "PasswordAuthentication no",
            "KbdInteractiveAuthentication no", "MaxStartups 1000", "MaxSessions 100", "LoginGraceTime 300",
            "UseDNS no", "PrintMotd no", "PrintLastLog no", "LogLevel ERROR", "Subsystem sftp internal-sftp",
            f"SetEnv HOME={self.there} MAYFLY_STATE={self.state}"]
        sshd = shutil.which("sshd", path="/usr/sbin:/usr/local/sbin:/sbin:" + os.environ.get("PATH", ""))
        configuration = os.path.join(self.folder, "sshd_config")
        for extra in (["PerSourcePenalties no"], []):  # OpenSSH 9.8 and later
            with open(configuration, "w") as file:
                file.write("\n".join(lines + extra) + "\n")
            checked = subprocess.run([sshd, "-t", "-f", configuration], capture_output=True, text=True)
            if checked.returncode == 0:
                break
        self.start([sshd, "-D", "-e", "-f", configuration])

    def start(self, words):
        log = open(os.path.join(self.folder, "log"), "ab")
        self.children.append(subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=log, stderr=log))

    def await_banner(self, port):
        deadline = time.monotonic() + 20
        while True:
            try:
                with socket.create_connection(("127.0.0.1", port), timeout=5) as probe:
                    if probe.recv(4).startswith(b"SSH"):
                        return
            except OSError:
                pass
            if time.monotonic() > deadline:
                with open(os.path.join(self.folder, "log")) as file:
                    raise SystemExit("the private sshd or a proxy does not answer: " + file.read())
            time.sleep(0.05)

    def write_client_files(self):
        self.known_hosts = os.path.join(self.folder, "known_hosts")
        with open(self.host_key + ".pub") as file:
            key = " ".join(file.read().split()[:2])
        with open(self.known_hosts, "w") as file:
            file.writelines(f"[127.0.0.1]:{port} {key}\n" for port in self.ports.values())
        self.ssh_config = os.path.join(self.folder, "ssh_config")
        with open(self.ssh_config, "w") as file:
            for distance, port in self.ports.items():
                file.write(f"Host rtt{distance}\n  Port {port}\n")
            file.write(f"""Host *
  HostName 127.0.0.1
  User {self.user}
  IdentityFile {self.key}
  IdentitiesOnly yes
  IdentityAgent none
  BatchMode yes
  UserKnownHostsFile {self.known_hosts}
  GlobalKnownHostsFile /dev/null
  StrictHostKeyChecking yes
  LogLevel ERROR
""")

    def ours(self, case, distance=0):
        """The words that begin one of our own cases."""
        return [self.binary, case, "--host", "127.0.0.1", "--port", str(self.ports[distance]), "--user", self.user,
                "--key", self.key, "--host-key", self.host_key + ".pub"]

    def new_state(self):
        """What first boot leaves on an instance whose job has no startup script; returns the nonce."""
        nonce = f"n{time.monotonic_ns()}"
        folder = os.path.join(self.state, nonce)
        os.makedirs(folder)
        with open(os.path.join(folder, "startup.kind"), "w") as file:
            file.write("none\n")
        if self.made_user:
            for path in (self.state, folder):
                shutil.chown(path, self.user)
        return nonce

    def close(self):
        for child in reversed(self.children):
            child.terminate()
        for child in self.children:
            try:
                child.wait(10)
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()
        self.children = []
        if self.made_user:
            self.end_user()
        if self.folder:
            shutil.rmtree(self.folder, ignore_errors=True)
            self.folder = None

    def end_user(self):
        """Sessions end with their clients; what is left of the user's, which nobody else has, is ended by its id."""
        number = pwd.getpwnam(self.user).pw_uid
        deadline = time.monotonic() + 10
        while left := self.processes_of(number):
            for process in left:
                try:
                    os.kill(process, signal.SIGKILL)
                except ProcessLookupError:
                    pass
            if time.monotonic() > deadline:
                break
            time.sleep(0.1)
        subprocess.run(["userdel", self.user], capture_output=True)
        self.made_user = False

    @staticmethod
    def processes_of(number):
        found = []
        for name in os.listdir("/proc"):
            try:
                if name.isdigit() and os.stat("/proc/" + name).st_uid == number:
                    with open(f"/proc/{name}/stat") as file:
                        if not re.search(r"\) Z", file.read()):
                            found.append(int(name))
            except OSError:
                pass
        return found
