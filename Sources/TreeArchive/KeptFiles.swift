internal import Crypto
internal import Glibc

/// What earlier streams brought into a stage's staging, and the journal of what this one brings.
final class KeptFiles {
    private let stage: TreeStage
    private let journal: ArrivalJournal
    private var folders: [String: DestinationFolder] = [:]
    private(set) var adopted = 0
    /// Files whose content is not what the instance has.
    private(set) var stale = 0

    init(_ stage: TreeStage) {
        self.stage = stage
        journal = ArrivalJournal(path: stage.journal)
    }

    /// A file of this stream is whole.
    func note(_ file: KeptFile) { journal.add(file) }

    /// Takes a file over if it is what the instance has; if not, it goes.
    /// - Returns: its length; `nil` when there is none of this content.
    func adopt(
        _ path: [UInt8], _ digest: [UInt8], into folder: DestinationFolder, unless hasGivenUp: () -> Bool
    ) throws -> Int64? {
        guard let file = stage.kept[path] else { return nil }
        let components = path.split(separator: UInt8(ascii: "/")).map(Array.init)
        let source = try folders[file.tree] ?? DestinationFolder(path: file.tree)
        folders[file.tree] = source
        guard let descriptor = source.openFile(components) else { return nil }
        defer { close(descriptor) }
        guard let sum = Self.sum(descriptor, unless: hasGivenUp) else { return nil }
        guard sum == digest else {
            source.remove(components)
            stale += 1
            return nil
        }
        // On record first: what is not there is no harm.
        journal.add(file)
        try folder.adopt(components, from: source)
        adopted += 1
        return file.size
    }

    /// - Returns: `nil` when it cannot be read, or nobody waits any more.
    private static func sum(_ descriptor: Int32, unless hasGivenUp: () -> Bool) -> [UInt8]? {
        var hasher = SHA256()
        var buffer = [UInt8](repeating: 0, count: 1 << 20)
        while !hasGivenUp() {
            let count = buffer.withUnsafeMutableBytes { readSome(descriptor, $0) }
            guard count >= 0 else { return nil }
            if count == 0 { return Array(hex(hasher.finalize()).utf8) }
            buffer.withUnsafeBytes { hasher.update(bufferPointer: UnsafeRawBufferPointer(rebasing: $0[..<count])) }
        }
        return nil
    }
}
