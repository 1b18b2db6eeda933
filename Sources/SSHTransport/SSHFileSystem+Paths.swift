/// Names: what stands under them, and changes to them.
extension SSHFileSystem {
    /// More names than this in one folder are refused: a hostile server may never stop.
    private static let mostNames = 2_000_000

    private func path(_ bytes: some Sequence<UInt8>) -> (body: SSHBlobWriter, words: String) {
        let path = Array(bytes)
        var body = SSHBlobWriter()
        body.string(path)
        return (body, printable(String(decoding: path, as: UTF8.self)))
    }

    /// What stands under a path. A link is told about itself unless it is to be followed.
    /// - Throws: ``SSHError``, with code ``SSHError/Code-swift.enum/noSuchFile`` when nothing does.
    public func attributes(
        of path: some Sequence<UInt8>, followingLinks: Bool = false
    ) async throws -> SSHFileAttributes {
        let (body, words) = self.path(path)
        return try await exclusively {
            let answer = try await request(followingLinks ? .attributes : .linkAttributes, body.bytes)
            var rest = try Self.expect(.attributesAnswer, answer, words)
            guard let found = rest.attributes() else { throw Self.nonsense }
            return found
        }
    }

    /// What is in a folder, without the two dots, in the server's order.
    public func list(_ folder: some Sequence<UInt8>) async throws -> [SSHFileEntry] {
        let (body, words) = path(folder)
        let handle = try await exclusively {
            var rest = try Self.expect(.handle, try await request(.openFolder, body.bytes), words)
            guard let handle = rest.string(), handle.count <= 256 else { throw Self.nonsense }
            return handle
        }
        var entries: [SSHFileEntry] = []
        do {
            while let more = try await next(of: handle, words) {
                entries += more
                guard entries.count <= Self.mostNames else {
                    throw SSHError(.protocolError, "\(words) has more than \(Self.mostNames) names")
                }
            }
        } catch {
            try? await close(handle, words)
            throw error
        }
        try await close(handle, words)
        return entries
    }

    private func next(of handle: [UInt8], _ words: String) async throws -> [SSHFileEntry]? {
        var body = SSHBlobWriter()
        body.string(handle)
        return try await exclusively {
            let answer = try await request(.readFolder, body.bytes)
            if answer.kind == SFTPMessage.Kind.status.rawValue {
                var rest = answer.body
                if rest.integer() == SFTPMessage.Status.endOfFile { return nil }
            }
            var rest = try Self.expect(.names, answer, words)
            guard let count = rest.integer() else { throw Self.nonsense }
            var entries: [SSHFileEntry] = []
            for _ in 0..<count {
                guard let name = rest.string(), rest.string() != nil, let attributes = rest.attributes(),
                    !name.isEmpty, !name.contains(UInt8(ascii: "/")), !name.contains(0)
                else { throw Self.nonsense }
                if name == [0x2e] || name == [0x2e, 0x2e] { continue }
                entries.append(SSHFileEntry(name: name, attributes: attributes))
            }
            return entries
        }
    }

    func close(_ handle: [UInt8], _ words: String) async throws {
        var body = SSHBlobWriter()
        body.string(handle)
        try await exclusively { try Self.expectDone(try await request(.close, body.bytes), words) }
    }

    /// Where a link leads, as it is written in it.
    public func linkTarget(of path: some Sequence<UInt8>) async throws -> [UInt8] { try await name(.readLink, path) }

    /// A path without links and dots, from the root.
    public func realPath(of path: some Sequence<UInt8>) async throws -> [UInt8] { try await name(.realPath, path) }

    private func name(_ kind: SFTPMessage.Kind, _ path: some Sequence<UInt8>) async throws -> [UInt8] {
        let (body, words) = self.path(path)
        return try await exclusively {
            var rest = try Self.expect(.names, try await request(kind, body.bytes), words)
            guard rest.integer() == 1, let name = rest.string(), !name.contains(0) else { throw Self.nonsense }
            return name
        }
    }

    public func makeFolder(_ path: some Sequence<UInt8>, permissions: UInt32 = 0o755) async throws {
        var (body, words) = self.path(path)
        body.attributes(SSHFileAttributes(permissions: permissions))
        try await done(.makeFolder, body.bytes, words)
    }

    /// Makes a link that says `target`. In the order in which OpenSSH's server reads its two paths, which is not the draft's.
    public func makeLink(_ path: some Sequence<UInt8>, to target: some Sequence<UInt8>) async throws {
        var (body, _) = self.path(target)
        let link = self.path(path)
        body.raw(link.body.bytes)
        try await done(.makeLink, body.bytes, link.words)
    }

    /// Sets rights, times, or both.
    public func setAttributes(_ attributes: SSHFileAttributes, of path: some Sequence<UInt8>) async throws {
        var (body, words) = self.path(path)
        body.attributes(attributes)
        try await done(.setAttributes, body.bytes, words)
    }

    /// Renames at once, in place of what has the new name, where the server can (OpenSSH's can). Other servers refuse a name
    /// that is taken.
    public func rename(_ path: some Sequence<UInt8>, to target: some Sequence<UInt8>) async throws {
        let (from, to) = (self.path(path), self.path(target))
        guard replacesByRename else { return try await done(.rename, from.body.bytes + to.body.bytes, from.words) }
        var body = SSHBlobWriter()
        body.string("posix-rename@openssh.com")
        try await done(.extended, body.bytes + from.body.bytes + to.body.bytes, from.words)
    }

    /// A file or a link.
    public func remove(_ path: some Sequence<UInt8>) async throws {
        let (body, words) = self.path(path)
        try await done(.remove, body.bytes, words)
    }

    /// An empty folder.
    public func removeFolder(_ path: some Sequence<UInt8>) async throws {
        let (body, words) = self.path(path)
        try await done(.removeFolder, body.bytes, words)
    }

    private func done(_ kind: SFTPMessage.Kind, _ body: [UInt8], _ words: String) async throws {
        try await exclusively { try Self.expectDone(try await request(kind, body), words) }
    }
}
