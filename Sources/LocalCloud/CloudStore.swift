import CloudModel
import Foundation
import Glibc

/// The state on disk: `state.json`, and `state.log` with what has changed since, one JSON line per step.
///
/// So a step costs what it changes, not what there is. Both carry a generation: a log that belongs to another
/// `state.json` (a crash between the two writes) is not read.
struct CloudStore: Sendable {
    private let path: String
    private let logPath: String
    /// Whether a step is on the platter before it is answered; without machines a kill is all that can happen.
    private let isDurable: Bool
    private var generation: Int
    private var log: Int32 = -1
    private var logSize = 0
    private var limit = 1 << 20
    /// A step could not be written: only a whole new `state.json` is right.
    private var hasGap = false

    private struct Stored: Decodable {
        var version: Int
        var generation: Int?
        var model: CloudModel
        var machines: Machines

        /// A list; a dictionary in version 1.
        struct Machines: Decodable {
            var all: [Machine]

            init(from decoder: any Decoder) throws {
                if let list = try? [Machine](from: decoder) {
                    all = list
                } else {
                    let known = try [String: Machine](from: decoder)
                    all = known.keys.sorted().compactMap { known[$0] }
                }
            }
        }
    }

    private struct LogHead: Codable { var generation: Int }

    /// Reads the state of an earlier run, of this build or an earlier one; a fresh one when there is none.
    /// - Throws: when there is one that cannot be understood: guessing would lose instances.
    static func open(
        home: String, isDurable: Bool, delays: CloudModel.Delays, limits: CloudLimits?
    ) throws(LocalCloudError) -> (CloudState, CloudStore) {
        let path = home + "/state.json"
        var state = CloudState(model: CloudModel(delays: delays))
        var generation = 0
        if Files.exists(path) {
            guard let bytes = Files.read(path) else { throw LocalCloudError(.storage, "cannot read \(path)") }
            do {
                let stored = try JSONDecoder().decode(Stored.self, from: Data(bytes))
                guard (1...2).contains(stored.version) else {
                    throw LocalCloudError(.storage, "version \(stored.version)")
                }
                state.model = stored.model
                generation = stored.generation ?? 0
                for machine in stored.machines.all { state.machines[machine.id] = machine }
            } catch {
                throw LocalCloudError(.storage, "\(path) is not the state of a local cloud this build knows: \(error)")
            }
            try replay(home + "/state.log", generation, &state)
        }
        state.model.delays = delays
        if let limits { state.model.limits = limits }
        state.model.rebuildTimers()
        state.model.tracksChanges = true
        state.confirm()
        var store = CloudStore(home: home, isDurable: isDurable, generation: generation)
        try store.rewrite(state)
        return (state, store)
    }

    private init(home: String, isDurable: Bool, generation: Int) {
        path = home + "/state.json"
        logPath = home + "/state.log"
        self.isDurable = isDurable
        self.generation = generation
    }

    func close() { if log >= 0 { Glibc.close(log) } }

    private static func replay(
        _ path: String, _ generation: Int, _ state: inout CloudState
    ) throws(LocalCloudError) {
        guard let bytes = Files.read(path) else { return }
        let lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        let decoder = JSONDecoder()
        guard let head = try? decoder.decode(LogHead.self, from: Data(lines[0])), head.generation == generation else {
            return
        }
        // What follows the last line break was being written when the process died: it was never answered.
        for (number, line) in lines.dropFirst().dropLast().enumerated() {
            do { state.apply(try decoder.decode(StateChanges.self, from: Data(line))) } catch {
                throw LocalCloudError(.storage, "\(path), line \(number + 2), cannot be understood: \(error)")
            }
        }
    }

    /// Makes the changes of `state` durable.
    /// - Throws: ``LocalCloudError`` when the disk refuses; the caller undoes the step, or calls ``noteGap()``.
    mutating func append(_ state: CloudState) throws(LocalCloudError) {
        let changes = state.changes
        guard !changes.isEmpty else { return }
        guard !hasGap, logSize < limit else { return try rewrite(state) }
        var line: [UInt8]
        do { line = Array(try JSONEncoder().encode(changes)) } catch {
            throw LocalCloudError(.storage, "the state cannot be encoded: \(error)")
        }
        line.append(UInt8(ascii: "\n"))
        do throws(LocalCloudError) {
            try Files.append(log, line, logPath)
            guard !isDurable || fdatasync(log) == 0 else { throw Files.failure("sync", logPath) }
            logSize += line.count
        } catch {
            // Half a line must not be there when the next one comes.
            if ftruncate(log, off_t(logSize)) != 0 { hasGap = true }
            throw error
        }
    }

    /// A change counts although it could not be written.
    mutating func noteGap() { hasGap = true }

    /// Writes everything anew and begins an empty log.
    mutating func rewrite(_ state: CloudState) throws(LocalCloudError) {
        let data: [UInt8]
        do { data = try encoded(state) } catch {
            throw LocalCloudError(.storage, "the state cannot be encoded: \(error)")
        }
        try Files.replace(path, with: data)
        generation += 1
        hasGap = true  // until the log is the new one
        close()
        log = -1
        log = Glibc.open(logPath, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard log >= 0 else { throw Files.failure("open", logPath) }
        let head = Array("{\"generation\":\(generation)}\n".utf8)
        try Files.append(log, head, logPath)
        logSize = head.count
        limit = max(1 << 20, 2 * data.count)
        hasGap = false
    }

    /// What ``Stored`` reads, encoded item by item: an encoder needs many times the memory of what it writes.
    private func encoded(_ state: CloudState) throws -> [UInt8] {
        let encoder = JSONEncoder()
        var bytes: [UInt8] = []
        bytes.reserveCapacity(limit / 2 + 1 << 16)
        func add(_ text: String) { bytes += text.utf8 }
        func list(_ items: some Sequence<any Encodable>) throws {
            add("[")
            var isFirst = true
            for item in items {
                if !isFirst { add(",") }
                isFirst = false
                bytes += try encoder.encode(item)
            }
            add("]")
        }
        add("{\"version\":2,\"generation\":\(generation + 1),\"model\":{")
        var separator = ""
        try state.model.storedTables { key, items in
            add("\(separator)\"\(key)\":")
            separator = ","
            try list(items)
        }
        add("},\"machines\":")
        try list(state.machines.lazy.map { $0 as any Encodable })
        add("}")
        return bytes
    }
}
