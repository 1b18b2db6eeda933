/// Where Mayfly keeps its state: `MAYFLY_HOME`, by default `~/.local/state/mayfly` (0700).
package struct MayflyHome: Sendable, Hashable {
    /// Absolute path.
    package let root: String

    package init(root: String) { self.root = root }

    package var store: String { root + "/store.db" }
    package var keeperLock: String { root + "/keeper.lock" }
    package var keeperCrash: String { root + "/keeper.crash" }
    package var keeperSocket: String { root + "/keeper.sock" }
    /// Where the socket is bound, before it is moved into place.
    package var newKeeperSocket: String { root + "/keeper.new" }
    package var keeperLog: String { root + "/keeper.log" }
    /// 0600 files, one folder per attempt, removed with the receipt.
    package var keys: String { root + "/keys" }
    /// Frozen workdirs by SHA-256.
    package var blobs: String { root + "/blobs" }
    /// Locks of copies to instances that are under way.
    package var copies: String { root + "/copies" }
    /// The embedded local cloud's own state.
    package var localCloud: String { root + "/cloud" }
    package var localCloudLog: String { root + "/cloud.log" }
    /// What `mayfly login` stored: token by endpoint, 0600.
    package var credentials: String { root + "/credentials.json" }

    package func blob(_ sha256: String) -> String { "\(blobs)/\(sha256).tar" }
}
