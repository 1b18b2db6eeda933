import Adapters
import Glibc
import Keeper
import MayflyCore
import TreeArchive

/// Sends paths of this machine to an instance. What a cut copy has brought there stays under a name that the same copy has
/// each time, and is not sent again.
struct UpwardCopy {
    var context: CommandContext
    var home: MayflyHome
    var job: JobRecord
    var isQuiet: Bool

    /// From here on the server's window per round trip is what limits one connection.
    private static let worthStriping: Int64 = 16 << 20
    /// Less is sent again in the time that asking takes.
    private static let worthResuming: Int64 = 1 << 20
    private static let stripes = 4

    func run(_ files: [String], to path: String) async throws -> Int32 {
        let total = try await TreeSender.size(of: files)
        let meter = TransferMeter(job.title, total: total, isQuiet: isQuiet, context: context)
        // A folder is meant when several go there.
        let target = files.count > 1 && !path.hasSuffix("/") ? (path.isEmpty ? "./" : path + "/") : path
        let claim = total < Self.worthResuming ? nil : CopyClaim(of: files, to: target, job, home)
        defer { claim?.end() }
        var mustBeWhole = false
        return try await JobAccess.copying(with: job, home, meter, context) { first, tries in
            while true {
                var offer: InstanceConnection.Offer?
                if let claim { offer = try await first.offer(at: target, key: claim.key) }
                var held: [KeptFile] = []
                if let claim, let offer, !mustBeWhole {
                    held = try await TreeSender.unchanged(offer.files, of: files)
                    if !held.isEmpty, try await !first.keep(held, at: target, key: claim.key) { held = [] }
                }
                tries.begins(with: held.count)
                let left = total - held.reduce(0) { $0 + $1.size }
                meter.report(.total(left))
                let resumption =
                    offer == nil ? nil : claim.map { InstanceConnection.Resumption(key: $0.key, held: held) }
                do {
                    let sent = try await send(files, to: target, left, offer, resumption, over: first, meter)
                    for warning in sent.warnings { context.console.error(line: "mayfly: \(warning)") }
                    meter.finish(
                        "\(job.title): \(Self.verb(sent)) to \(path.isEmpty ? "~/work" : path)", bytes: left)
                    return sent.warnings.isEmpty ? 0 : ExitCode.outputsMissing
                } catch let error as InstanceConnection.Refused
                    where !held.isEmpty && error.message.contains("is not what was sent")
                {
                    // What was there only looked the same. It is gone now, and all is sent.
                    mustBeWhole = true
                }
            }
        }
    }

    private func send(
        _ files: [String], to target: String, _ left: Int64, _ offer: InstanceConnection.Offer?,
        _ resumption: InstanceConnection.Resumption?, over first: InstanceConnection, _ meter: TransferMeter
    ) async throws -> InstanceConnection.Sent {
        var others: [InstanceConnection] = []
        if left >= Self.worthStriping {
            var merges = offer?.mergesStripes
            if merges == nil { merges = try await first.canMergeStripes() }
            if merges == true { others = try await otherStripes() }
        }
        let token = Base32.encode(context.entropy.bytes(8))
        let sent: InstanceConnection.Sent
        do {
            sent = try await first.upload(files, to: target, over: others, token: token, resumption, meter.report)
        } catch {
            for connection in others { await connection.close() }
            throw error
        }
        for connection in others { await connection.close() }
        return sent
    }

    private static func verb(_ sent: InstanceConnection.Sent) -> String {
        guard sent.isVerified else { return "copied (not verified: an older Mayfly prepared the instance)" }
        guard sent.unreadable > 0 else { return "copied and verified" }
        return "copied and verified, all but \(sent.unreadable) that only root may read,"
    }

    /// Opened at once: at a distance one after the other takes as long as a good part of the copy.
    private func otherStripes() async throws -> [InstanceConnection] {
        let access = try JobAccess.access(to: job, home: home)
        return try await withThrowingTaskGroup(of: InstanceConnection.self) { group in
            for _ in 1..<Self.stripes { group.addTask { try await access.connect() } }
            return try await group.reduce(into: []) { $0.append($1) }
        }
    }
}

/// Says that no other command makes the same copy: whatever of it still runs on the instance is a remnant then.
final class CopyClaim {
    let key: String
    private let lock: TreeStaging

    /// - Returns: `nil` while another command makes the same copy, which then does without resuming.
    init?(of files: [String], to target: String, _ job: JobRecord, _ home: MayflyHome) {
        guard let attempt = job.attempt else { return nil }
        key = TreeStaging.name(of: ["to", attempt.identity.description, target] + files)
        _ = mkdir(home.copies, 0o700)
        guard let lock = try? TreeStaging(path: "\(home.copies)/\(key)") else { return nil }
        self.lock = lock
    }

    func end() { FileBytes.remove(Array(lock.path.utf8)) }
}
