import Foundation
import JobFiles

/// Why the keeper or the local cloud cannot be had, in one sentence that names the next step.
package struct KeeperError: Error, CustomStringConvertible, Sendable {
    package enum Code: String, Sendable {
        case notRunning, didNotStart, connectionEnded, silent, refused, badHome, cloud
    }

    package let code: Code
    package let message: String

    package init(code: Code, message: String) {
        self.code = code
        self.message = message
    }

    package var description: String { message }
}

extension KeeperError {
    static let connectionEnded = KeeperError(
        code: .connectionEnded,
        message: "the keeper ended the connection; its jobs are kept and go on with the next one")

    /// It holds its lock and its socket, so that no other one can take over, and says nothing.
    static func silent(_ home: MayflyHome) -> KeeperError {
        let holder = SmallFiles.text(home.keeperLock)?.trimmingCharacters(in: .whitespacesAndNewlines) ?? ""
        return KeeperError(
            code: .silent,
            message:
                "the keeper (process \(holder)) does not answer: it is stopped or hangs; `kill -CONT \(holder)` lets a "
                + "stopped one go on; `kill -9 \(holder)` loses nothing, the next one re-attaches to every job")
    }
}
