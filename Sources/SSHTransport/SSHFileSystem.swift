import NIOCore

/// The server's files, by its SFTP subsystem: for servers on which there is nothing to run that would do better.
///
/// One request at a time; calls of several tasks queue, and cancelling one of them ends only its own call. Each has a
/// deadline, and one that passes ends the file system, as there is no telling what its late answer would answer. Paths are
/// bytes: `"/etc/hosts".utf8`, or what ``list(_:)`` gave; relative ones begin at the login folder. Nothing that the server
/// sends is trusted: lengths are bounded, and names with a slash in them refused.
///
/// This speaks the protocol itself, over a channel like any other: `libssh2_sftp_init` of libssh2 1.10 waits for a refused
/// channel's end in a loop that lets no bytes arrive.
public actor SSHFileSystem {
    private nonisolated let connection: SSHConnection
    private nonisolated let id: Int
    private nonisolated let deadline: Duration
    private var inbound = ByteBuffer()
    private var lastRequest: UInt32 = 0
    private var extensions: Set<String> = []
    private var isBusy = false
    private var queue = CircularBuffer<CheckedContinuation<Void, Never>>()

    init(_ connection: SSHConnection, _ id: Int, deadline: Duration) {
        self.connection = connection
        self.id = id
        self.deadline = deadline
    }

    // MARK: One request after the other

    /// Runs one operation: nobody else's, and not longer than the deadline.
    func exclusively<Value>(_ body: () async throws -> Value) async throws -> Value {
        if isBusy { await withCheckedContinuation { queue.append($0) } }
        isBusy = true
        defer { if let next = queue.popFirst() { next.resume() } else { isBusy = false } }
        let (id, deadline) = (id, deadline)
        let timer = connection.onLoop(after: deadline) {
            $0.abandon(id, SSHError(.timedOut, "the server's file service has not answered for \(deadline)"))
        }
        defer { timer.cancel() }
        return try await body()
    }

    /// Sends requests without waiting for what they answer.
    /// - Returns: their numbers.
    func send(_ kind: SFTPMessage.Kind, _ bodies: [[UInt8]]) async throws -> [UInt32] {
        var (bytes, numbers): ([UInt8], [UInt32]) = ([], [])
        for body in bodies {
            lastRequest &+= 1
            var message = SSHBlobWriter()
            message.integer(lastRequest)
            message.raw(body)
            bytes += SFTPMessage.encoded(kind, message.bytes)
            numbers.append(lastRequest)
        }
        try await write(bytes)
        return numbers
    }

    private func write(_ bytes: [UInt8]) async throws {
        // A cancelled task sends its request all the same: half of one would end the file system for all, and handles are to
        // be closed.
        guard try await connection.write(id, ByteBuffer(bytes: bytes)) else {
            throw await connection.whyClosed(id, "the server has ended its file service")
        }
    }

    /// The next answer. One that nobody waits for any more, because the task that asked was cancelled, is passed over.
    func answer(to numbers: Set<UInt32>) async throws -> (number: UInt32, kind: UInt8, body: SSHBlobReader) {
        while true {
            var (kind, body) = try await packet()
            guard let number = body.integer() else { throw Self.nonsense }
            if numbers.contains(number) { return (number, kind, body) }
            guard number <= lastRequest else { throw Self.nonsense }
        }
    }

    private func packet() async throws -> (kind: UInt8, body: SSHBlobReader) {
        while true {
            if let packet = try SFTPMessage.next(of: &inbound) { return packet }
            guard case .stdout(var bytes) = try await connection.next(id, .stdout) else {
                throw await connection.whyClosed(id, "the server has ended its file service")
            }
            if inbound.readableBytes == 0 { inbound = bytes } else { inbound.writeBuffer(&bytes) }
        }
    }

    /// One request and its answer.
    func request(_ kind: SFTPMessage.Kind, _ body: [UInt8]) async throws -> (kind: UInt8, body: SSHBlobReader) {
        let number = try await send(kind, [body])[0]
        let (_, answered, rest) = try await answer(to: [number])
        return (answered, rest)
    }

    // MARK: What answers mean

    static let nonsense = SSHError(.protocolError, "the server's file service answers something else than was asked")

    /// - Throws: ``SSHError`` unless the answer is of this kind.
    static func expect(
        _ kind: SFTPMessage.Kind, _ answer: (kind: UInt8, body: SSHBlobReader), _ what: String
    ) throws -> SSHBlobReader {
        if answer.kind == kind.rawValue { return answer.body }
        guard answer.kind == SFTPMessage.Kind.status.rawValue else { throw nonsense }
        var body = answer.body
        guard let status = body.integer(), status != SFTPMessage.Status.ok else { throw nonsense }
        throw failure(status, body, what)
    }

    /// - Throws: ``SSHError`` unless the answer is that it was done.
    static func expectDone(_ answer: (kind: UInt8, body: SSHBlobReader), _ what: String) throws {
        guard answer.kind == SFTPMessage.Kind.status.rawValue else { throw nonsense }
        var body = answer.body
        guard let status = body.integer() else { throw nonsense }
        if status != SFTPMessage.Status.ok { throw failure(status, body, what) }
    }

    private static func failure(_ status: UInt32, _ body: SSHBlobReader, _ what: String) -> SSHError {
        var body = body
        let said = body.string().map { printable(String(decoding: $0, as: UTF8.self)) } ?? ""
        let code: SSHError.Code =
            switch status {
            case 2: .noSuchFile
            case 3: .permissionDenied
            default: .fileOperationFailed
            }
        return SSHError(code, "\(what): \(said.isEmpty ? "status \(status)" : said)")
    }

    // MARK: The beginning

    /// Tells versions. - Throws: ``SSHError`` when there is no such service.
    func begin() async throws {
        do {
            try await exclusively {
                var version = SSHBlobWriter()
                version.integer(3)
                try await write(SFTPMessage.encoded(.initialise, version.bytes))
                var (kind, body) = try await packet()
                guard kind == SFTPMessage.Kind.version.rawValue, let number = body.integer(), number >= 3 else {
                    throw Self.nonsense
                }
                while let name = body.text(), body.string() != nil { extensions.insert(name) }
            }
        } catch let error as SSHError where error.code == .channelFailed || error.code == .closed {
            throw Self.unavailable(error.message)
        }
    }

    static func unavailable(_ why: String) -> SSHError {
        SSHError(
            .fileSystemUnavailable,
            "the server offers no files (its sshd_config needs \"Subsystem sftp internal-sftp\"): \(why)")
    }

    var replacesByRename: Bool { extensions.contains("posix-rename@openssh.com") }
}

extension SSHConnection {
    /// Opens the server's files for as long as the closure works with them.
    ///
    /// - Parameters:
    ///   - deadline: For each operation.
    ///   - window: Bytes the server may send ahead: what bounds a download's rate at a distance.
    /// - Throws: ``SSHError``, with code ``SSHError/Code-swift.enum/fileSystemUnavailable`` when the server has no SFTP
    ///   subsystem; or what `body` threw.
    public nonisolated func withFileSystem<Value: Sendable>(
        deadline: Duration = .seconds(60), window: Int = 4 << 20, _ body: (SSHFileSystem) async throws -> Value
    ) async throws -> Value {
        let id = newID()
        do {
            try await withTaskCancellationHandler {
                try await open(id, .subsystem("sftp", window: window))
            } onCancel: {
                cancel(id)
            }
        } catch let error as SSHError where error.code == .channelFailed {
            throw SSHFileSystem.unavailable(error.message)
        }
        defer { onLoop { $0.abandon(id, SSHError(.closed, "the file system's scope has ended")) } }
        let files = SSHFileSystem(self, id, deadline: deadline)
        try await files.begin()
        return try await body(files)
    }
}
