/// What an instance tells of itself after a failure: sections of text, and the verdict that they allow.
///
/// A section begins with `== NAME`; its lines are indented by a blank, so that nothing a job prints can begin one. It comes
/// from a machine that runs strangers' code: nothing in it is more than a hint to a person.
public struct BlackBox: Sendable {
    /// Nobody reads more than this.
    public static let sizeLimit = 1 << 20

    private let sections: [Substring: [Substring]]

    public init(_ text: String) {
        var sections: [Substring: [Substring]] = [:]
        var name: Substring = ""
        for line in text.split(separator: "\n", omittingEmptySubsequences: true) {
            if line.hasPrefix("== ") {
                name = line.dropFirst(3)
            } else if line.hasPrefix(" ") {
                sections[name, default: []].append(line.dropFirst())
            }
        }
        self.sections = sections
    }

    func lines(_ section: Substring) -> [Substring] { sections[section] ?? [] }

    /// What probably happened, in words; `nil` when there are no signs. The surest sign first.
    public var verdict: String? {
        graphicsFault ?? memoryKill ?? fullDisk ?? graphicsMemory
    }

    /// Whether a GPU has clearly failed since the job began: it fell off the bus, or its memory had an error that could not be
    /// corrected. Nothing else counts, because a command may be run again for it.
    public var showsBrokenGPU: Bool { faultCodes.contains(where: Self.clearFaults.contains) || hasLostGPU }

    // MARK: Time

    /// Seconds since the instance's boot at which the job's first stage began; kernel lines from before are another's.
    private var began: Double? {
        let words = lines("clock").flatMap { $0.split(separator: " ") }
        guard words.count == 3, let uptime = Double(words[0]), let now = Double(words[1]), let began = Double(words[2])
        else { return nil }
        // File times are cut to the second.
        return uptime - (now - began) - 2
    }

    /// What the kernel said since then. A line without its time says nothing of when.
    private var kernelLines: [Substring] {
        guard let began else { return [] }
        return lines("kernel").filter { line in
            guard line.hasPrefix("["), let end = line.firstIndex(of: "]") else { return false }
            let stamp = line[line.index(after: line.startIndex)..<end].drop { $0 == " " }
            return Double(stamp).map { $0 >= began } ?? false
        }
    }

    // MARK: Signs

    /// `Out of memory: Killed process 123 (python) total-vm:…kB, anon-rss:…kB, …`, also of a cgroup.
    private var memoryKill: String? {
        let kills = kernelLines.filter { $0.contains("Killed process ") && $0.lowercased().contains("out of memory") }
        if let kill = kills.last, let start = Self.after("Killed process ", in: kill) {
            let words = start.split(separator: " ", maxSplits: 2)
            let process = words.first.map { Self.plain($0) } ?? "?"
            let name = Self.between("(", ")", in: start).map { Self.plain($0) } ?? "a process"
            let used = Self.after("anon-rss:", in: start).flatMap { Int64($0.prefix { $0.isNumber }) }
            let size = used.map { ", which used \(Self.size($0 * 1024))" } ?? ""
            return wasKilled
                ? "the kernel killed it for memory: \(name) (process \(process))\(size)"
                : "the kernel killed \(name) (process \(process)) for memory while the job ran\(size)"
        }
        guard wasKilled, let kills = lines("cgroup").first(where: { $0.hasPrefix("oom_kill ") })?.dropFirst(9),
            Int(kills) ?? 0 > 0
        else { return nil }
        return "the kernel killed it for memory: its control group counts \(Self.plain(kills)) such kills"
    }

    /// Whether a stage ended by SIGKILL, or nobody was left to say how.
    private var wasKilled: Bool {
        lines("status").contains { $0.hasSuffix("exit 137") || $0.contains("exit 137 ") || $0.hasSuffix(" none") }
    }

