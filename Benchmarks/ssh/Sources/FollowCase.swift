import Glibc
import MayflyCore
import NIOCore
import OnInstance
import SSHTransport

/// From a line's printing on the instance to the follower: one clock, since both are this machine.
struct FollowCase {
    private let server: Server
    private let supervisor: Supervisor
    private let lines: Int
    private let command: String

    init(_ arguments: Arguments) throws {
        server = try Server(arguments)
        supervisor = Supervisor(nonce: try arguments.text("nonce"))
        lines = try arguments.number("lines")
        command = try arguments.text("command")
    }

    func run() async throws -> Measurement {
        var measurement = Measurement()
        let connection = try await server.connect()
        let launch = LaunchDocument(
            environment: [], secrets: [], command: .argv(["/bin/sh", "-c", command]),
            expiry: WallTime(rawValue: 9_999_999_999_000), job: JobID(rawValue: 1), name: "clock", attempt: 1)
        let step = supervisor.startAndFollow(.run, launch, stdoutOffset: 0, stderrOffset: 0)
        let arrivals = Arrivals()
        let exit = try await connection.execute(step.command, stdin: .bytes(ByteBuffer(bytes: step.input))) { output in
            let now = Self.now
            if case .stdout(let bytes) = output { await arrivals.take(bytes, at: now) }
        }
        await connection.close()
        measurement.stop()
        let delays = await arrivals.delays.sorted()
        guard exit == .status(0), delays.count == lines else {
            throw Unexpected(description: "\(delays.count) of \(lines) lines arrived; it ended with \(exit)")
        }
        measurement.add("p50_ms", Self.percentile(0.5, of: delays))
        measurement.add("p99_ms", Self.percentile(0.99, of: delays))
        measurement.add("most_ms", Self.percentile(1, of: delays))
        return measurement
    }

    private static var now: Double {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }

    private static func percentile(_ share: Double, of sorted: [Double]) -> Double {
        sorted[min(sorted.count - 1, Int(Double(sorted.count) * share))] * 1000
    }
}

/// Lines, each the time of its printing, put beside the time of their arrival.
private actor Arrivals {
    private var rest: [UInt8] = []
    private(set) var delays: [Double] = []

    func take(_ bytes: ByteBuffer, at now: Double) {
        rest.append(contentsOf: bytes.readableBytesView)
        while let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
            // The supervisor's own first line is no time.
            if let printed = Double(String(decoding: rest[..<end], as: UTF8.self)) { delays.append(now - printed) }
            rest.removeSubrange(...end)
        }
    }
}
