import Glibc

/// Wall time from its making, and what the whole process has used: one line of JSON.
struct Measurement {
    private let began = ContinuousClock.now
    private var fields: [(name: String, value: Double)] = []
    private var wall: Duration?

    mutating func add(_ name: String, _ value: Double) {
        fields.append((name, value))
    }

    /// Ends the wall time; what comes after is not measured.
    mutating func stop() {
        wall = ContinuousClock.now - began
    }

    func print() {
        var all = fields
        all.append(("wall", Self.seconds(wall ?? ContinuousClock.now - began)))
        var usage = rusage()
        getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
        all.append(("cpu", Self.seconds(usage.ru_utime) + Self.seconds(usage.ru_stime)))
        all.append(("peak_rss_kib", Double(usage.ru_maxrss)))
        let text = all.map { "\"\($0.name)\": \($0.value)" }.joined(separator: ", ")
        Swift.print("{\(text)}")
    }

    /// What the process has resident now.
    static func residentKiB() throws -> Double {
        guard let file = fopen("/proc/self/status", "r") else {
            throw Unexpected(description: "/proc/self/status cannot be read")
        }
        defer { fclose(file) }
        var line = [CChar](repeating: 0, count: 256)
        while fgets(&line, Int32(line.count), file) != nil {
            let words = String(decoding: line.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
                .split(whereSeparator: \.isWhitespace)
            if words.first == "VmRSS:", words.count > 1, let kib = Double(words[1]) { return kib }
        }
        throw Unexpected(description: "/proc/self/status has no VmRSS")
    }

    private static func seconds(_ duration: Duration) -> Double {
        Double(duration.components.seconds) + Double(duration.components.attoseconds) / 1e18
    }

    private static func seconds(_ time: timeval) -> Double {
        Double(time.tv_sec) + Double(time.tv_usec) / 1e6
    }
}
