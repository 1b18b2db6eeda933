internal import Foundation

/// Unpacks the stream of a supervisor's `collect` into a folder, and nowhere else, while it arrives.
///
/// The sender is not trusted: absolute paths, `..`, links out of the tree, devices and paths through links are skipped
/// and named. Files are 0600 (0700 when executable), folders 0700, holes stay holes. Memory is bounded; `receive`
/// waits while the disk is behind. Dropping a receiver ends it; what it wrote stays for the caller to remove.
public final class TreeReceiver: Sendable {
    private let feed = ReceiverFeed()

    /// - Parameters:
    ///   - destination: made (0700) when it is not there; should be empty, because nothing is overwritten.
    ///   - around: what the reading of the sender's bytes is wrapped in, on its thread; must call what it is given, once.
    public convenience init(
        destination: String, limits: TreeLimits = TreeLimits(),
        around: @escaping @Sendable (() -> Void) -> Void = { $0() }
    ) {
        self.init(destination, nil, limits, around)
    }

    /// Fills a stage. What it has kept and the stream leaves out is taken over once its SHA-256 is the manifest's.
    public convenience init(stage: TreeStage, limits: TreeLimits = TreeLimits()) {
        self.init(stage.tree, stage, limits) { $0() }
    }

    private init(
        _ destination: String, _ stage: TreeStage?, _ limits: TreeLimits,
        _ around: @escaping @Sendable (() -> Void) -> Void
    ) {
        let feed = feed
        Thread.detachNewThread {
            around {
                feed.finish(
                    Result {
                        let folder = try DestinationFolder(path: destination)
                        return try TreeExtractor(
                            feed: feed, folder: folder, limits: limits, kept: stage.map(KeptFiles.init)
                        ).run()
                    })
            }
        }
    }

    deinit { feed.giveUp() }

    /// - Throws: ``TreeArchiveError`` when this side's disk fails.
    public func receive(_ bytes: [UInt8]) async throws {
        guard !bytes.isEmpty else { return }
        try await feed.push(bytes)
    }

    /// Verifies what arrived. A stream that ended early gives a report that is not complete.
    /// - Throws: ``TreeArchiveError`` when this side's disk fails.
    public func finish() async throws -> TreeReport {
        try await feed.end()
    }
}
