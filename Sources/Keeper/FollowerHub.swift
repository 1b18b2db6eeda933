import MayflyCore
import Synchronization

/// Tells followers that something moved. News of one job is merged while its follower is busy, so that a job that
/// prints much costs its followers nothing but their own reading.
final class FollowerHub: JobObserver {
    struct News: Hashable, Sendable {
        enum Kind: Hashable, Sendable { case changed, logGrew }

        var kind: Kind
        var job: JobID
    }

    private struct Follower {
        var jobs: Set<JobID>
        var pending: [News] = []
        var signal: AsyncStream<Void>.Continuation
    }

    private struct State {
        var nextID = 0
        var followers: [Int: Follower] = [:]
    }

    private let state = Mutex(State())

    var hasFollowers: Bool { state.withLock { !$0.followers.isEmpty } }

    func changed(_ job: JobID) { tell(News(kind: .changed, job: job)) }
    func logGrew(_ job: JobID) { tell(News(kind: .logGrew, job: job)) }

    /// Calls `deliver` with news of these jobs until the task is cancelled.
    func follow(_ jobs: [JobID], _ deliver: (News) async throws -> Void) async throws {
        let (signals, signal) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        let id = state.withLock { state in
            state.nextID += 1
            state.followers[state.nextID] = Follower(jobs: Set(jobs), signal: signal)
            return state.nextID
        }
        defer { state.withLock { _ = $0.followers.removeValue(forKey: id) } }
        for await _ in signals {
            let news = state.withLock { state in
                defer { state.followers[id]?.pending = [] }
                return state.followers[id]?.pending ?? []
            }
            for one in news { try await deliver(one) }
        }
    }

    private func tell(_ news: News) {
        state.withLock { state in
            for (id, follower) in state.followers where follower.jobs.contains(news.job) {
                if !follower.pending.contains(news) { state.followers[id]?.pending.append(news) }
                follower.signal.yield()
            }
        }
    }
}
