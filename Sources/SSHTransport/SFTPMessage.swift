import NIOCore

/// The wire of SFTP version 3 (draft-ietf-secsh-filexfer-02), as far as ``SSHFileSystem`` speaks it.
enum SFTPMessage {
    enum Kind: UInt8 {
        case initialise = 1, version, open, close, read, write, linkAttributes, handleAttributes, setAttributes
        case setHandleAttributes, openFolder, readFolder, remove, makeFolder, removeFolder, realPath, attributes, rename
        case readLink, makeLink
        case status = 101, handle, data, names, attributesAnswer
        case extended = 200
    }

    /// Of a status answer.
    enum Status {
        static let ok: UInt32 = 0
        static let endOfFile: UInt32 = 1
    }

    /// Of a file that is opened.
    enum Flags {
        static let read: UInt32 = 1
        static let write: UInt32 = 2
        static let create: UInt32 = 8
        static let truncate: UInt32 = 16
        static let exclusive: UInt32 = 32
    }

    /// No answer is longer: the largest that OpenSSH sends.
    static let longest = 256 << 10
    /// What one request reads or writes: every server takes as much.
    static let piece = 32 << 10

    static func encoded(_ kind: Kind, _ body: [UInt8]) -> [UInt8] {
        var packet = SSHBlobWriter()
        packet.integer(UInt32(clamping: 1 + body.count))
        packet.raw([kind.rawValue])
        packet.raw(body)
        return packet.bytes
    }

    /// Takes the next packet off the buffer; `nil` while it has not arrived whole.
    /// - Throws: ``SSHError`` when the bytes are no packet.
    static func next(of buffer: inout ByteBuffer) throws -> (kind: UInt8, body: SSHBlobReader)? {
        guard let length = buffer.getInteger(at: buffer.readerIndex, as: UInt32.self) else { return nil }
        guard length >= 1, length <= UInt32(longest) else {
            throw SSHError(.protocolError, "the server's file service sent a packet of \(length) bytes")
        }
        guard buffer.readableBytes >= 4 + Int(length) else { return nil }
        buffer.moveReaderIndex(forwardBy: 4)
        guard let kind = buffer.readInteger(as: UInt8.self),
            let body = buffer.readBytes(length: Int(length) - 1)
        else { return nil }
        return (kind, SSHBlobReader(body))
    }
}

extension SSHBlobWriter {
    mutating func wide(_ value: UInt64) {
        integer(UInt32(truncatingIfNeeded: value >> 32))
        integer(UInt32(truncatingIfNeeded: value))
    }

    mutating func attributes(_ value: SSHFileAttributes) {
        let rights = value.permissions
        integer((rights == nil ? 0 : 4) | (value.modified == nil ? 0 : 8))
        if let rights { integer(rights & 0o7777) }
        if let modified = value.modified {
            integer(UInt32(clamping: modified))
            integer(UInt32(clamping: modified))
        }
    }
}

extension SSHBlobReader {
    mutating func wide() -> UInt64? {
        guard let high = integer(), let low = integer() else { return nil }
        return UInt64(high) << 32 | UInt64(low)
    }

    mutating func attributes() -> SSHFileAttributes? {
        guard let flags = integer() else { return nil }
        var found = SSHFileAttributes()
        if flags & 1 != 0 {
            guard let size = wide() else { return nil }
            found.size = size
        }
        if flags & 2 != 0, raw(8) == nil { return nil }
        if flags & 4 != 0 {
            guard let mode = integer() else { return nil }
            found.permissions = mode & 0o7777
            found.kind =
                switch mode & 0o170000 {
                case 0o100000: .file
                case 0o040000: .folder
                case 0o120000: .link
                default: .other
                }
        }
        if flags & 8 != 0 {
            guard integer() != nil, let modified = integer() else { return nil }
            found.modified = Int64(modified)
        }
        if flags & 0x8000_0000 != 0 {
            guard let count = integer(), count <= 1024 else { return nil }
            for _ in 0..<count { guard string() != nil, string() != nil else { return nil } }
        }
        return found
    }
}
