import CMayflySys
import Glibc

/// The upper layer of a fresh isolated instance: the host's root with its people, secrets and state taken out.
struct IsolatedLayer {
    let folder: String

    /// What no instance may see of the host, beside its configured masks.
    private static let alwaysMasked = [
        "/root", "/home", "/tmp", "/var/tmp", "/run", "/var/log", "/var/lib/mayfly", "/var/lib/cloud",
    ]

    func create(masks: [String]) throws(LocalCloudError) {
        try Files.makeFolder(folder, mode: 0o755)
        for mask in Self.alwaysMasked { try hide(mask) }
        for mask in masks.map(Self.resolved).sorted() where !isHidden(mask) && Files.exists(mask) { try hide(mask) }
        try chmodFolder("/root", 0o700)
        try chmodFolder("/tmp", 0o1777)
        try chmodFolder("/var/tmp", 0o1777)
        try writeAccounts()
        try Files.makeFolder(folder + "/home/ubuntu", mode: 0o755)
        guard chown(folder + "/home/ubuntu", 1000, 1000) == 0 else { throw Files.failure("own", folder) }
    }

    /// Puts an empty folder over the host's; its parents keep their modes and owners.
    private func hide(_ path: String) throws(LocalCloudError) {
        var so = ""
        for part in path.split(separator: "/") {
            so += "/" + part
            let known = Files.Facts(so)
            guard known?.isFolder != false else { return }
            guard mkdir(folder + so, 0o755) == 0 else {
                guard errno == EEXIST else { throw Files.failure("create", folder + so) }
                continue
            }
            if let known {
                _ = chown(folder + so, known.owner, known.group)
                _ = chmod(folder + so, known.mode)
            }
        }
        let yes: [UInt8] = [UInt8(ascii: "y")]
        guard setxattr(folder + so, "trusted.overlay.opaque", yes, 1, 0) == 0 else {
            throw Files.failure("mask", folder + so)
        }
    }

    private func isHidden(_ path: String) -> Bool {
        var so = ""
        for part in path.split(separator: "/") {
            so += "/" + part
            if getxattr(folder + so, "trusted.overlay.opaque", nil, 0) > 0 { return true }
        }
        return false
    }

    private static func resolved(_ path: String) -> String {
        guard let real = realpath(path, nil) else { return path }
        defer { free(real) }
        return String(cString: real)
    }

    private func chmodFolder(_ path: String, _ mode: mode_t) throws(LocalCloudError) {
        guard chmod(folder + path, mode) == 0 else { throw Files.failure("set the mode of", folder + path) }
    }

    /// The host's system users, none of its people, no password hashes, and `ubuntu`.
    private func writeAccounts() throws(LocalCloudError) {
        try Files.makeFolder(folder + "/etc", mode: 0o755)
        let users = system(lines: Files.text("/etc/passwd") ?? "", idField: 2)
        let groups = system(lines: Files.text("/etc/group") ?? "", idField: 2)
        let passwd = users + ["ubuntu:x:1000:1000:Ubuntu:/home/ubuntu:/bin/bash"]
        let group = groups + ["ubuntu:x:1000:"]
        let shadow = passwd.map { "\($0.prefix { $0 != ":" }):*:19000:0:99999:7:::" }
        let gshadow = group.map { "\($0.prefix { $0 != ":" }):*::" }
        try Files.write(folder + "/etc/passwd", passwd.joined(separator: "\n") + "\n", mode: 0o644)
        try Files.write(folder + "/etc/group", group.joined(separator: "\n") + "\n", mode: 0o644)
        try Files.write(folder + "/etc/shadow", shadow.joined(separator: "\n") + "\n", mode: 0o640)
        try Files.write(folder + "/etc/gshadow", gshadow.joined(separator: "\n") + "\n", mode: 0o640)
        if Files.exists("/usr/bin/sudo") {
            try Files.makeFolder(folder + "/etc/sudoers.d", mode: 0o750)
            try Files.write(
                folder + "/etc/sudoers.d/90-cloud-init-users", "ubuntu ALL=(ALL) NOPASSWD:ALL\n", mode: 0o440)
        }
    }

    private func system(lines text: String, idField: Int) -> [String] {
        text.split(separator: "\n").map(String.init).filter { line in
            let fields = line.split(separator: ":", omittingEmptySubsequences: false)
            guard fields.count > idField, let id = Int(fields[idField]), fields[0] != "ubuntu" else { return false }
            return id < 1000 || id > 60_000
        }
    }
}
