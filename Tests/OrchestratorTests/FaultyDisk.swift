import Foundation
import GRDBSQLite
import Synchronization

/// What SQLite takes for the file system below one folder: it counts what is written and flushed there, lets the Nth of
/// it fail, and knows what a power cut would leave.
///
/// SQLite's own `unix` VFS does the work, locks and shared memory included; only these calls are looked at first
/// (https://www.sqlite.org/vfs.html). Files elsewhere are passed through untouched.
final class FaultyDisk: Sendable {
    /// What becomes of the operation that is hit.
    enum Fault: Int32, CaseIterable {
        case writeError = 778  // SQLITE_IOERR_WRITE
        case full = 13  // SQLITE_FULL
        case flushError = 1034  // SQLITE_IOERR_FSYNC
    }

    /// What of the writes that were never flushed has reached the disk when the power goes.
    enum Cut: CaseIterable { case nothing, everything, half, onlyTheLast }

    private enum Change {
        case write(offset: Int, bytes: [UInt8])
        case truncate(Int)
    }

    private struct File {
        var flushed: [UInt8] = []
        var pending: [Change] = []
    }

    private struct State {
        var files: [String: File] = [:]
        var operations = 0
        var isArmed = false
        var hit: (operation: Int, fault: Fault, stays: Bool)?
        var onHit: (@Sendable () -> Void)?
    }

    let folder: String
    private let state = Mutex(State())

    init(folder: String) {
        self.folder = folder
        Shim.install()
        Shim.disks.withLock { $0[folder] = self }
    }

    /// Lets go of everything: what is done on a hit may hold the whole world.
    func remove() {
        Shim.disks.withLock { $0[folder] = nil }
        state.withLock { $0 = State() }
    }

    /// Counts from now on.
    /// - Parameters:
    ///   - operation: which one from now is hit, from 1.
    ///   - stays: whether all later ones fail too.
    func arm(
        failing operation: Int? = nil, _ fault: Fault = .writeError, stays: Bool = false,
        onHit: (@Sendable () -> Void)? = nil
    ) {
        state.withLock { state in
            state.isArmed = true
            state.operations = 0
            state.hit = operation.map { ($0, fault, stays) }
            state.onHit = onHit
        }
    }

    func heal() { state.withLock { $0.hit = nil } }

    /// Writes, flushes and truncations since it was armed.
    var operations: Int { state.withLock { $0.operations } }

    /// - Returns: SQLite's code when it fails.
    private func count() -> Int32 {
        let (code, onHit) = state.withLock { state -> (Int32, (@Sendable () -> Void)?) in
            guard state.isArmed else { return (0, nil) }
            state.operations += 1
            guard let hit = state.hit else { return (0, nil) }
            if state.operations == hit.operation { return (hit.fault.rawValue, state.onHit) }
            return (hit.stays && state.operations > hit.operation ? hit.fault.rawValue : 0, nil)
        }
        onHit?()
        return code
    }

    // MARK: What the shim reports

    fileprivate func write(_ path: String, _ bytes: UnsafeRawBufferPointer, at offset: Int) -> Int32 {
        let code = count()
        if code == 0 { change(path, .write(offset: offset, bytes: Array(bytes))) }
        return code
    }

    fileprivate func truncate(_ path: String, _ length: Int) -> Int32 {
        let code = count()
        if code == 0 { change(path, .truncate(length)) }
        return code
    }

    fileprivate func flush(_ path: String) -> Int32 {
        let code = count()
        guard code == 0 else { return code }
        state.withLock { state in
            var file = state.files[path] ?? File()
            for change in file.pending { Self.apply(change, to: &file.flushed) }
            file.pending = []
            state.files[path] = file
        }
        return code
    }

    fileprivate func delete(_ path: String) { state.withLock { $0.files[path] = nil } }

    private func change(_ path: String, _ change: Change) {
        state.withLock { $0.files[path, default: File()].pending.append(change) }
    }

    private static func apply(_ change: Change, to bytes: inout [UInt8]) {
        switch change {
        case .write(let offset, let new):
            if bytes.count < offset + new.count {
                bytes += [UInt8](repeating: 0, count: offset + new.count - bytes.count)
            }
            bytes.replaceSubrange(offset..<offset + new.count, with: new)
        case .truncate(let length):
            if bytes.count > length { bytes.removeLast(bytes.count - length) }
        }
    }

    // MARK: The power cut

