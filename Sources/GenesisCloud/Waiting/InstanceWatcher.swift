internal import Synchronization

/// Answers "how is this instance now?" for everyone who waits, with as few requests as will do.
///
/// Questions that come while a round of requests is under way, or while the next one is held back, are gathered and
/// answered together by the next round: by a GET each while they are few, by one paged listing when that is cheaper. A
/// single question is asked at once. An answer always stems from requests begun after the question.
///
/// It has no task of its own: one of those who ask, the leader, makes the round's requests; cancelled, it leaves the
/// round to another.
final class InstanceWatcher: Sendable {
    /// What a round asks of the API.
    struct Source: Sendable {
        /// `nil` = 404.
        var get: @Sendable (Instance.ID) async throws -> Instance?
        /// Reads on only while the whole listing takes no more requests than it is given.
        var list: @Sendable (_ mostRequests: Int) async throws -> Listed
    }

    struct Listed: Sendable {
        var instances: [Instance]
        /// How many requests were made.
        var requests: Int
        /// How many requests the whole listing takes.
        var cost: Int
    }

    private typealias Ticket = UInt64
    private typealias Answer = Result<Instance?, any Error>
    private enum Wake: Sendable { case answer(Answer), lead, cancelled }

    private struct Question {
        let ticket: Ticket
        let id: Instance.ID
    }

    private struct State {
        /// In the order they came.
        var questions: [Question] = []
        var sleepers: [Ticket: CheckedContinuation<Wake, Never>] = [:]
        var early: [Ticket: Wake] = [:]
        var leader: Ticket?
        var lastTicket: Ticket = 0
        /// How many requests a listing takes, as far as is known.
        var listingCost = 1
        /// No round begins before.
        var heldUntil: Duration = .zero

        mutating func wake(_ ticket: Ticket, _ wake: Wake) -> Resumption? {
            guard let continuation = sleepers.removeValue(forKey: ticket) else {
                early[ticket] = wake
                return nil
            }
            return Resumption(continuation: continuation, wake: wake)
        }

        mutating func passLead() -> Resumption? {
            leader = questions.first?.ticket
            return leader.flatMap { wake($0, .lead) }
        }
    }

    private struct Resumption {
        let continuation: CheckedContinuation<Wake, Never>
        let wake: Wake

        func perform() { continuation.resume(returning: wake) }
    }

    private let state = Mutex(State())
    private let limiter: RateLimiter?
    private let time: any TimeSource
    /// How many instances that a listing lacks are asked for singly in one round.
    private static let singlesPerRound = 10

    init(limiter: RateLimiter?, time: any TimeSource) {
        self.limiter = limiter
        self.time = time
    }

    /// The questions that have no answer yet.
    var waiting: Int { state.withLock { $0.questions.count } }

    /// - Returns: the instance, or `nil` when a GET of it says 404. That a listing lacks it never means that.
    /// - Throws: ``GenesisCloudError``, or `CancellationError`.
    func ask(about id: Instance.ID, _ source: Source) async throws -> Instance? {
        try Task.checkCancellation()
        let (ticket, isLeader) = state.withLock { state in
            state.lastTicket += 1
            let ticket = state.lastTicket
            state.questions.append(Question(ticket: ticket, id: id))
            guard state.leader == nil else { return (ticket, false) }
            state.leader = ticket
            return (ticket, true)
        }
        if isLeader { return try await lead(ticket, source) }
        switch await sleep(ticket) {
        case .answer(let answer): return try answer.get()
        case .lead: return try await lead(ticket, source)
        case .cancelled: throw CancellationError()
        }
    }

