import CMayflySys
import Glibc

/// A volume is a folder, bound into instances; its size is not enforced.
extension HostBackend {
    private func path(_ volume: String) -> String { "\(volumes)/\(volume)" }

    func makeVolume(_ volume: String) async throws {
        guard !Files.exists(path(volume)) else { return }
        try Files.makeFolder(volumes)
        let partial = path(volume) + ".partial"
        try Files.makeFolder(partial, mode: 0o755)
        // User `ubuntu` may write at once, as on a disk that was formatted and handed over.
        guard !hasRoot || chown(partial, 1000, 1000) == 0 else { throw Files.failure("own", partial) }
        guard rename(partial, path(volume)) == 0 else { throw Files.failure("make", path(volume)) }
    }

    func removeVolume(_ volume: String) async throws {
        try await Tool.remove(path(volume) + ".partial")
        try await Tool.remove(path(volume))
    }

    func mount(_ mount: VolumeMount, in id: String) throws(LocalCloudError) {
        try enter(id, "mount", mount.path) { root, namespace in
            mayfly_mount_into(namespace, root, path(mount.volume), mount.path)
        }
    }

    func unmount(_ mount: VolumeMount, in id: String) throws(LocalCloudError) {
        try enter(id, "unmount", mount.path) { root, namespace in
            mayfly_unmount_from(namespace, root, mount.path)
        }
    }

    /// Calls `body` with the instance's root folder and mount namespace.
    private func enter(
        _ id: String, _ verb: String, _ path: String, _ body: (_ root: Int32, _ namespace: Int32) -> Int32
    ) throws(LocalCloudError) {
        guard let pid = ProcessTree(instance: id).inits.first else {
            throw LocalCloudError(.machine, "instance \(id) does not run")
        }
        let namespace = open("/proc/\(pid)/ns/mnt", O_RDONLY | O_CLOEXEC)
        guard namespace >= 0 else { throw Files.failure("enter", "instance \(id)") }
        defer { close(namespace) }
        let root = open("/proc/\(pid)/root", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard root >= 0 else { throw Files.failure("enter", "instance \(id)") }
        defer { close(root) }
        let error = body(root, namespace)
        guard error == 0 else {
            throw LocalCloudError(
                .machine, "cannot \(verb) \(path) in the running instance \(id): \(String(cString: strerror(error)))")
        }
    }
}