    /// Copies what a power cut at this moment leaves of a database and its log to another path.
    func copy(_ path: String, after cut: Cut, to target: String) throws {
        for suffix in ["", "-wal"] {
            guard let file = state.withLock({ $0.files[path + suffix] }) else { continue }
            var bytes = file.flushed
            switch cut {
            case .nothing: break
            case .everything: for change in file.pending { Self.apply(change, to: &bytes) }
            case .half:
                for change in file.pending.prefix((file.pending.count + 1) / 2) {
                    guard case .write(let offset, let new) = change else { continue }
                    Self.apply(.write(offset: offset, bytes: Array(new.prefix(new.count / 2))), to: &bytes)
                }
            case .onlyTheLast: if let last = file.pending.last { Self.apply(last, to: &bytes) }
            }
            try Data(bytes).write(to: URL(fileURLWithPath: target + suffix))
        }
    }
}

/// The one VFS of this process, and whose files it has open.
private enum Shim {
    typealias FilePointer = UnsafeMutablePointer<sqlite3_file>
    typealias Methods = UnsafePointer<sqlite3_io_methods>

    static let disks = Mutex<[String: FaultyDisk]>([:])
    /// Open files by their address: whose, and their path.
    nonisolated(unsafe) private static var open: [UInt: (disk: FaultyDisk, path: String, original: UInt)] = [:]
    nonisolated(unsafe) private static var tables: [UInt: UInt] = [:]
    private static let lock = Mutex(())

    nonisolated(unsafe) private static let original: UnsafeMutablePointer<sqlite3_vfs> = sqlite3_vfs_find(nil)

    static func install() { _ = installed }

    private static let installed: Bool = {
        let vfs = UnsafeMutablePointer<sqlite3_vfs>.allocate(capacity: 1)
        vfs.initialize(to: original.pointee)
        vfs.pointee.pNext = nil
        vfs.pointee.zName = UnsafePointer(strdup("mayfly-faulty"))
        vfs.pointee.xOpen = { _, name, file, flags, outFlags in
            let code = Shim.original.pointee.xOpen(Shim.original, name, file, flags, outFlags)
            if code == 0, let name, let file { Shim.adopt(file, String(cString: name)) }
            return code
        }
        vfs.pointee.xDelete = { _, name, sync in
            let code = Shim.original.pointee.xDelete(Shim.original, name, sync)
            if code == 0, let name {
                let path = String(cString: name)
                Shim.disk(of: path)?.delete(path)
            }
            return code
        }
        return sqlite3_vfs_register(vfs, 1) == 0
    }()

    private static func disk(of path: String) -> FaultyDisk? {
        disks.withLock { disks in disks.first { path.hasPrefix($0.key + "/") }?.value }
    }

    private static func adopt(_ file: FilePointer, _ path: String) {
        guard let disk = disk(of: path), let methods = file.pointee.pMethods else { return }
        lock.withLock { _ in
            let original = UInt(bitPattern: methods)
            open[UInt(bitPattern: file)] = (disk, path, original)
            file.pointee.pMethods = Methods(bitPattern: tables[original] ?? makeTable(methods))
        }
    }

    /// The same methods with ours in front. Made once for each of SQLite's tables; called under the lock.
    private static func makeTable(_ methods: Methods) -> UInt {
        let table = UnsafeMutablePointer<sqlite3_io_methods>.allocate(capacity: 1)
        table.initialize(to: methods.pointee)
        table.pointee.xWrite = { file, bytes, count, offset in
            let (disk, path, methods) = Shim.find(file)
            let buffer = UnsafeRawBufferPointer(start: bytes, count: Int(count))
            let code = disk.write(path, buffer, at: Int(offset))
            return code == 0 ? methods.pointee.xWrite(file, bytes, count, offset) : code
        }
        table.pointee.xTruncate = { file, length in
            let (disk, path, methods) = Shim.find(file)
            let code = disk.truncate(path, Int(length))
            return code == 0 ? methods.pointee.xTruncate(file, length) : code
        }
        table.pointee.xSync = { file, flags in
            let (disk, path, methods) = Shim.find(file)
            let code = disk.flush(path)
            return code == 0 ? methods.pointee.xSync(file, flags) : code
        }
        table.pointee.xClose = { file in
            let (_, _, methods) = Shim.find(file)
            Shim.lock.withLock { _ in Shim.open[UInt(bitPattern: file)] = nil }
            return methods.pointee.xClose(file)
        }
        tables[UInt(bitPattern: methods)] = UInt(bitPattern: table)
        return UInt(bitPattern: table)
    }

    private static func find(_ file: FilePointer?) -> (FaultyDisk, String, Methods) {
        lock.withLock { _ in
            guard let file, let found = open[UInt(bitPattern: file)], let methods = Methods(bitPattern: found.original)
            else { preconditionFailure("SQLite speaks of a file that was never opened") }
            return (found.disk, found.path, methods)
        }
    }
}
