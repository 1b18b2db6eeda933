import Crypto
import Glibc

/// A log file that only grows: written where it ends for whoever writes it, 0600, never through a link somebody planted.
///
/// Each piece is written at its own offset and not at the file's end: a keeper that was stopped, and goes on although another
/// has taken over, writes the same bytes to the same places.
///
/// Blocking; its owner calls it off the cooperative pool.
struct AppendFile: ~Copyable {
    private let descriptor: Int32
    private let path: String
    private(set) var length: Int64

    init(path: String) throws {
        let descriptor = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw FileTrouble.system(path) }
        self.descriptor = descriptor
        self.path = path
        self.length = Int64(lseek(descriptor, 0, SEEK_END))
    }

    deinit { close(descriptor) }

    /// All of `bytes` or, after an error, nothing of them.
    mutating func append(_ bytes: [UInt8]) throws {
        var written = 0
        while written < bytes.count {
            let offset = off_t(length) + off_t(written)
            let count = bytes[written...].withUnsafeBytes { pwrite(descriptor, $0.baseAddress, $0.count, offset) }
            if count < 0 {
                if errno == EINTR { continue }
                let trouble = FileTrouble.system(path)
                // A half-written chunk would be counted as delivered and then lost.
                if lseek(descriptor, 0, SEEK_END) <= offset { ftruncate(descriptor, off_t(length)) }
                throw trouble
            }
            written += count
        }
        length += Int64(written)
    }

    /// Whether its path still leads to this very file.
    var isInPlace: Bool {
        var (own, there) = (stat(), stat())
        return fstat(descriptor, &own) == 0 && lstat(path, &there) == 0
            && (own.st_dev, own.st_ino) == (there.st_dev, there.st_ino)
    }

    /// Whether somebody has removed it: what is written to it then is gone with it. One that was moved is still there.
    var hasVanished: Bool {
        var own = stat()
        return fstat(descriptor, &own) == 0 && own.st_nlink == 0
    }

    /// Makes the content durable and hashes it.
    /// - Returns: lower-case hex SHA-256.
    func digest() throws -> String {
        guard fsync(descriptor) == 0 else { throw FileTrouble.system(path) }
        var hash = SHA256()
        var buffer = [UInt8](repeating: 0, count: 256 * 1024)
        var offset: off_t = 0
        while true {
            let count = buffer.withUnsafeMutableBytes { pread(descriptor, $0.baseAddress, $0.count, offset) }
            if count < 0 {
                if errno == EINTR { continue }
                throw FileTrouble.system(path)
            }
            if count == 0 { break }
            buffer.withUnsafeBytes { hash.update(bufferPointer: UnsafeRawBufferPointer(rebasing: $0[..<count])) }
            offset += off_t(count)
        }
        return hash.finalize().map { byte in
            let digits = Array("0123456789abcdef")
            return "\(digits[Int(byte >> 4)])\(digits[Int(byte & 15)])"
        }.joined()
    }
}
