import Glibc

extension HostBackend {
    func kill(_ id: String) async throws {
        let path = lock(id)
        let deadline = ContinuousClock.now + .seconds(20)
        var tree = ProcessTree(instance: id)
        let everyone = tree
        while true {
            // Killing init ends its namespace; its holder outside ends by itself, after the last member is gone.
            for pid in tree.inits { _ = Glibc.kill(pid, SIGKILL) }
            if tree.inits.isEmpty { for pid in tree.holders { _ = Glibc.kill(pid, SIGKILL) } }
            if tree.holders.isEmpty, everyone.members.isEmpty, !FileLock.isHeld(path) { return }
            guard ContinuousClock.now < deadline else {
                throw LocalCloudError(.machine, "instance \(id) does not end: \(tree.holders) \(everyone.members)")
            }
            try await Task.sleep(for: .milliseconds(3))
            tree = ProcessTree(instance: id)
        }
    }

    func remove(_ id: String) async throws {
        guard !isAlive(id) else { throw LocalCloudError(.machine, "instance \(id) is still running") }
        if disk(id) != folder(id) { try await Tool.remove(disk(id)) }
        try await Tool.remove(folder(id))
    }

    func copyDisk(of id: String, to snapshot: String) async throws {
        try Files.makeFolder(snapshots)
        let tree = ProcessTree(instance: id)
        let frozen = freeze(tree, id)
        defer { thaw(id, frozen) }
        try await copy(disk(id) + "/upper", to: "\(snapshots)/\(snapshot)")
    }

    /// Put in place whole: a copy that was cut off must not be taken for the tree, nor be copied into.
    func copy(_ tree: String, to path: String) async throws {
        let partial = path + ".partial"
        try await Tool.remove(partial)
        try await Tool.shell("cp -a --reflink=auto -- \"$1\" \"$2\"", [tree, partial])
        guard rename(partial, path) == 0 else { throw Files.failure("finish", partial) }
    }

    func copySnapshot(_ snapshot: String, to copy: String) async throws {
        try await self.copy("\(snapshots)/\(snapshot)", to: "\(snapshots)/\(copy)")
    }

    func removeSnapshot(_ snapshot: String) async throws {
        try await Tool.remove("\(snapshots)/\(snapshot).partial")
        try await Tool.remove("\(snapshots)/\(snapshot)")
    }

    func thaw(_ id: String) {
        guard let list = Files.text(folder(id) + "/frozen") else { return }
        let members = Set(ProcessTree(instance: id).members)
        thaw(id, list.split(separator: "\n").compactMap { pid_t($0) }.filter(members.contains))
    }

    /// Stops every process of the machine; those that stood still already are left out of the answer.
    private func freeze(_ tree: ProcessTree, _ id: String) -> [pid_t] {
        var stopped: [pid_t] = []
        var seen: Set<pid_t> = []
        while true {  // again and again, until a look finds no process that was forked meanwhile
            let fresh = tree.members.filter { !seen.contains($0) }
            guard !fresh.isEmpty else { return stopped }
            seen.formUnion(fresh)
            stopped += fresh.filter { ProcessTree.state(of: $0) != "T" }
            // Written first: a local cloud killed in between must be able to undo it.
            try? Files.write(folder(id) + "/frozen", stopped.map { "\($0)\n" }.joined())
            for pid in fresh { _ = Glibc.kill(pid, SIGSTOP) }
        }
    }

    private func thaw(_ id: String, _ pids: [pid_t]) {
        for pid in pids { _ = Glibc.kill(pid, SIGCONT) }
        unlink(folder(id) + "/frozen")
    }
}
