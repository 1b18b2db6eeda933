import Crypto
import Foundation
import NIOCore
import SSHTransport
import Synchronization

/// Both streams of a command, kept.
final class Collector: Sendable {
    private let streams = Mutex<(out: [UInt8], err: [UInt8])>(([], []))

    func take(_ output: SSHOutput) {
        streams.withLock {
            switch output {
            case .stdout(let bytes): $0.out.append(contentsOf: bytes.readableBytesView)
            case .stderr(let bytes): $0.err.append(contentsOf: bytes.readableBytesView)
            }
        }
    }

    var out: [UInt8] { streams.withLock { $0.out } }
    var err: [UInt8] { streams.withLock { $0.err } }
    var outText: String { String(decoding: out, as: UTF8.self) }
    var errText: String { String(decoding: err, as: UTF8.self) }
}

extension SSHConnection {
    /// Runs a command and keeps all it wrote.
    nonisolated func collect(
        _ command: String, options: SSHExecOptions = .init(), stdin: SSHInput = .none
    ) async throws -> (exit: SSHExit, output: Collector) {
        let collector = Collector()
        let exit = try await execute(command, options: options, stdin: stdin) { collector.take($0) }
        return (exit, collector)
    }
}

/// Bytes that look random and are the same for the same seed.
func noise(_ count: Int, seed: UInt64) -> [UInt8] {
    var state = seed
    var bytes: [UInt8] = []
    bytes.reserveCapacity(count + 8)
    while bytes.count < count {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        mixed ^= mixed >> 31
        withUnsafeBytes(of: mixed) { bytes.append(contentsOf: $0) }
    }
    return Array(bytes.prefix(count))
}

func hash(_ bytes: [UInt8]) -> String {
    SHA256.hash(data: bytes).map { String(format: "%02x", $0) }.joined()
}
