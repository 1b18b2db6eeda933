public import MayflyCore

/// What every `JobStore` must do. Each check gets an empty store of its own; a failed expectation is thrown.
///
/// Run it parameterised: `@Test(arguments: JobStoreConformance.checks)`.
public enum JobStoreConformance {
    public struct Check: Sendable, CustomStringConvertible {
        public let name: String
        private let body: @Sendable (any JobStore) async throws -> Void

        init(_ name: String, _ body: @escaping @Sendable (any JobStore) async throws -> Void) {
            self.name = name
            self.body = body
        }

        public var description: String { name }

        /// - Throws: ``ConformanceFailure``, or whatever the store threw where it must not.
        public func run(on store: any JobStore) async throws { try await body(store) }
    }

    public static let checks: [Check] = queueChecks + attemptChecks + reignChecks + sharedChecks
}

/// An expectation that a store did not meet.
public struct ConformanceFailure: Error, CustomStringConvertible {
    public let description: String
}

func expect(_ condition: Bool, _ what: String, file: String = #fileID, line: Int = #line) throws {
    guard condition else { throw ConformanceFailure(description: "\(file):\(line): \(what)") }
}

func expectRefused(
    _ code: JobStoreError.Code, _ what: String, file: String = #fileID, line: Int = #line,
    _ body: () async throws -> Void
) async throws {
    do {
        try await body()
    } catch let error as JobStoreError {
        try expect(error.code == code, "\(what): \(code) expected, got \(error.code): \(error)", file: file, line: line)
        try expect(!error.message.isEmpty, "\(what): a refusal says why", file: file, line: line)
        return
    }
    throw ConformanceFailure(description: "\(file):\(line): \(what): must be refused as \(code)")
}

/// A store with one submitted job under a reign.
struct Ground {
    let store: any JobStore
    let job: JobID
    let token: FencingToken

    init(_ store: any JobStore) async throws {
        self.store = store
        guard let job = try await store.submit([Fixtures.newJob()]).first else {
            throw ConformanceFailure(description: "submit gave no number")
        }
        self.job = job
        token = try await store.beginReign(owner: "keeper-1", at: Fixtures.now.wall)
    }

    func save(_ state: AttemptState) async throws { try await store.save(state, of: job, token: token) }

    func record() async throws -> JobRecord {
        guard let record = try await store.job(job) else {
            throw ConformanceFailure(description: "job \(job) is missing")
        }
        return record
    }
}
