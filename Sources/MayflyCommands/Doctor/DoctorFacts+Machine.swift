import Keeper
import MayflyCore

extension DoctorFacts {
    var keeperFinding: Finding {
        guard let keeper = background.keeper else {
            return .ok("keeper", "not running; run, submit and attach start one")
        }
        guard keeper.build == build else {
            return .warning(
                "keeper", "process \(keeper.pid) is of another build (\(keeper.build))",
                next: "the next `mayfly run` or `attach` replaces it; no job is touched")
        }
        return .ok("keeper", "process \(keeper.pid), of this build")
    }

    var localCloudFinding: Finding {
        guard let process = background.localCloud else {
            return .ok("local cloud", "not running; it starts when it is needed")
        }
        let text = "process \(process.pid), \(process.backend ?? "unknown") instances"
        guard process.build == build else {
            return .warning(
                "local cloud", "\(text), of another build (\(process.build))",
                next: "the next command that needs it replaces it; its instances live on")
        }
        return .ok("local cloud", "\(text), of this build")
    }

    /// Whether local instances are possible; only a local cloud in force makes it a problem.
    var instancesFinding: Finding {
        func missing(_ needed: [String]) -> [String] { needed.filter { !tools.contains($0) } }
        let common = missing(["sshd", "ssh-keygen"])
        let isolated = missing(["unshare", "mount"])
        let sandboxed = missing(["bwrap"])
        if common.isEmpty {
            if isRoot && isolated.isEmpty {
                return .ok("local instances", "isolated (root, namespaces, sshd), if the kernel allows overlays")
            }
            if sandboxed.isEmpty { return .ok("local instances", "in a bwrap sandbox, with sshd") }
        }
        let lacking = common + (isRoot ? isolated + sandboxed : sandboxed)
        let packages = Set(
            lacking.map { tool in
                switch tool {
                case "sshd": "openssh-server"
                case "ssh-keygen": "openssh-client"
                case "bwrap": "bubblewrap"
                default: "util-linux mount"
                }
            })
        let text = "not possible here: \(lacking.joined(separator: ", ")) missing"
        let next = "`apt install \(packages.sorted().joined(separator: " "))`"
        return cloud == .local
            ? .problem("local instances", text, next: next) : .warning("local instances", text, next: next)
    }

    /// What is known of the library that talks to instances. Sources: libssh2's release notes and the CVE texts; the
    /// claim about 1.10 and 2026-55200 rests on reading its source, where the unchecked branch does not exist.
    var sshFinding: Finding {
        let name = "libssh2 \(ssh.version)" + (ssh.package.map { " (package \($0))" } ?? "")
        let numbers = ssh.version.split { !$0.isNumber }.prefix(3).compactMap { Int($0) }
        guard numbers.count == 3 else {
            return .warning("ssh", "\(name): the version says nothing about its holes", next: "look at its origin")
        }
        let unpatched = "a patched package of your distribution, or libssh2 1.11.2 or newer"
        switch (numbers[0], numbers[1], numbers[2]) {
        case (1, ..<10, _), (..<1, _, _):
            return .problem(
                "ssh", "\(name) has known holes that a hostile server can use, among them CVE-2019-17498",
                next: "install \(unpatched)")
        case (1, 10, _):
            return sshTenFinding(name)
        case (1, 11, 0), (1, 11, 1):
            let holes =
                (numbers[2] == 0 ? ["CVE-2023-48795 (Terrapin)"] : [])
                + ["CVE-2026-55200 (memory write by a server before login)", "CVE-2026-55199 (endless loop)"]
            return .warning(
                "ssh", "\(name): unless your distribution has patched it, it has \(holes.joined(separator: ", "))",
                next: "look for these numbers in the package's changelog, or install \(unpatched)")
        default:
            return .ok("ssh", "\(name): no hole known to this build")
        }
    }

    private func sshTenFinding(_ name: String) -> Finding {
        let keys = "RSA user keys are refused by current servers (Ed25519 works)"
        guard let package = ssh.package else {
            return .warning(
                "ssh",
                "\(name): whether CVE-2025-15661, CVE-2026-7598 and CVE-2026-58050 are patched cannot be seen; \(keys)",
                next: "look for these numbers in the library's origin")
        }
        guard package.contains("+deb12u") || package.contains("ubuntu") else {
            return .warning(
                "ssh", "\(name) lacks the fixes of 1.10.0-3+deb12u1 (CVE-2025-15661, CVE-2026-7598, CVE-2026-58050, …)",
                next: "`apt update && apt upgrade libssh2-1`, then rebuild nothing: it is loaded at start")
        }
        return .ok("ssh", "\(name): patched; CVE-2026-55200 and -55199 are not in its code; \(keys)")
    }
}
