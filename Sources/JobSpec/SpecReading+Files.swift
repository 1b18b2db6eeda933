import Foundation
import MayflyCore

extension SpecReading {
    /// "It is limited to 64 KiB in size" (Instances page, `metadata.startup_script`).
    static let startupScriptLimit = 64 * 1024

    /// Relative to the spec's folder, with `.` and `..` resolved by name; `~/` is the user's home.
    func absolute(_ path: String) -> String {
        let expanded =
            path == "~" || path.hasPrefix("~/") ? NSHomeDirectory() + path.dropFirst() : path
        let joined = expanded.hasPrefix("/") ? expanded : directory + "/" + expanded
        return URL(fileURLWithPath: joined).standardizedFileURL.path
    }

    mutating func workdir(_ node: SpecNode) -> String? {
        guard let text = text(node, "`workdir`") else { return nil }
        let path = absolute(text)
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else {
            fail(node.location, "`workdir`: there is no folder \(Quoted(path)) (paths are relative to the spec)")
            return nil
        }
        guard isFolder.boolValue else {
            fail(node.location, "`workdir` must be a folder, and \(Quoted(path)) is a file")
            return nil
        }
        return path
    }

    mutating func startupScript(_ node: SpecNode) -> StartupScript? {
        let text: String?
        let location: SpecLocation
        if case .mapping = node.content {
            guard let fields = fields(node, of: "`startup_script`", known: SpecFields.startupScript) else { return nil }
            guard let file = fields["file"]?.value else {
                if !fields.isEmpty { return nil }
                fail(node.location, "`startup_script` must be text, or `{file: path}`")
                return nil
            }
            location = file.location
            text = self.text(file, "`startup_script.file`").flatMap { readFile($0, at: file.location) }
        } else {
            location = node.location
            text = self.text(node, "`startup_script`")
        }
        guard let text else { return nil }
        guard text.utf8.count <= Self.startupScriptLimit else {
            fail(
                location,
                "`startup_script` has \(text.utf8.count) bytes; the cloud takes at most"
                    + " \(Self.startupScriptLimit) (64 KiB): put the rest in `setup` or in a file of `workdir`")
            return nil
        }
        return StartupScript(text: text)
    }

    private mutating func readFile(_ path: String, at location: SpecLocation) -> String? {
        let path = absolute(path)
        // A FIFO or device would block or never end.
        guard let attributes = try? FileManager.default.attributesOfItem(atPath: Self.resolved(path)) else {
            fail(
                location,
                "`startup_script.file`: there is no file \(Quoted(path)) (paths are relative to the spec)")
            return nil
        }
        guard attributes[.type] as? FileAttributeType == .typeRegular else {
            fail(location, "`startup_script.file` must be a file, and \(Quoted(path)) is something else")
            return nil
        }
        let size = (attributes[.size] as? NSNumber)?.intValue ?? 0
        guard size <= Self.startupScriptLimit else {
            fail(
                location,
                "`startup_script.file`: \(Quoted(path)) has \(size) bytes; the cloud takes at most"
                    + " \(Self.startupScriptLimit) (64 KiB): put the rest in `setup` or in a file of `workdir`")
            return nil
        }
        guard let data = try? Data(contentsOf: URL(fileURLWithPath: path)) else {
            fail(location, "`startup_script.file`: \(Quoted(path)) cannot be read; check its permissions")
            return nil
        }
        guard let text = String(data: data, encoding: .utf8), !text.unicodeScalars.contains("\0") else {
            fail(location, "`startup_script.file`: \(Quoted(path)) is not UTF-8 text")
            return nil
        }
        guard !text.isEmpty else {
            fail(location, "`startup_script.file`: \(Quoted(path)) is empty")
            return nil
        }
        return text
    }

    /// `attributesOfItem` describes a link itself, and a link to a script is a fine script.
    private static func resolved(_ path: String) -> String {
        URL(fileURLWithPath: path).resolvingSymlinksInPath().path
    }
}
