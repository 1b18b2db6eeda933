import MayflyCore

/// Logs in to simulated machines.
struct SimulatedConnector: RemoteConnector {
    let keeper: KeeperProcess

    func prepareKeys(for identity: AttemptIdentity) async throws -> AttemptKeys {
        try await keeper.effect("keys.make", identity.attempt) {
            AttemptKeys(hostPrivateKey: "host key\n", hostPublicKey: "ssh-ed25519 A", clientPublicKey: "ssh-ed25519 B")
        }
    }

    func connect(to endpoint: RemoteEndpoint, identity: AttemptIdentity) async throws -> any RemoteHost {
        try await keeper.pass()
        let world = keeper.world
        try await keeper.sleep(for: world.plan.roundTrip)
        guard let machine = world.cloud.machine(at: endpoint.address), machine.isReachable,
            !world.draw(world.plan.refusals)
        else {
            world.note("refused", keeper.number, 0, endpoint.address)
            throw RemoteError(kind: .notReady, message: "connection refused")
        }
        guard machine.hostname == identity.description else {
            world.violate("\(identity) logs in to \(machine.hostname)")
            throw RemoteError(kind: .hostKeyMismatch, message: "another host key")
        }
        world.note("connected", keeper.number, 0, machine.id)
        if let job = machine.job, world.plan.jobs[job].crashesKeeper {
            world.check.crashedKeeper(machine.hostname)
            keeper.crash()
            throw CancellationError()
        }
        world.hasConnected()
        return SimulatedHost(keeper: keeper, machine: machine, cutAfter: world.connectionBudget())
    }

    func discardKeys(of identity: AttemptIdentity) async {
        _ = try? await keeper.effect("keys.discard", identity.attempt) {}
    }
}

/// One connection, which may break at any byte.
final class SimulatedHost: RemoteHost, @unchecked Sendable {
    private let keeper: KeeperProcess
    private let machine: SimulatedMachine
    /// How many bytes it still carries, in both directions together.
    private var left: Int?
    private var isBroken = false
    private var world: World { keeper.world }

    init(keeper: KeeperProcess, machine: SimulatedMachine, cutAfter left: Int?) {
        self.keeper = keeper
        self.machine = machine
        self.left = left
    }

    func close() async {
        isBroken = true
        machine.changed()
    }

    func execute(
        _ command: String, input: RemoteInput, options: RemoteOptions,
        onOutput: @escaping @Sendable (RemoteOutput) async throws -> Void
    ) async throws -> RemoteExit {
        try await keeper.pass()
        try await keeper.sleep(for: world.plan.roundTrip)
        let request = try Request(command)
        var document: [UInt8] = []
        switch input {
        case .none: break
        case .bytes(let bytes): document = bytes
        case .stream(let next): while let piece = try await next() { document += piece }
        }
        guard request.isInstaller || request.nonce == machine.nonce else {
            world.violate("\(machine.hostname) is asked about attempt \(request.nonce)")
            return .status(127)
        }
        // A request counts as few bytes: it is what it does that can be cut off, or its answer.
        guard carries(16) == 16 else { throw cut() }
        let channel = Channel(host: self, onOutput: onOutput)
        switch request.verb {
        case "await-startup": return try await awaitStartup(channel)
        case "startup-log": return .status(0)
        case "start": return try await start(request, document, channel)
        case "began":
            try await channel.say(machine.run(of: request.stage) == nil ? "not-started" : "started")
            return .status(0)
        case "follow":
            try await follow(request.stage, request.number(1), request.number(2), channel)
            return .status(0)
        case "wait": return try await waitForSeal(request.stage, channel)
        case "stop":
            try await reach("ssh.stop") { $0.stop(request.stage) }
            return .status(0)
        case "upload":
            try await reach("ssh.upload") { $0.upload() }
            try await channel.say("uploaded")
            return .status(0)
        case "collect": return try await collect(document, channel)
        case "black-box": return .status(0)
        case "before-snapshot":
            try await channel.say("ready")
            return .status(0)
        default:
            world.violate("the supervisor was asked to \(request.verb)")
            return .status(127)
        }
    }

    // MARK: Verbs

    private func awaitStartup(_ channel: Channel) async throws -> RemoteExit {
        while world.clock.now < machine.startupEnds { try await wait(until: machine.startupEnds) }
        try await channel.say("exit \(machine.work.startupExit)")
        return .status(0)
    }

    private func start(_ request: Request, _ document: [UInt8], _ channel: Channel) async throws -> RemoteExit {
        let text = String(decoding: document, as: UTF8.self)
        guard text.hasSuffix("mayfly_end=1\n") else {
            world.violate("an incomplete launch document was sent")
            return .status(1)
        }
        let limit = Request.limit(in: text)
        let stage = request.stage
        // Its supervisor is detached: once the request has arrived it goes on without this connection.
        let answer = Answer()
        try await reach("ssh.start") { [world] machine in
            world.clock.after(.milliseconds(world.pick(60))) {
                answer.line = machine.start(stage, limit: limit)
                machine.changed()
            }
        }
        while answer.line == nil { try await wait(until: nil) }
        let line = answer.line ?? ""
        try await channel.say(line)
        if line == "started" || line == "already-started" {
            try await follow(stage, request.number(1), request.number(2), channel)
        }
        return .status(0)
    }

    private final class Answer: @unchecked Sendable { var line: String? }

