internal import Foundation
internal import NIOPosix

/// Which git commit a folder was at.
public struct GitStamp: Sendable, Hashable {
    public var commit: String
    /// Whether anything below the folder differs from that commit, untracked files included.
    public var isDirty: Bool

    /// - Returns: `nil` when the folder is in no git work tree, has no commit yet, or there is no `git`.
    public static func read(folder: String) async -> GitStamp? {
        try? await NIOThreadPool.singleton.runIfActive {
            guard let commit = git(["rev-parse", "--verify", "HEAD"], in: folder)?.trimmingCharacters(in: .newlines),
                [40, 64].contains(commit.utf8.count), commit.allSatisfy(\.isHexDigit),
                let changes = git(["status", "--porcelain", "--", "."], in: folder)
            else { return nil }
            return GitStamp(commit: commit, isDirty: !changes.isEmpty)
        }
    }

    private static func git(_ arguments: [String], in folder: String) -> String? {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["git", "-C", folder] + arguments
        var environment = ProcessInfo.processInfo.environment
        // Reading must not take the index lock of a work tree somebody uses.
        environment["GIT_OPTIONAL_LOCKS"] = "0"
        process.environment = environment
        let output = Pipe()
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        guard (try? process.run()) != nil else { return nil }
        let bytes = (try? output.fileHandleForReading.readToEnd()) ?? Data()
        process.waitUntilExit()
        return process.terminationStatus == 0 ? String(decoding: bytes, as: UTF8.self) : nil
    }
}
