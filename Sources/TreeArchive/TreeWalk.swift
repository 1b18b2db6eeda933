internal import Glibc

/// Walks a folder in byte order of names, without what its ignore files exclude.
struct TreeWalk {
    static let ignoreFiles = [".gitignore", ".mayflyignore"]
    /// The archive's last entry, by which a cut stream is told from a whole one.
    static let endMark = ".mayfly-end"

    struct Item {
        /// Relative to the folder.
        var path: [UInt8]
        var status: stat
    }

    let folder: String
    private(set) var warnings: [String] = []

    init(folder: String) { self.folder = folder }

    /// Calls `visit` for every file, folder and link that is kept; parents come before their content.
    mutating func run(_ visit: (Item) throws -> Void) throws {
        var rules = IgnoreRules()
        let base = Self.repositoryPath(of: folder)
        addOuterRules(&rules, base)
        try walk([], prefix: base, rules, visit)
    }

    private mutating func walk(
        _ relative: [UInt8], prefix: [UInt8], _ outer: IgnoreRules, _ visit: (Item) throws -> Void
    ) throws {
        let absolute = relative.isEmpty ? folder : folder + "/" + String(decoding: relative, as: UTF8.self)
        guard let names = FileNames.sorted(in: folderBytes(relative)) else {
            let words = "\(absolute) cannot be read: \(systemMessage())"
            if relative.isEmpty { throw TreeArchiveError(code: .unreadableFolder, message: words) }
            throw TreeArchiveError(
                code: .unreadableFile, message: words + "; exclude it in .mayflyignore or fix its rights")
        }
        var rules = outer
        let here = prefix.isEmpty || relative.isEmpty ? prefix + relative : prefix + [slash] + relative
        for file in Self.ignoreFiles where names.contains(Array(file.utf8)) {
            if let text = FileNames.content(of: folderBytes(relative) + [slash] + Array(file.utf8)) {
                rules.add(IgnoreRule.parse(text), prefix: here.isEmpty ? 0 : here.count + 1)
            }
        }
        for name in names {
            if name == Array(".git".utf8) || (relative.isEmpty && name == Array(Self.endMark.utf8)) { continue }
            let path = relative.isEmpty ? name : relative + [slash] + name
            var status = stat()
            guard withPath(folderBytes(path), { lstat($0, &status) }) == 0 else { continue }
            let isFolder = status.st_mode & S_IFMT == S_IFDIR
            let full = here.isEmpty ? name : here + [slash] + name
            if rules.ignores(full, isFolder: isFolder) { continue }
            switch status.st_mode & S_IFMT {
            case S_IFDIR:
                try visit(Item(path: path, status: status))
                try walk(path, prefix: prefix, rules, visit)
            case S_IFREG, S_IFLNK:
                try visit(Item(path: path, status: status))
            default:
                warnings.append("\(printable(path)) was left out: neither file, folder nor link")
            }
        }
    }

    private var slash: UInt8 { UInt8(ascii: "/") }

    private func folderBytes(_ relative: [UInt8]) -> [UInt8] {
        relative.isEmpty ? Array(folder.utf8) : Array(folder.utf8) + [slash] + relative
    }

    /// The folder's path below the root of its git work tree; empty when it is that root or in none.
    private static func repositoryPath(of folder: String) -> [UInt8] {
        guard let resolved = realpath(folder, nil) else { return [] }
        defer { free(resolved) }
        let whole = Array(String(cString: resolved).utf8)
        var length = whole.count
        while length > 0 {
            var status = stat()
            if withPath(Array(whole[..<length]) + Array("/.git".utf8), { lstat($0, &status) }) == 0 {
                return Array(whole[min(length + 1, whole.count)...])
            }
            guard let cut = whole[..<length].lastIndex(of: UInt8(ascii: "/")) else { break }
            length = cut
        }
        return []
    }

    /// `.gitignore` files between the work tree's root and the folder apply to it as well.
    private func addOuterRules(_ rules: inout IgnoreRules, _ base: [UInt8]) {
        guard !base.isEmpty, let resolved = realpath(folder, nil) else { return }
        defer { free(resolved) }
        let whole = Array(String(cString: resolved).utf8)
        let root = whole.count - base.count
        var prefix = 0
        for component in base.split(separator: slash) {
            let path = Array(whole[..<(root + prefix)]) + Array(".gitignore".utf8)
            if let text = FileNames.content(of: path) { rules.add(IgnoreRule.parse(text), prefix: prefix) }
            prefix += component.count + 1
        }
    }
}
