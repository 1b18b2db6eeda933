import MayflyCore
import Synchronization

/// Remembers that a stop was asked for while something is tried again and again.
final class StopWish: Sendable {
    private let control: EffectControl
    private let time: any Timekeeper
    private let wish = Wish()
    private let moment: Mutex<BootInstant?>

    init(_ control: EffectControl, _ time: any Timekeeper, alreadyMade: Bool = false) {
        self.control = control
        self.time = time
        moment = Mutex(alreadyMade ? time.now().boot : nil)
        if alreadyMade { wish.make() }
    }

    var isMade: Bool { wish.isMade }

    /// When it was made, or when this keeper took over an attempt in which it had been.
    var madeAt: BootInstant? { moment.withLock { $0 } }

    /// Returns once the wish is made.
    /// - Throws: `CancellationError`.
    func made() async throws {
        await wish.made()
        if !isMade { try Task.checkCancellation() }
    }

    func watching<Result: Sendable>(
        _ body: @escaping @Sendable () async throws -> Result
    ) async throws -> Result {
        try await withThrowingTaskGroup(of: Result?.self) { group in
            group.addTask { try await body() }
            group.addTask { [self] in
                for await _ in control.stops {
                    let now = time.now().boot
                    moment.withLock { $0 = $0 ?? now }
                    wish.make()
                }
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
