/// Why the keeper or the local cloud cannot be had, in one sentence that names the next step.
package struct KeeperError: Error, CustomStringConvertible, Sendable {
    package enum Code: String, Sendable {
        case notRunning, didNotStart, connectionEnded, refused, badHome, cloud
    }

    package let code: Code
    package let message: String

    package init(code: Code, message: String) {
        self.code = code
        self.message = message
    }

    package var description: String { message }
}
