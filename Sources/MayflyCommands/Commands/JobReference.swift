import ArgumentParser
import MayflyCore

/// How people name jobs: a number, `last`, `all`, or a name (its newest job).
enum JobReference: ExpressibleByArgument, Hashable, Sendable {
    case number(JobID)
    case last
    case all
    case name(String)

    init?(argument: String) {
        switch argument {
        case "": return nil
        case "last": self = .last
        case "all": self = .all
        default: self = Int64(argument).map { .number(JobID(rawValue: $0)) } ?? .name(argument)
        }
    }

    static let help = ArgumentHelp("A job's number or name, last, or all (unfinished).", valueName: "job")

    /// - Throws: ``CommandError`` when a reference names nothing.
    static func resolve(_ references: [JobReference], in store: any JobStore) async throws -> [JobRecord] {
        var found: [JobRecord] = []
        for reference in references {
            for job in try await reference.jobs(in: store) where !found.contains(where: { $0.id == job.id }) {
                found.append(job)
            }
        }
        return found
    }

    private func jobs(in store: any JobStore) async throws -> [JobRecord] {
        switch self {
        case .number(let id):
            guard let job = try await store.job(id) else { throw Self.nothing("there is no job \(id)") }
            return [job]
        case .last:
            guard let job = try await store.jobs(.newest(1)).last else {
                if let unreadable = try await store.unreadableJobs(.newest(1)).first {
                    throw CommandError(code: .noSuchJob, message: ControlSequences.line(unreadable.advice))
                }
                throw Self.nothing("there is no job yet: `mayfly run SPEC` makes one")
            }
            return [job]
        case .all:
            return try await store.jobs(.unfinished)
        case .name(let name):
            guard let job = try await store.newestJob(named: name) else {
                throw Self.nothing("there is no job named \(ControlSequences.line(name))")
            }
            return [job]
        }
    }

    private static func nothing(_ what: String) -> CommandError {
        CommandError(code: .noSuchJob, message: "\(what); `mayfly ls -a` lists all")
    }
}