    private func sleep(_ ticket: Ticket) async -> Wake {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let early: Wake? = state.withLock { state in
                    if let wake = state.early.removeValue(forKey: ticket) { return wake }
                    state.sleepers[ticket] = continuation
                    return nil
                }
                if let early { continuation.resume(returning: early) }
            }
        } onCancel: {
            let resumption: Resumption? = state.withLock { state in
                guard state.leader != ticket, let place = state.questions.firstIndex(where: { $0.ticket == ticket })
                else { return nil }
                state.questions.remove(at: place)
                return state.wake(ticket, .cancelled)
            }
            resumption?.perform()
        }
    }

    /// Makes rounds until the leader's own question is answered.
    private func lead(_ own: Ticket, _ source: Source) async throws -> Instance? {
        do {
            while true {
                let pause = state.withLock { $0.heldUntil } - time.now()
                if pause > .zero { try await time.sleep(for: pause) }
                if let answer = try await round(own, source) { return try answer.get() }
            }
        } catch {
            // Answered or not, its own question is settled; the rest is another's.
            let resumption: Resumption? = state.withLock { state in
                guard state.leader == own else { return nil }
                state.questions.removeAll { $0.ticket == own }
                return state.passLead()
            }
            resumption?.perform()
            throw error
        }
    }

    /// - Returns: the answer to the leader's question, if it is among the answered; then the lead is another's.
    /// - Throws: when the leader was cancelled; nothing is answered then.
    private func round(_ own: Ticket, _ source: Source) async throws -> Answer? {
        let began = time.now()
        let (asked, listingCost) = state.withLock { ($0.questions, $0.listingCost) }
        let ids = Set(asked.map(\.id))
        var answers: [Instance.ID: Answer] = [:]
        var requests = 0
        var cost = listingCost
        if ids.count > listingCost {
            do {
                let listed = try await source.list(ids.count)
                requests += listed.requests
                cost = listed.cost
                for instance in listed.instances where ids.contains(instance.id) {
                    answers[instance.id] = .success(instance)
                }
            } catch {
                try Task.checkCancellation()
                for id in ids { answers[id] = .failure(error) }
            }
        }
        var singles: [Instance.ID] = []
        for question in asked where answers[question.id] == nil && !singles.contains(question.id) {
            guard singles.count < max(Self.singlesPerRound, cost) else { break }
            singles.append(question.id)
        }
        requests += singles.count
        answers.merge(try await Self.get(singles, source)) { $1 }
        return settle(own, asked, answers, listingCost: cost, hold: holdBack(began, requests))
    }

    /// After a round of more than one request the next one waits, so that watching takes half of the rate at most.
    private func holdBack(_ began: Duration, _ requests: Int) -> Duration {
        guard let limiter, requests > 1 else { return .zero }
        return began + .seconds(Double(requests) * 2 / limiter.rate)
    }

    private func settle(
        _ own: Ticket, _ asked: [Question], _ answers: [Instance.ID: Answer], listingCost: Int, hold: Duration
    ) -> Answer? {
        let (resumptions, answer): ([Resumption], Answer?) = state.withLock { state in
            state.listingCost = max(1, listingCost)
            state.heldUntil = hold
            let answered = Set(asked.filter { answers[$0.id] != nil }.map(\.ticket))
            let present = state.questions.filter { answered.contains($0.ticket) }
            state.questions.removeAll { answered.contains($0.ticket) }
            var resumptions: [Resumption?] = []
            var ownAnswer: Answer?
            for question in present {
                guard let answer = answers[question.id] else { continue }
                if question.ticket == own {
                    ownAnswer = answer
                } else {
                    resumptions.append(state.wake(question.ticket, .answer(answer)))
                }
            }
            if ownAnswer != nil { resumptions.append(state.passLead()) }
            return (resumptions.compactMap { $0 }, ownAnswer)
        }
        for resumption in resumptions { resumption.perform() }
        return answer
    }

    /// - Throws: when the task was cancelled.
    private static func get(_ ids: [Instance.ID], _ source: Source) async throws -> [Instance.ID: Answer] {
        let found = Found()
        await withDiscardingTaskGroup { group in
            for id in ids {
                group.addTask {
                    do {
                        found.add(id, .success(try await source.get(id)))
                    } catch {
                        found.add(id, .failure(error))
                    }
                }
            }
        }
        try Task.checkCancellation()
        return found.answers
    }

    /// Answers as they come. Not the result of a task group's children: optimised, Swift 6.3.1 builds a tuple of an id and
    /// an answer wrongly there, and the process crashes when one is handed over.
    private final class Found: Sendable {
        private let state = Mutex<[Instance.ID: Answer]>([:])

        var answers: [Instance.ID: Answer] { state.withLock { $0 } }

        func add(_ id: Instance.ID, _ answer: Answer) { state.withLock { $0[id] = answer } }
    }
}
