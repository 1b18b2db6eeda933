internal import CLibArchive
internal import Crypto
internal import Glibc

/// Runs on the receiver's thread: pulls the archive apart and judges it at its end.
final class TreeExtractor {
    static let manifestName = Array(".mayfly-manifest".utf8)

    private struct Link {
        let components: [[UInt8]]
        let target: [UInt8]
    }

    /// The archive is of no more use; what arrived stays and is judged.
    private struct Broken: Error {
        let message: String
    }

    private let feed: ReceiverFeed
    private let folder: DestinationFolder
    private let limits: TreeLimits
    private let kept: KeptFiles?
    /// What libarchive reads from; valid until its next pull.
    private let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 16)
    private var pending: ArraySlice<UInt8> = []

    private var manifest: TreeManifest
    private var hasManifest = false
    private var arrived: [[UInt8]: [UInt8]] = [:]
    private var files: [TreeReport.File] = []
    private var links: [Link] = []
    /// Get their rights and times last, when nothing is made in them any more.
    private var folders: [(components: [[UInt8]], metadata: DestinationFolder.Metadata)] = []
    private var skipped: [String] = []
    private var isComplete = true
    private var leavesFiles = false
    private var unverified: Set<[UInt8]> = []
    private var entries = 0
    private var written: Int64 = 0

    init(feed: ReceiverFeed, folder: DestinationFolder, limits: TreeLimits, kept: KeptFiles? = nil) {
        self.feed = feed
        self.folder = folder
        self.limits = limits
        self.kept = kept
        manifest = TreeManifest(limit: limits.entries)
    }

    deinit { buffer.deallocate() }

    func run() throws -> TreeReport {
        do {
            try extract()
        } catch let broken as Broken {
            problem(broken.message)
        }
        guard !feed.hasGivenUp else { throw TreeArchiveError(code: .ended, message: "the receiver was given up") }
        if manifest.isWhole { adoptKept() }
        makeLinks()
        for (components, metadata) in folders.reversed() { folder.apply(metadata, to: components) }
        judge()
        try folder.synchronize()
        var report = TreeReport(
            files: files, skipped: skipped, complete: isComplete, leavesFiles: leavesFiles,
            isWhole: manifest.isWhole, unverified: unverified)
        report.kept = kept?.adopted ?? 0
        report.stale = kept?.stale ?? 0
        return report
    }

    // MARK: Reading

    private func extract() throws {
        guard let archive = archive_read_new() else {
            throw TreeArchiveError(code: .archiveFailed, message: "no memory for an archive")
        }
        defer { archive_read_free(archive) }
        // Only tar, no filters: a hostile stream reaches no other parser.
        archive_read_support_format_tar(archive)
        archive_read_set_format_option(archive, "tar", "read_concatenated_archives", "1")
        let status = archive_read_open(
            archive, Unmanaged.passUnretained(self).toOpaque(), nil,
            { _, client, block in
                guard let client, let block else { return -1 }
                return Unmanaged<TreeExtractor>.fromOpaque(client).takeUnretainedValue().refill(block)
            }, nil)
        guard status == ARCHIVE_OK else { throw broken(archive) }
        while true {
            var entry: OpaquePointer?
            let status = archive_read_next_header(archive, &entry)
            if status == ARCHIVE_EOF { return }
            guard status >= ARCHIVE_WARN, let entry else { throw broken(archive) }
            entries += 1
            guard entries <= limits.entries else {
                throw Broken(message: "the rest was skipped: more than \(limits.entries) entries")
            }
            do {
                try take(entry, of: archive)
            } catch let refused as DestinationFolder.Refused {
                problem(refused.message)
            }
        }
    }

    private func refill(_ block: UnsafeMutablePointer<UnsafeRawPointer?>) -> Int {
        if pending.isEmpty { pending = feed.pull()?[...] ?? [] }
        let count = min(pending.count, buffer.count)
        pending.withUnsafeBytes { buffer.copyMemory(from: UnsafeRawBufferPointer(rebasing: $0[..<count])) }
        pending = pending.dropFirst(count)
        block.pointee = UnsafeRawPointer(buffer.baseAddress)
        return count
    }

    private func broken(_ archive: OpaquePointer) -> Broken {
        let words = archive_error_string(archive).map { printable(String(cString: $0).utf8) } ?? "unknown error"
        return Broken(message: "the stream of outputs is damaged or ended early: \(words)")
    }

    // MARK: Entries

    private func take(_ entry: OpaquePointer, of archive: OpaquePointer) throws {
        guard let name = Self.bytes(archive_entry_pathname(entry)) ?? Self.bytes(archive_entry_pathname_utf8(entry))
        else {
            return problem("an entry without a readable name was skipped")
        }
        let components = name.split(separator: UInt8(ascii: "/")).map(Array.init).filter { $0 != [0x2e] }
        guard name.first != UInt8(ascii: "/"), !components.contains([0x2e, 0x2e]) else {
            return problem("\(printable(name)) was skipped: it leads out of the results folder")
        }
        let type = mode_t(archive_entry_filetype(entry)) & S_IFMT
        if archive_entry_hardlink(entry) != nil {
            return problem("\(printable(name)) was skipped: a hard link")
        }
        guard !components.isEmpty else { return }
        switch type {
        case S_IFREG:
            if components == [Self.manifestName] {
                try takeManifest(archive)
            } else {
                try takeFile(components, entry, archive)
            }
        case S_IFDIR:
            try folder.makeFolder(components)
            if limits.keepsMetadata { folders.append((components, DestinationFolder.Metadata(entry))) }
        case S_IFLNK:
            guard
                let target = Self.bytes(archive_entry_symlink(entry)) ?? Self.bytes(archive_entry_symlink_utf8(entry)),
                LinkTarget.staysInside(target, depth: linkDepth(components))
            else { return note("\(printable(name)) was skipped: a link that leads out of the results folder") }
            // Made last, so that nothing can be written through one.
            links.append(Link(components: components, target: target))
        default:
            note("\(printable(name)) was skipped: neither file, folder nor link")
        }
    }

    /// From where a link may climb. What a copy brings is put among other things: there it stays inside its own item.
    private func linkDepth(_ components: [[UInt8]]) -> Int {
        max(0, components.count - (limits.keepsMetadata ? 2 : 1))
    }

    private func takeFile(_ components: [[UInt8]], _ entry: OpaquePointer, _ archive: OpaquePointer) throws {
        let size = max(0, archive_entry_size(entry))
        let descriptor = try folder.makeFile(components, isExecutable: archive_entry_perm(entry) & 0o111 != 0)
        defer { close(descriptor) }
        var hasher = SHA256()
        var position: Int64 = 0
        while true {
            var block: UnsafeRawPointer?
            var count = 0
            var offset: la_int64_t = 0
            let status = archive_read_data_block(archive, &block, &count, &offset)
            if status == ARCHIVE_EOF { break }
            guard status >= ARCHIVE_WARN else {
                folder.remove(components)
                throw broken(archive)
            }
            guard count > 0 else { continue }
            guard offset >= position, offset <= size, Int64(count) <= size - offset else {
                folder.remove(components)
                throw Broken(message: "the stream of outputs is damaged: its sparse map makes no sense")
            }
            try addZeros(offset - position, to: &hasher)
            let bytes = UnsafeRawBufferPointer(start: block, count: count)
            written += Int64(count)
            guard written <= limits.bytes else {
                folder.remove(components)
                throw Broken(message: "the rest was skipped: more than \(limits.bytes) bytes")
            }
            let number = writeFully(descriptor, bytes, at: offset)
            guard number == 0 else { throw DestinationFolder.failed(Self.text(components), number) }
            hasher.update(bufferPointer: bytes)
            position = offset + Int64(count)
        }
        try addZeros(size - position, to: &hasher)
        guard ftruncate(descriptor, off_t(size)) == 0 else {
            throw DestinationFolder.failed(Self.text(components), errno)
        }
        if limits.keepsMetadata {
            DestinationFolder.Metadata(entry).apply(to: descriptor)
        }
        let path = Self.joined(components)
        arrived[path] = Array(hex(hasher.finalize()).utf8)
        kept?.note(
            KeptFile(
                path: path, size: size, modified: Int64(archive_entry_mtime(entry)),
                permissions: UInt32(archive_entry_perm(entry)) & 0o7777))
        files.append(TreeReport.File(path: Self.text(components), bytes: size))
    }

    private static let zeros = [UInt8](repeating: 0, count: 1 << 20)

    private func addZeros(_ count: Int64, to hasher: inout SHA256) throws {
        var left = count
        while left > 0 {
            // A hole can claim exabytes; hashing it must end when nobody waits any more.
            if feed.hasGivenUp { throw Broken(message: "given up") }
            let part = Int(min(left, Int64(Self.zeros.count)))
            Self.zeros.withUnsafeBytes { hasher.update(bufferPointer: UnsafeRawBufferPointer(rebasing: $0[..<part])) }
            left -= Int64(part)
        }
    }

    private func takeManifest(_ archive: OpaquePointer) throws {
        guard !hasManifest else { throw Broken(message: "the stream of outputs is damaged: two manifests") }
        hasManifest = true
        while true {
            var block: UnsafeRawPointer?
            var count = 0
            var offset: la_int64_t = 0
            let status = archive_read_data_block(archive, &block, &count, &offset)
            if status == ARCHIVE_EOF { return }
            guard status >= ARCHIVE_WARN else { throw broken(archive) }
            guard manifest.take(UnsafeRawBufferPointer(start: block, count: count)) else {
                throw Broken(message: "the stream of outputs is damaged: its manifest makes no sense")
            }
        }
    }

    // MARK: Judging

    /// What the instance offers and did not send again.
    private func adoptKept() {
        guard let kept else { return }
        for path in manifest.offered where arrived[path] == nil {
            guard let digest = manifest.digests[path] else { continue }
            do {
                guard let size = try kept.adopt(path, digest, into: folder, unless: { feed.hasGivenUp }) else {
                    continue
                }
                arrived[path] = digest
                files.append(TreeReport.File(path: printable(path), bytes: size))
            } catch let refused as DestinationFolder.Refused {
                problem(refused.message)
            } catch {
                problem("\(printable(path)) was skipped: \(error)")
            }
        }
    }

    private func makeLinks() {
        var made: [Link] = []
        for link in links {
            do {
                try folder.makeLink(link.components, to: link.target)
                made.append(link)
            } catch let refused as DestinationFolder.Refused {
                problem(refused.message)
            } catch {
                problem("\(Self.text(link.components)) was skipped: \(error)")
            }
        }
        for link in made where !folder.exists(link.components) {
            if limits.keepsMetadata, link.components.count == 1 {
                // Beside what it is put among it could lead to something of the receiver's.
                folder.remove(link.components)
                note(
                    "\(Self.text(link.components)) was skipped: a link to \(printable(link.target)), which was not sent"
                )
                continue
            }
            note("\(Self.text(link.components)) leads to \(printable(link.target)), which is not among the outputs")
        }
    }

    private func judge() {
        guard manifest.isWhole else {
            unverified = Set(arrived.keys)
            return problem("the stream of outputs ended before its manifest: more files may be missing")
        }
        var offered: Set<[UInt8]> = []
        for path in manifest.offered where offered.insert(path).inserted {
            switch (arrived[path], manifest.digests[path]) {
            case (nil, _): problem("\(printable(path)) did not arrive")
            case (.some, nil):
                unverified.insert(path)
                problem("\(printable(path)) could not be verified: the instance could not read it twice")
            case (.some(let here), .some(let there)) where here != there:
                unverified.insert(path)
                problem("\(printable(path)) is not what was offered: it changed while it was read, or was damaged")
            default: break
            }
        }
        for file in arrived.keys.sorted(by: { $0.lexicographicallyPrecedes($1) }) where !offered.contains(file) {
            unverified.insert(file)
            problem("\(printable(file)) arrived without being offered: it could not be verified")
        }
        for text in manifest.notes { note(text) }
        for text in manifest.problems { problem(text) }
        for text in manifest.missing {
            isComplete = false
            note(text)
        }
    }

    private func problem(_ text: String) {
        isComplete = false
        leavesFiles = true
        note(text)
    }

    private func note(_ text: String) {
        if skipped.count < 1000 { skipped.append(text) }
        if skipped.count == 1000 { skipped.append("… and more of the like") }
    }

    private static func bytes(_ text: UnsafePointer<CChar>?) -> [UInt8]? {
        text.map { Array(UnsafeRawBufferPointer(start: $0, count: strlen($0))) }
    }

    private static func joined(_ components: [[UInt8]]) -> [UInt8] {
        Array(components.joined(separator: [UInt8(ascii: "/")]))
    }

    private static func text(_ components: [[UInt8]]) -> String { printable(joined(components)) }
}
