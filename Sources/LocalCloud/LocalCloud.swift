import CloudModel
import Glibc
import Hummingbird
public import Logging
import NIOCore
import NIOPosix

/// The Genesis Cloud compute API on loopback, whose instances are machines-in-small with a real SSH server.
///
/// One per home. Its state outlives it: the next one takes up the instances that still live.
public struct LocalCloud: Sendable {
    private let configuration: LocalCloudConfiguration
    private let logger: Logger
    private let onReady: @Sendable (LocalCloudEndpoint) -> Void

    /// - Parameter onReady: called once it listens.
    public init(
        configuration: LocalCloudConfiguration, logger: Logger,
        onReady: @escaping @Sendable (LocalCloudEndpoint) -> Void = { _ in }
    ) {
        self.configuration = configuration
        self.logger = logger
        self.onReady = onReady
    }

    /// Serves until it is stopped, stood down, idle, or its task is cancelled (which leaves the instances alive).
    /// - Throws: ``LocalCloudError``: another one runs, no backend works here, or the state cannot be read.
    public func run() async throws {
        let home = configuration.home
        guard home.hasPrefix("/") else { throw LocalCloudError(.storage, "\(home) is not an absolute path") }
        try Files.makeFolder(home)
        guard let lock = try FileLock.take(home + "/lock") else {
            throw LocalCloudError(.alreadyRunning, "another local cloud serves \(home)")
        }
        defer { lock.release() }
        unlink(home + "/endpoint.json")  // a killed one's; nobody else writes it while we hold the lock
        let (backend, note) = try await HostBackend.probe(configuration.backend, home: home, masks: configuration.masks)
        if let note { logger.debug("\(note)") }
        let token = try self.token()
        let (state, store) = try CloudStore.open(
            home: home, isDurable: backend.kind != .simulated, delays: modelDelays, limits: configuration.limits)
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let service = CloudService(
            environment: .init(
                home: home, build: configuration.build, idleLimit: configuration.idleLimit,
                now: { Files.wallMilliseconds() },
                freshID: Self.freshID),
            backend: backend, state: state, store: store, faults: configuration.faults, loop: group.next(),
            logger: logger)
        let result: Result<Void, any Error>
        do {
            try await serve(service, backend.kind, token)
            result = .success(())
        } catch {
            result = .failure(error)
        }
        if LocalCloudEndpoint.read(home: home)?.pid == getpid() { unlink(home + "/endpoint.json") }
        try await group.shutdownGracefully()
        try result.get()
    }

    private func serve(
        _ service: CloudService, _ kind: LocalCloudConfiguration.Backend, _ token: String
    ) async throws {
        let configuration = configuration
        let onReady = onReady
        let application = Application(
            router: Routes(service: service, token: token).router(),
            configuration: .init(address: .hostname(configuration.host, port: configuration.port), serverName: nil),
            onServerRunning: { channel in
                let port = channel.localAddress?.port ?? configuration.port
                let endpoint = LocalCloudEndpoint(
                    url: "http://\(configuration.authority):\(port)/compute/v1", token: token, pid: getpid(),
                    build: configuration.build, backend: kind)
                await service.publish(endpoint)
                onReady(endpoint)
            }, logger: Logger(label: "mayfly.local-cloud.http") { _ in SwiftLogNoOpLogHandler() })
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                do { try await application.run() } catch is CancellationError {} catch {
                    await service.finish(.stoodDown)
                    throw LocalCloudError(.server, "the local cloud cannot listen: \(error)")
                }
            }
            group.addTask { _ = await service.run() }
            // Whichever ends, ends the other: the service is done, or there is nothing to serve.
            try await group.next()
            await service.finish(.stoodDown)
            group.cancelAll()
            try await group.waitForAll()
        }
    }

    private var modelDelays: CloudModel.Delays {
        let delays = configuration.delays
        return CloudModel.Delays(
            create: Self.milliseconds(delays.create), start: Self.milliseconds(delays.start),
            stop: Self.milliseconds(delays.stop), delete: Self.milliseconds(delays.delete),
            snapshot: Self.milliseconds(delays.snapshot), resource: Self.milliseconds(delays.resource))
    }

    private static func milliseconds(_ duration: Duration) -> Int64 {
        duration.components.seconds * 1000 + duration.components.attoseconds / 1_000_000_000_000_000
    }

    /// The token that was given, or that of this home, drawn once.
    private func token() throws(LocalCloudError) -> String {
        if let given = configuration.token {
            let isPlain = given.utf8.allSatisfy { (0x21...0x7e).contains($0) }
            guard isPlain, given.utf8.count >= 16 else {
                throw LocalCloudError(
                    .settings, "the token must have at least 16 printable ASCII characters and no spaces")
            }
            return given
        }
        let path = configuration.home + "/token"
        if let kept = Files.text(path), kept.utf8.count >= 32 { return kept }
        var generator = SystemRandomNumberGenerator()
        let digits = (0..<4).map { _ in Self.hexadecimal(generator.next(), 16) }.joined()
        try Files.replace(path, with: Array(digits.utf8))
        return digits
    }

    /// A random UUID (version 4).
    @Sendable private static func freshID() -> String {
        var generator = SystemRandomNumberGenerator()
        let high = (generator.next() & ~0xf000) | 0x4000
        let low = (generator.next() & ~(3 << 62)) | (1 << 63)
        let digits = Array(hexadecimal(high, 16) + hexadecimal(low, 16))
        let ends = [0, 8, 12, 16, 20, 32]
        return zip(ends, ends.dropFirst()).map { String(digits[$0..<$1]) }.joined(separator: "-")
    }

    private static func hexadecimal(_ number: UInt64, _ width: Int) -> String {
        let digits = String(number, radix: 16)
        return String(repeating: "0", count: max(0, width - digits.count)) + digits
    }
}

extension CloudService {
    /// Tells clients where the cloud listens, once it does.
    func publish(_ endpoint: LocalCloudEndpoint) {
        do {
            try Files.replace(environment.home + "/endpoint.json", with: try endpoint.encoded())
        } catch {
            logger.debug("the endpoint could not be published", metadata: ["error": "\(error)"])
            finish(.stoodDown)
        }
    }
}