    private var fullDisk: String? {
        for line in lines("disk") {
            // "df -kP": device, size, used, free, percent, place.
            let words = line.split(separator: " ", omittingEmptySubsequences: true)
            guard words.count >= 6, let size = Int64(words[1]), let free = Int64(words[3]), size > 0, free < 1024 else {
                continue
            }
            let place = Self.plain(words[5])
            return "the disk was full: \(place) has \(Self.size(free * 1024)) left of \(Self.size(size * 1024))"
        }
        for line in lines("inodes") {
            let words = line.split(separator: " ", omittingEmptySubsequences: true)
            guard words.count >= 6, let count = Int64(words[1]), let free = Int64(words[3]), count > 0, free == 0 else {
                continue
            }
            return "the disk was full: \(Self.plain(words[5])) has no room for another file"
        }
        return says(anyOf: ["No space left on device", "ENOSPC"]) ? "a disk was full, says the end of its output" : nil
    }

    /// `NVRM: Xid (PCI:0000:01:00): 79, pid=…, GPU has fallen off the bus.`
    private var graphicsFault: String? {
        let codes = faultCodes
        if let code = codes.first(where: { Self.hardwareFaults[$0] != nil }), let words = Self.hardwareFaults[code] {
            return "\(words) (Xid \(code)): the machine's fault, not the job's"
        }
        if hasLostGPU { return "a GPU is lost, says nvidia-smi: the machine's fault, not the job's" }
        guard let code = codes.first, let words = Self.programFaults[code] else { return nil }
        return "\(words) (Xid \(code)): as a rule the program's fault"
    }

    private var faultCodes: [Int] {
        kernelLines.compactMap { line in
            guard let rest = Self.after("NVRM: Xid", in: line), let number = Self.after("): ", in: rest) else {
                return nil
            }
            return Int(number.prefix { $0.isNumber })
        }
    }

    private var hasLostGPU: Bool {
        lines("gpu").contains {
            $0.contains("GPU is lost") || $0.contains("Unable to determine the device handle")
        }
    }

    private var graphicsMemory: String? {
        says(anyOf: ["CUDA out of memory", "CUDA_ERROR_OUT_OF_MEMORY", "cudaErrorMemoryAllocation"])
            ? "the GPU's memory ran out, says the end of its output" : nil
    }

    private func says(anyOf words: [String]) -> Bool {
        (lines("stderr") + lines("stdout") + lines("setup")).contains { line in words.contains { line.contains($0) } }
    }

    /// NVIDIA, "XID Errors".
    private static let hardwareFaults: [Int: String] = [
        48: "the GPU's memory had an error that could not be corrected", 62: "the GPU's microcontroller halted",
        63: "the GPU's memory had an error, and the faulty row is to be replaced",
        64: "a faulty row of the GPU's memory could not be replaced", 74: "an NVLink between GPUs failed",
        79: "the GPU fell off the bus",
        94: "the GPU's memory had an error that could not be corrected, which ended a program",
        95: "the GPU's memory had an error that could not be contained",
        119: "the GPU's system processor did not answer", 120: "the GPU's system processor failed",
    ]
    /// Off the bus; and, by "NVIDIA GPU Memory Error Management", uncorrectable errors of its memory: 48 any, 94 contained, 95
    /// not contained, 63 and 64 the replacement of the row.
    private static let clearFaults: Set<Int> = [48, 63, 64, 79, 94, 95]
    private static let programFaults: [Int: String] = [
        13: "the GPU reported an illegal access or instruction",
        31: "the GPU reported an access to memory that is not there",
        43: "a program's work on the GPU was ended", 45: "a program's work on the GPU was ended early",
    ]

    // MARK: Text

    private static func after(_ mark: String, in text: Substring) -> Substring? {
        text.firstRange(of: mark).map { text[$0.upperBound...] }
    }

    private static func between(_ open: Character, _ close: Character, in text: Substring) -> Substring? {
        guard let start = text.firstIndex(of: open) else { return nil }
        let rest = text[text.index(after: start)...]
        return rest.firstIndex(of: close).map { rest[..<$0] }
    }

    /// What may stand on a terminal and in a receipt.
    private static func plain(_ text: Substring) -> String {
        String(String.UnicodeScalarView(text.unicodeScalars.prefix(64).filter { ("!"..."~").contains($0) }))
    }

    private static func size(_ bytes: Int64) -> String {
        for (unit, count) in [("GiB", Int64(1) << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)] where bytes >= count {
            let tenths = bytes * 10 / count
            return tenths >= 100 ? "\(tenths / 10) \(unit)" : "\(tenths / 10).\(tenths % 10) \(unit)"
        }
        return "\(bytes) bytes"
    }
}
