internal import Foundation
internal import GRDB
internal import MayflyCore

/// Between rows and the core's values. The two JSON columns carry their version beside them, so that a record of a
/// newer Mayfly is recognised before it is misread.
enum StoreCoding {
    /// The version of a stored `JobDefinition`.
    static let definitionVersion = 1

    static func encode(_ value: some Encodable) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(value), as: UTF8.self)
    }

    static func attempt(_ row: Row) throws -> AttemptState {
        let job: Int64 = row["job"]
        let number: Int = row["number"]
        return try decode(
            row["state"], version: row["state_version"], newest: AttemptState.currentVersion,
            what: "attempt \(number) of job \(job)")
    }

    static func job(_ row: Row, attempts: [AttemptState]) throws -> JobRecord {
        let id: Int64 = row["id"]
        let definition: JobDefinition = try decode(
            row["definition"], version: row["definition_version"], newest: definitionVersion,
            what: "the definition of job \(id)")
        let kindWord: String = row["cloud_kind"]
        guard let kind = CloudReference.Kind(rawValue: kindWord) else {
            throw JobStoreError(
                code: .unreadable, message: "job \(id) names a cloud this Mayfly does not know: \(kindWord)")
        }
        return JobRecord(
            id: JobID(rawValue: id), definition: definition,
            cloud: CloudReference(kind: kind, endpoint: row["cloud_endpoint"]), resultsParent: row["results_parent"],
            submission: row["submission"], submissionLimit: row["submission_limit"],
            submittedAt: WallTime(rawValue: row["submitted_at"]),
            cancelRequestedAt: (row["cancel_requested_at"] as Int64?).map(WallTime.init(rawValue:)),
            waitingFor: row["waiting_for"], attempts: attempts,
            finishedAt: (row["finished_at"] as Int64?).map(WallTime.init(rawValue:)))
    }

    private static func decode<T: Decodable>(_ text: String, version: Int, newest: Int, what: String) throws -> T {
        guard version <= newest else {
            throw JobStoreError(
                code: .unreadable,
                message: "\(what) was written by a newer Mayfly (version \(version), this one knows \(newest))")
        }
        do {
            return try JSONDecoder().decode(T.self, from: Data(text.utf8))
        } catch {
            throw JobStoreError(code: .unreadable, message: "\(what) is damaged: \(error)")
        }
    }
}
