import CloudModel
import Glibc

/// The folder a machine boots from: its init, its settings, and on the first boot everything the request asked for.
struct Seed: Sendable {
    let folder: String
    /// Whether there is a root user inside.
    let hasRoot: Bool

    /// Writes all that never changes, and the first boot's work.
    func write(_ plan: FirstBootPlan, password: String?) throws(LocalCloudError) {
        try Files.makeFolder(folder)
        try Files.makeFolder(folder + "/scripts")
        try Files.makeFolder(folder + "/files")
        var warnings = plan.warnings
        if !hasRoot {
            warnings.append("this instance has no root: apt, sudo and other owners of files do not work")
            let accounts = "ubuntu:x:1000:1000:Ubuntu:/home/ubuntu:/bin/bash\n"
            try Files.write(folder + "/passwd", accounts + "nobody:x:65534:65534:nobody:/:/bin/false\n", mode: 0o644)
            try Files.write(folder + "/group", "ubuntu:x:1000:\nnogroup:x:65534:\n", mode: 0o644)
        }
        try Files.write(folder + "/warnings", warnings.map { $0 + "\n" }.joined())
        try Files.write(folder + "/first_errors", plan.errors.map { $0 + "\n" }.joined())
        for key in plan.hostKeys { try Files.write("\(folder)/\(key.name)", key.content) }
        try Files.write(folder + "/authorized_keys", lines(plan.authorizedKeys))
        if let password { try Files.write(folder + "/password", "ubuntu:\(password)\n") }
        if !plan.bootCommands.isEmpty { try Files.write(folder + "/bootcmd", lines(plan.bootCommands)) }
        try write(files: plan.files, script: "write_files")
        try write(files: plan.deferredFiles, script: "write_files_deferred")
        try write(packages: plan)
        for script in plan.finalScripts {
            let name = String(script.name.map { $0 == "/" ? "_" : $0 })
            try Files.write("\(folder)/scripts/\(name)", script.content, mode: 0o700)
        }
    }

    /// What differs from boot to boot.
    func write(
        isFirst: Bool, _ machine: Machine, mounts: [(source: String, path: String)]
    ) throws(LocalCloudError) {
        let address = machine.address
        try put("init", PackageResources.init_sh)
        try put("poweroff", PackageResources.poweroff_sh)
        try put("sudo", PackageResources.sudo_sh)
        unlink(folder + "/up")
        unlink(folder + "/errors")
        if isFirst, let errors = Files.text(folder + "/first_errors"), !errors.isEmpty {
            try Files.write(folder + "/errors", errors)
        }
        let settings = [
            "first=\(isFirst ? "yes" : "no")", "as_root=\(hasRoot ? "yes" : "no")",
            "keys_dir=\(hasRoot ? "/etc/ssh" : "/var/lib/sshd-keys")", "ssh_delay=\(Self.seconds(machine.ssh))",
        ]
        try Files.write(folder + "/settings", lines(settings))
        // Tab-separated: neither the home nor a mount point may hold a tab or a line break.
        try Files.write(folder + "/mounts", lines(mounts.map { "\($0.source)\t\($0.path)" }))
        let path = "/run/mayfly/bin:" + Tool.searchPath
        try Files.write(
            folder + "/sshd_config",
            lines([
                "ListenAddress \(address.host):\(address.port)", "UsePAM no", "UseDNS no", "PidFile none",
                "PrintMotd no", "PrintLastLog no", "PermitRootLogin no", "StrictModes \(hasRoot ? "yes" : "no")",
                "PasswordAuthentication \(machine.allowsPassword ? "yes" : "no")", "KbdInteractiveAuthentication no",
                "MaxStartups 200", "MaxSessions 200", "LoginGraceTime 60", "AcceptEnv LANG LC_*",
                "Subsystem sftp internal-sftp", "SetEnv PATH=\(path) LANG=C.UTF-8",
            ]))
    }

    /// How long the boot waits before it starts sshd, for `sleep`.
    private static func seconds(_ lateness: InstanceQuirks.Lateness?) -> String {
        switch lateness {
        case nil: ""
        case .never: "infinity"
        case .by(let delay): "\(Double(delay) / 1000)"
        }
    }

    private func put(_ name: String, _ bytes: [UInt8]) throws(LocalCloudError) {
        try Files.write("\(folder)/\(name)", bytes, mode: 0o755, sync: false)
    }

    private func write(files: [FirstBootPlan.File], script: String) throws(LocalCloudError) {
        guard !files.isEmpty else { return }
        var text = Self.putFunction
        for (index, file) in files.enumerated() {
            let source = "\(script)-\(index)"
            try Files.write("\(folder)/files/\(source)", file.content, mode: 0o600, sync: false)
            let words = [
                file.path, source, file.permissions, hasRoot ? file.owner : "", file.appends ? "append" : "",
                file.isGzipped ? "gzip" : "",
            ]
            text += "put " + words.map(Shell.quoted).joined(separator: " ") + "\n"
        }
        try Files.write("\(folder)/\(script)", text + "exit $failed\n")
    }

    private func write(packages plan: FirstBootPlan) throws(LocalCloudError) {
        guard !plan.packages.isEmpty || plan.updatesPackages else { return }
        guard hasRoot else {
            return try Files.write(
                folder + "/packages", "echo 'packages need root, which this instance has not'; exit 1\n")
        }
        var text = "set -e\nexport DEBIAN_FRONTEND=noninteractive\n"
        if plan.updatesPackages { text += "apt-get update\n" }
        if !plan.packages.isEmpty {
            text += "apt-get install --yes " + plan.packages.map(Shell.quoted).joined(separator: " ") + "\n"
        }
        try Files.write(folder + "/packages", text)
    }

    private func lines(_ all: [String]) -> String { all.map { $0 + "\n" }.joined() }

    /// `put PATH SOURCE PERMISSIONS OWNER append|'' gzip|''`, one failure of which does not stop the others.
    private static let putFunction = """
        failed=0
        put() {
            mkdir -p "$(dirname "$1")" &&
                if [ "$6" = gzip ]; then set -- "$1" "$2" "$3" "$4" "$5" "gzip -dc"; else set -- "$1" "$2" "$3" "$4" "$5" cat; fi &&
                if [ "$5" = append ]; then $6 <"/run/mayfly-boot/files/$2" >>"$1"; else $6 <"/run/mayfly-boot/files/$2" >"$1"; fi &&
                chmod "$3" "$1" && { [ -z "$4" ] || chown "$4" "$1"; } || { echo "write_files: $1 could not be written"; failed=1; }
        }

        """
}