    private func follow(_ stage: String, _ outFrom: Int, _ errFrom: Int, _ channel: Channel) async throws {
        var (outAt, errAt) = (outFrom, errFrom)
        while let run = machine.run(of: stage) {
            let now = world.clock.now
            let isOver = run.isOver(now)
            let (out, err) = (run.written(run.stdout.count, now), run.written(run.stderr.count, now))
            if out > outAt {
                try await channel.send(run.stdout[outAt..<out], asError: false)
                outAt = out
            }
            if err > errAt {
                try await channel.send(run.stderr[errAt..<err], asError: true)
                errAt = err
            }
            if isOver { return }
            if world.clock.now == now { try await wait(until: run.next(after: now)) }
        }
    }

    private func waitForSeal(_ stage: String, _ channel: Channel) async throws -> RemoteExit {
        while true {
            if let line = machine.status(of: stage) {
                try await channel.say(line)
                return .status(0)
            }
            try await wait(until: machine.run(of: stage)?.next(after: world.clock.now))
        }
    }

    private func collect(_ document: [UInt8], _ channel: Channel) async throws -> RemoteExit {
        guard String(decoding: document, as: UTF8.self).hasSuffix("mayfly_end=1\n") else { return .status(1) }
        try await reach("ssh.collect") { _ in }
        try await channel.send(machine.collection[...], asError: false)
        return .status(0)
    }

    // MARK: The wire

    /// Lets a request take effect on the machine.
    private func reach(_ name: StaticString, _ body: @escaping (SimulatedMachine) -> Void) async throws {
        try await keeper.effect(name, machine.job ?? 0, travels: true) { [machine] in
            if machine.isOn { body(machine) }
        }
        try check()
    }

    fileprivate func wait(until due: Int64?) async throws {
        try check()
        try await machine.wait(until: due)
        try await keeper.pass()
        try check()
    }

    fileprivate func check() throws {
        guard isBroken || !machine.isReachable else { return }
        throw RemoteError(kind: .connectionLost, message: "the connection ended")
    }

    /// How many of `count` bytes get through.
    fileprivate func carries(_ count: Int) -> Int {
        guard let left else { return count }
        self.left = max(0, left - count)
        return min(left, count)
    }

    fileprivate func cut() -> RemoteError {
        isBroken = true
        world.note("cut", keeper.number, 0, machine.id)
        machine.changed()
        return RemoteError(kind: .connectionLost, message: "simulated: the connection was cut")
    }

    /// What an answer comes back through.
    private struct Channel {
        let host: SimulatedHost
        let onOutput: @Sendable (RemoteOutput) async throws -> Void

        func say(_ line: String) async throws { try await send(Array((line + "\n").utf8)[...], asError: false) }

        func send(_ bytes: ArraySlice<UInt8>, asError: Bool) async throws {
            var rest = bytes
            while !rest.isEmpty {
                try host.check()
                let piece = rest.prefix(host.world.chunk(of: rest.count))
                let carried = host.carries(piece.count)
                let part = Array(piece.prefix(carried))
                if !part.isEmpty {
                    try await onOutput(asError ? .stderr(part) : .stdout(part))
                    try await host.keeper.pass()
                }
                if carried < piece.count { throw host.cut() }
                rest = rest.dropFirst(piece.count)
            }
        }
    }
}

/// A command line of `Supervisor`'s, read back.
private struct Request {
    let verb: String
    let nonce: String
    let isInstaller: Bool
    private let words: [Substring]

    var stage: String { words.indices.contains(1) ? String(words[1]) : "" }

    init(_ command: String) throws {
        // By bytes: this is done a dozen times in every history.
        let text = Array(command.utf8)
        let marker = Array("/supervisor.sh".utf8)
        guard
            let at = text.indices.dropLast(marker.count).first(where: { start in
                text[start] == marker[0] && text[start..<start + marker.count].elementsEqual(marker)
            })
        else { throw RemoteError(kind: .protocolFailure, message: "no supervisor in \(command)") }
        let rest = text[(at + marker.count)...]
        // Only the installer names the script in quotes.
        isInstaller = rest.first == UInt8(ascii: "\"")
        guard !isInstaller else {
            (verb, nonce, words) = ("await-startup", "", [])
            return
        }
        nonce = String(decoding: text[..<at].split(separator: UInt8(ascii: "/")).last ?? [], as: UTF8.self)
        words = String(decoding: rest.dropFirst().prefix { $0 != UInt8(ascii: "'") }, as: UTF8.self)
            .split(separator: " ")
        verb = words.first.map(String.init) ?? ""
    }

    /// An offset: the words are the verb, the stage, then numbers.
    func number(_ index: Int) -> Int { words.indices.contains(index + 1) ? Int(words[index + 1]) ?? 0 : 0 }

    static func limit(in document: String) -> Duration? {
        for line in document.utf8.split(separator: UInt8(ascii: "\n")) where line.starts(with: "mayfly_limit='".utf8) {
            let parts = line.dropFirst(14).prefix { $0 != UInt8(ascii: "'") }.split(separator: UInt8(ascii: "."))
                .map { Substring($0) }
            guard let seconds = parts.first.flatMap({ Int64($0) }) else { return nil }
            let milliseconds = parts.count > 1 ? Int64(parts[1]) ?? 0 : 0
            return .milliseconds(seconds * 1000 + milliseconds)
        }
        return nil
    }
}
