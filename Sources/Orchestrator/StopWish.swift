import MayflyCore

/// Remembers that a stop was asked for while something is tried again and again.
final class StopWish: Sendable {
    private let control: EffectControl
    private let made = Flag()

    init(_ control: EffectControl, alreadyMade: Bool = false) {
        self.control = control
        if alreadyMade { made.set() }
    }

    var isMade: Bool { made.isSet }

    /// Returns once the wish is made.
    /// - Throws: `CancellationError`.
    func made(_ time: any Timekeeper) async throws {
        while !made.isSet { try await time.sleep(for: .milliseconds(50)) }
    }

    func watching<Result: Sendable>(
        _ body: @escaping @Sendable () async throws -> Result
    ) async throws -> Result {
        try await withThrowingTaskGroup(of: Result?.self) { group in
            group.addTask { try await body() }
            group.addTask { [control, made] in
                for await _ in control.stops { made.set() }
                return nil
            }
            defer { group.cancelAll() }
            while let next = try await group.next() {
                if let result = next { return result }
            }
            throw CancellationError()
        }
    }
}
