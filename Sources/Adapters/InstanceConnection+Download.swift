import MayflyCore
import NIOCore
package import OnInstance
import SSHTransport
package import TreeArchive

/// From the instance.
extension InstanceConnection {
    /// Brings what is asked for into a stage, verified, without what its staging has from earlier streams.
    /// - Throws: ``RemoteError``, ``TreeArchiveError``. What arrived whole until then is kept in the staging.
    package func download(
        _ request: CollectRequest, into stage: TreeStage, keepsMetadata: Bool, _ progress: @escaping Report
    ) async throws -> TreeReport {
        var request = request
        request.held = stage.keptFiles.flatMap(\.line)
        let receiver = TreeReceiver(stage: stage, limits: TreeLimits(keepsMetadata: keepsMetadata))
        let said = Words()
        let exit: SSHExit
        do {
            exit = try await collect(supervisor.collect(request)) { output in
                switch output {
                case .stdout(let bytes):
                    progress(.moved(bytes.readableBytes))
                    try await receiver.receive(Array(bytes.readableBytesView))
                case .stderr(let bytes):
                    if let size = await said.take(bytes) { progress(.total(size)) }
                }
            }
        } catch {
            // What has arrived is written first: the next stream begins where this one ended.
            _ = try? await receiver.finish()
            throw error
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

    private func collect(
        _ step: RemoteStep, _ onOutput: @escaping TarlessCollect.Handler
    ) async throws -> SSHExit {
        do {
            return try await TarlessCollect.execute(
                step.command, on: connection, options: SSHExecOptions(window: connection.bulkWindow),
                stdin: .bytes(ByteBuffer(bytes: step.input)), onOutput)
        } catch let error as SSHError {
            throw RemoteError(error)
        }
    }
}
