import Foundation

#if canImport(Glibc)
    import Glibc
#endif

/// What is left of a home on this machine.
enum Traces {
    struct Process: CustomStringConvertible {
        var pid: pid_t
        var command: String

        var description: String { "\(pid) (\(command))" }
    }

    /// Processes that carry the mark in their arguments or environment, or live on a file system of that home. An
    /// instance's own processes are found by their root's layers.
    static func processes(of mark: String) -> [Process] {
        let entries = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
        return entries.compactMap { pid_t($0) }.sorted().compactMap { pid in
            guard pid != getpid() else { return nil }
            let command = text("/proc/\(pid)/cmdline")
            let places = [command, text("/proc/\(pid)/environ"), text("/proc/\(pid)/mountinfo")]
            // Zombies have none of the three and hold nothing.
            guard places.contains(where: { $0.contains(mark) }) else { return nil }
            return Process(pid: pid, command: command.split(separator: "\0").joined(separator: " "))
        }
    }

    static func mounts(of mark: String) -> [String] {
        text("/proc/self/mountinfo").split(separator: "\n").map(String.init).filter { $0.contains(mark) }
    }

    /// Regular files under a folder, links not followed, as paths below it.
    static func files(under folder: String) -> [String] {
        // What vanishes while it is looked at is no error here.
        guard let walk = FileManager.default.enumerator(atPath: folder) else { return [] }
        var found: [String] = []
        while let path = walk.nextObject() as? String {
            if walk.fileAttributes?[.type] as? FileAttributeType == .typeRegular { found.append(path) }
        }
        return found.sorted()
    }

    /// Files under a folder that hold these bytes.
    static func files(under folder: String, holding text: String) -> [String] {
        files(under: folder).filter { path in
            FileManager.default.contents(atPath: "\(folder)/\(path)")?.range(of: Data(text.utf8)) != nil
        }
    }

    /// Permission bits by path, of everything under a folder but links.
    static func modes(under folder: String) -> [String: Int] {
        guard let walk = FileManager.default.enumerator(atPath: folder) else { return [:] }
        var modes: [String: Int] = [:]
        while let path = walk.nextObject() as? String {
            guard let attributes = walk.fileAttributes,
                attributes[.type] as? FileAttributeType != .typeSymbolicLink,
                let mode = attributes[.posixPermissions] as? NSNumber
            else { continue }
            modes[path] = mode.intValue
        }
        return modes
    }

    static func answers(port: UInt16) -> Bool {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        defer { close(descriptor) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        return withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
            }
        }
    }

    static func text(_ path: String) -> String {
        String(decoding: FileManager.default.contents(atPath: path) ?? Data(), as: UTF8.self)
    }
}
