import MayflyCore

/// Leads one attempt to its end: a mailbox with one consumer, which lets the machine decide, its decision be journaled
/// together with the next intent, and only then has it carried out.
struct AttemptRunner: Sendable {
    let context: AttemptContext
    let journal: AttemptJournal
    let mailbox: AttemptMailbox
    /// Whether nothing of it has happened yet.
    let isNew: Bool

    /// Returns once the attempt is done.
    /// - Throws: ``JobStoreError`` `fenced` when another keeper reigns, `CancellationError` when this one steps down.
    func run() async throws {
        var failure: (any Error)?
        await withDiscardingTaskGroup { group in
            var hands = AttemptHands(context: context, mailbox: mailbox)
            do {
                let first = try await aside { [journal, isNew] in try await journal.begin(isNew: isNew) }
                var isOver = hands.carryOut(first, in: &group)
                while !isOver, let message = await mailbox.next() {
                    let generation = hands.generation
                    switch try await aside({ [journal] in try await journal.take(message, generation) }) {
                    case .nothing: continue
                    case .later(let wait): hands.putOff(message, by: wait)
                    case .decided(let decision): isOver = hands.carryOut(decision, in: &group)
                    }
                }
                try Task.checkCancellation()
            } catch {
                failure = error
            }
            hands.disarm()
            group.cancelAll()
        }
        await context.link.drop()
        if let failure { throw failure }
    }
}
