import MayflyCore
import NIOCore
package import OnInstance
import SSHTransport
package import TreeArchive

/// From the instance.
extension InstanceConnection {
    /// Brings what is asked for into a new folder, verified.
    /// - Throws: ``RemoteError``, ``TreeArchiveError``.
    package func download(
        _ request: CollectRequest, to folder: String, keepsMetadata: Bool, _ progress: @escaping Report
    ) async throws -> TreeReport {
        let receiver = TreeReceiver(destination: folder, limits: TreeLimits(keepsMetadata: keepsMetadata))
        let step = supervisor.collect(request)
        let said = Words()
        let exit = try await execute(step, window: connection.bulkWindow) { output in
            switch output {
            case .stdout(let bytes):
                progress(.moved(bytes.readableBytes))
                try await receiver.receive(Array(bytes.readableBytesView))
            case .stderr(let bytes):
                if let size = await said.take(bytes) { progress(.total(size)) }
            }
        }
        var report = try await receiver.finish()
        guard exit != .unknown else { throw Self.cutOff }
        if exit != .status(0) {
            report.complete = false
            report.isWhole = false
            report.skipped.append("the instance said: \(await said.text)")
        }
        return report
    }
}
