public import NIOCore

/// A file of the server that is open. Belongs to its ``SSHFileSystem`` and ends with it.
public struct SSHRemoteFile: Sendable {
    /// What it is opened for.
    public enum Mode: Sendable, Hashable {
        case read
        /// A new file with these rights; one that is there is an error.
        case create(permissions: UInt32)
        /// A new file, or one that is there, emptied.
        case replace(permissions: UInt32)
    }

    let files: SSHFileSystem
    let handle: [UInt8]
    let words: String

    /// Up to `count` bytes from `offset` on; fewer only at the file's end. Asked for in pieces and at once: a round trip each
    /// would take time at a distance.
    public func read(at offset: UInt64, upTo count: Int) async throws -> ByteBuffer {
        try await files.read(handle, at: offset, upTo: count, words)
    }

    /// Writes all of it.
    public func write(_ bytes: ByteBuffer, at offset: UInt64) async throws {
        try await files.write(handle, bytes, at: offset, words)
    }

    /// Sets rights, times, or both.
    public func setAttributes(_ attributes: SSHFileAttributes) async throws {
        try await files.setAttributes(attributes, handle, words)
    }

    public func close() async throws { try await files.close(handle, words) }
}

extension SSHFileSystem {
    /// Opens a file, hands it over, and closes it whatever happens.
    public nonisolated func withFile<Value: Sendable>(
        _ path: some Sequence<UInt8>, _ mode: SSHRemoteFile.Mode, _ body: (SSHRemoteFile) async throws -> Value
    ) async throws -> Value {
        let file = try await open(Array(path), mode)
        let value: Value
        do {
            value = try await body(file)
        } catch {
            try? await file.close()
            throw error
        }
        try await file.close()
        return value
    }

    private func open(_ path: [UInt8], _ mode: SSHRemoteFile.Mode) async throws -> SSHRemoteFile {
        var body = SSHBlobWriter()
        body.string(path)
        switch mode {
        case .read:
            body.integer(SFTPMessage.Flags.read)
            body.attributes(SSHFileAttributes())
        case .create(let permissions):
            body.integer(SFTPMessage.Flags.write | SFTPMessage.Flags.create | SFTPMessage.Flags.exclusive)
            body.attributes(SSHFileAttributes(permissions: permissions))
        case .replace(let permissions):
            body.integer(SFTPMessage.Flags.write | SFTPMessage.Flags.create | SFTPMessage.Flags.truncate)
            body.attributes(SSHFileAttributes(permissions: permissions))
        }
        let words = printable(String(decoding: path, as: UTF8.self))
        return try await exclusively {
            var rest = try Self.expect(.handle, try await request(.open, body.bytes), words)
            guard let handle = rest.string(), handle.count <= 256 else { throw Self.nonsense }
            return SSHRemoteFile(files: self, handle: handle, words: words)
        }
    }

    fileprivate func setAttributes(
        _ attributes: SSHFileAttributes, _ handle: [UInt8], _ words: String
    ) async throws {
        var body = SSHBlobWriter()
        body.string(handle)
        body.attributes(attributes)
        try await exclusively { try Self.expectDone(try await request(.setHandleAttributes, body.bytes), words) }
    }

    fileprivate func write(
        _ handle: [UInt8], _ bytes: ByteBuffer, at offset: UInt64, _ words: String
    ) async throws {
        var (rest, position, bodies) = (bytes, offset, [[UInt8]]())
        while let piece = rest.readBytes(length: min(rest.readableBytes, SFTPMessage.piece)), !piece.isEmpty {
            var body = SSHBlobWriter()
            body.string(handle)
            body.wide(position)
            body.string(piece)
            bodies.append(body.bytes)
            position += UInt64(piece.count)
        }
        guard !bodies.isEmpty else { return }
        let requests = bodies
        try await exclusively {
            var waiting = Set(try await send(.write, requests))
            while !waiting.isEmpty {
                let (number, kind, body) = try await answer(to: waiting)
                waiting.remove(number)
                try Self.expectDone((kind, body), words)
            }
        }
    }

    fileprivate func read(
        _ handle: [UInt8], at offset: UInt64, upTo count: Int, _ words: String
    ) async throws -> ByteBuffer {
        var bytes = ByteBuffer()
        var wanted = stride(from: 0, to: max(0, count), by: SFTPMessage.piece).map { start in
            Piece(offset: offset + UInt64(start), count: min(SFTPMessage.piece, count - start))
        }
        // A server may give less than it was asked for; what is missing is asked for again, until the file ends.
        while !wanted.isEmpty {
            let pieces = wanted
            let found = try await exclusively { try await read(handle, pieces, words) }
            wanted = []
            for (piece, data) in zip(pieces, found) {
                bytes.writeBytes(data)
                guard !data.isEmpty else { return bytes }
                guard data.count == piece.count else {
                    // Whatever came behind the gap is read again, in order.
                    let next = piece.offset + UInt64(data.count)
                    let left = Int(offset + UInt64(count) - next)
                    wanted = stride(from: 0, to: left, by: SFTPMessage.piece).map { start in
                        Piece(offset: next + UInt64(start), count: min(SFTPMessage.piece, left - start))
                    }
                    break
                }
            }
        }
        return bytes
    }

    private struct Piece {
        let offset: UInt64
        let count: Int
    }

    /// Empty where the file ends before a piece begins.
    private func read(_ handle: [UInt8], _ pieces: [Piece], _ words: String) async throws -> [[UInt8]] {
        let numbers = try await send(
            .read,
            pieces.map { piece in
                var body = SSHBlobWriter()
                body.string(handle)
                body.wide(piece.offset)
                body.integer(UInt32(clamping: piece.count))
                return body.bytes
            })
        var found: [UInt32: [UInt8]] = [:]
        var waiting = Set(numbers)
        while !waiting.isEmpty {
            let (number, kind, body) = try await answer(to: waiting)
            waiting.remove(number)
            var rest = body
            if kind == SFTPMessage.Kind.status.rawValue {
                if rest.integer() == SFTPMessage.Status.endOfFile { continue }
            }
            var data = try Self.expect(.data, (kind, body), words)
            guard let bytes = data.string(), let index = numbers.firstIndex(of: number),
                bytes.count <= pieces[index].count, !bytes.isEmpty
            else { throw Self.nonsense }
            found[number] = bytes
        }
        return numbers.map { found[$0] ?? [] }
    }
}
