import Glibc

extension HostBackend {
    /// Tries what the wanted backend needs and returns one that works, with a sentence for whoever should know.
    static func probe(
        _ wanted: LocalCloudConfiguration.Backend, home: String, masks: [String]
    ) async throws(LocalCloudError) -> (any InstanceBackend, note: String?) {
        var reasons: [String] = []
        if wanted == .simulated { return (SimulatedBackend(), nil) }
        if wanted != .process {
            do {
                return try await isolated(home: home, masks: masks)
            } catch {
                reasons.append("isolated: \(error)")
            }
        }
        if wanted != .isolated {
            do {
                try await Tool.shell(
                    """
                    for tool in bwrap ssh-keygen; do command -v $tool >/dev/null || { echo "$tool is missing"; exit 1; }; done
                    command -v sshd >/dev/null || { echo "sshd is missing: install openssh-server"; exit 1; }
                    exec bwrap --unshare-user --uid 1000 --gid 1000 --unshare-pid --ro-bind / / --proc /proc true
                    """)
                return (host(.process, home: home, disks: home + "/instances", masks: []), nil)
            } catch {
                reasons.append("process: \(error)")
            }
        }
        throw LocalCloudError(
            .backendUnavailable, "no local instances are possible here: \(reasons.joined(separator: "; "))")
    }

    private static func isolated(home: String, masks: [String]) async throws -> (any InstanceBackend, note: String?) {
        guard geteuid() == 0 else { throw LocalCloudError(.backendUnavailable, "needs root") }
        try await Tool.shell(
            """
            for tool in unshare ssh-keygen mount; do command -v $tool >/dev/null || { echo "$tool is missing"; exit 1; }; done
            command -v sshd >/dev/null || { echo "sshd is missing: install openssh-server"; exit 1; }
            """)
        let masks = [home] + masks
        let folder = home + "/instances"
        if (try? await Tool.shell(overlayProbe, [folder])) != nil {
            return (host(.isolated, home: home, disks: folder, masks: masks), nil)
        }
        // Overlay on overlay (a container) is refused; memory holds the layers then.
        let identity = Files.Identity(home).map { "\($0.device)-\($0.inode)" } ?? "home"
        let memory = "/dev/shm/mayfly-cloud-\(identity)"
        try await Tool.shell(overlayProbe, [memory + "/instances"])
        let backend = HostBackend(
            kind: .isolated, machines: folder, disks: memory + "/instances", snapshots: memory + "/snapshots",
            volumes: home + "/volumes", masks: masks)
        return (backend, "the disks of instances are kept in memory (\(memory)): \(folder) cannot hold overlays")
    }

    private static func host(
        _ kind: LocalCloudConfiguration.Backend, home: String, disks: String, masks: [String]
    ) -> HostBackend {
        HostBackend(
            kind: kind, machines: home + "/instances", disks: disks, snapshots: home + "/snapshots",
            volumes: home + "/volumes", masks: masks)
    }

    /// Mounts an overlay over `/` in a mount and PID namespace that end with the probe.
    private static let overlayProbe = """
        set -e
        umask 077
        (umask 077 && mkdir -p "$1")
        probe=$(mktemp -d "$1/probe.XXXXXX")
        trap 'rm -rf "$probe"' EXIT
        mkdir "$probe/upper" "$probe/work" "$probe/root"
        unshare --mount --propagation private --pid --uts --ipc --fork --kill-child sh -c '
            mount -t overlay -o "lowerdir=/,upperdir=$1/upper,workdir=$1/work" overlay "$1/root" &&
            mount -t proc proc "$1/root/proc" && mkdir "$1/root/mayfly-probe"' sh "$probe"
        """
}
