import CMayflySys
import Glibc

/// Machines made of the host's processes: `isolated` and `process` differ in how the disk is laid out, in the boot script
/// and in addresses; life, death and snapshots are the same.
struct HostBackend: InstanceBackend {
    let kind: LocalCloudConfiguration.Backend
    /// One folder per machine: lock, boot log, seed.
    let machines: String
    /// Disks and snapshots; elsewhere than `machines` only when its file system cannot hold an overlay's upper layer.
    let disks: String
    let snapshots: String
    /// One folder per volume.
    let volumes: String
    /// Host folders hidden from isolated machines.
    let masks: [String]

    var hasRoot: Bool { kind == .isolated }

    func folder(_ id: String) -> String { "\(machines)/\(id)" }
    func disk(_ id: String) -> String { "\(disks)/\(id)" }
    func lock(_ id: String) -> String { folder(id) + "/lock" }
    private func seed(_ id: String) -> Seed { Seed(folder: folder(id) + "/seed", hasRoot: hasRoot) }

    func prepare(_ machine: Machine, _ plan: FirstBootPlan, password: String?) throws(LocalCloudError) {
        try Files.makeFolder(folder(machine.id))
        try seed(machine.id).write(plan, password: password)
    }

    func makeDisk(_ machine: Machine) async throws {
        let disk = disk(machine.id)
        try Files.makeFolder(disk)
        try Files.makeFolder(disk + "/work")
        try Files.makeFolder(folder(machine.id) + "/root")
        if let snapshot = machine.sourceSnapshot {
            try await Tool.remove(disk + "/upper")
            try await copy("\(snapshots)/\(snapshot)", to: disk + "/upper")
        } else if hasRoot {
            try IsolatedLayer(folder: disk + "/upper").create(masks: masks)
        } else {
            for part in ["home/ubuntu", "var/log", "var/tmp", "var/cache", "var/lib/mayfly", "tmp"] {
                try Files.makeFolder("\(disk)/upper/\(part)", mode: 0o755)
            }
        }
    }

    func launch(_ machine: Machine, isFirst: Bool) throws(LocalCloudError) {
        let folder = folder(machine.id)
        // Of this build, also for an instance that an earlier one has made.
        let script = hasRoot ? PackageResources.isolated_sh : PackageResources.sandboxed_sh
        try Files.write(folder + "/boot.sh", script, mode: 0o700, sync: false)
        try seed(machine.id).write(
            isFirst: isFirst, machine,
            mounts: machine.mounts.map { (source: "\(volumes)/\($0.volume)", path: $0.path) })
        guard let lock = try FileLock.take(lock(machine.id)) else {
            throw LocalCloudError(.machine, "instance \(machine.id) is still running")
        }
        defer { lock.handOver() }
        let log = open(folder + "/boot.log", O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
        guard log >= 0 else { throw Files.failure("open", folder + "/boot.log") }
        defer { close(log) }
        // The lock comes as standard input and becomes descriptor 9: held from this moment on, with no gap in between.
        var words = ["/bin/sh", "-c", "exec 9<&0 </dev/null && : >\"$0\" && exec \"$@\"", begun(machine.id)]
        if hasRoot {
            words += ["unshare", "--mount", "--propagation", "private", "--pid", "--uts", "--ipc", "--fork"]
            words += ["--kill-child", "sh", folder + "/boot.sh", folder, disk(machine.id), machine.hostname]
        } else {
            words += ["sh", folder + "/boot.sh", folder, disk(machine.id), machine.hostname]
        }
        try spawn(words, input: lock.descriptor, output: log)
    }

    private func spawn(_ words: [String], input: Int32, output: Int32) throws(LocalCloudError) {
        var arguments: [UnsafeMutablePointer<CChar>?] = words.map { strdup($0) } + [nil]
        var environment: [UnsafeMutablePointer<CChar>?] = [strdup("PATH=\(Tool.searchPath)"), strdup("LC_ALL=C"), nil]
        defer { for pointer in arguments + environment { free(pointer) } }
        var pid: pid_t = 0
        let error = mayfly_spawn_detached(words[0], &arguments, &environment, input, output, output, &pid)
        guard error == 0 else {
            throw LocalCloudError(.machine, "cannot start an instance: \(String(cString: strerror(error)))")
        }
    }

    /// Made by the machine's first process.
    private func begun(_ id: String) -> String { folder(id) + "/begun" }

    func hasBegunBoot(_ id: String) -> Bool { Files.exists(begun(id)) }

    func isAlive(_ id: String) -> Bool { FileLock.isHeld(lock(id)) }

    func bootLog(_ id: String) -> String { Files.text(folder(id) + "/boot.log") ?? "" }

    func accepts(_ machine: Machine) -> Bool {
        Files.exists(folder(machine.id) + (hasRoot ? "" : "/seed/up")) && Loopback.accepts(machine.address)
    }

    func freeAddress(
        id: String, on host: String?, isTaken: (String) -> Bool
    ) throws(LocalCloudError) -> MachineAddress {
        if let host {
            guard let address = openAddress(on: host) else {
                throw LocalCloudError(.machine, "no free port on \(host)")
            }
            return address
        }
        let start = AddressSpread.start(id)
        for step in 0..<60_000 as Range<UInt64> {
            let number = (start &+ step) % 64_516
            let host = "127.77.\(number / 254).\(number % 254 + 1)"
            if !isTaken(host), let address = openAddress(on: host) { return address }
        }
        throw LocalCloudError(.machine, "no free loopback address")
    }

    /// 22 cannot be bound where a host sshd listens on the wildcard address, and never by the ordinary user that a sandbox
    /// runs as, whoever we are.
    private func openAddress(on host: String) -> MachineAddress? {
        for port in hasRoot ? [22, 2222, 22022, 0] : [2222, 22022, 0] {
            if let port = Loopback.bindable(host: host, port: port) { return MachineAddress(host: host, port: port) }
        }
        return nil
    }

    func leftovers() -> (machines: [String], snapshots: [String]) {
        (Array(Set(Files.names(in: machines) + Files.names(in: disks))).sorted(), Files.names(in: snapshots))
    }
}
