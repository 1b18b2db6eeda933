import MayflyCore
import Synchronization
import Testing

@testable import Orchestrator

/// The clocks of all attempts, under a clock that is moved by hand.
@Suite struct TimersTests {
    /// Time that moves when it is told to, and says how many sleep.
    private final class HandTime: Timekeeper {
        private struct State {
            var now: Int64 = 0
            var sleepers: [(due: Int64, sleeper: AsyncStream<Void>.Continuation)] = []
        }

        private let state = Mutex(State())
        let bootID = "boot"
        /// Says, with every sleep that begins, until when.
        let (sleeps, sleepContinuation) = AsyncStream<Int64>.makeStream()

        func now() -> Moment {
            let now = state.withLock { $0.now }
            return Moment(wall: WallTime(rawValue: now), boot: BootInstant(rawValue: now))
        }

        func sleep(for duration: Duration) async throws {
            let (wakes, continuation) = AsyncStream<Void>.makeStream()
            let due = state.withLock { state in
                let due = state.now + duration.milliseconds
                state.sleepers.append((due, continuation))
                return due
            }
            sleepContinuation.yield(due)
            for await _ in wakes {}
            try Task.checkCancellation()
        }

        func advance(to now: Int64) {
            let woken = state.withLock { state in
                state.now = now
                let woken = state.sleepers.filter { $0.due <= now }
                state.sleepers.removeAll { $0.due <= now }
                return woken
            }
            for sleeper in woken { sleeper.sleeper.finish() }
        }
    }

    /// Runs `body` beside the timers; what they ring comes on the stream.
    private func ringing(
        _ body:
            @escaping @Sendable (
                HandTime, Timers, @escaping @Sendable (Int) -> @Sendable () -> Void, AsyncStream<Int>
            ) async -> Void
    ) async {
        let time = HandTime()
        let timers = Timers(time)
        let (rings, continuation) = AsyncStream<Int>.makeStream()
        await withTaskGroup(of: Void.self) { group in
            group.addTask { try? await timers.run() }
            group.addTask { await body(time, timers, { number in { continuation.yield(number) } }, rings) }
            // The timers never end by themselves.
            await group.next()
            group.cancelAll()
        }
    }

    private func first<Element: Sendable>(_ count: Int, of stream: AsyncStream<Element>) async -> [Element] {
        var all: [Element] = []
        for await element in stream {
            all.append(element)
            if all.count == count { break }
        }
        return all
    }

    @Test func theyRingInTheOrderOfTheirTimes() async {
        await ringing { time, timers, ring, rings in
            for (number, wait) in [(3, 30), (1, 10), (2, 20)] { _ = timers.after(.milliseconds(wait), ring(number)) }
            time.advance(to: 100)
            #expect(await first(3, of: rings) == [1, 2, 3])
        }
    }

    @Test func whatIsCancelledStaysSilent() async {
        await ringing { time, timers, ring, rings in
            let alarms = (0..<200).map { timers.after(.milliseconds(10 + $0), ring($0)) }
            for alarm in alarms.dropLast() { timers.cancel(alarm) }
            time.advance(to: 1000)
            #expect(await first(1, of: rings) == [199])
        }
    }

    @Test func onlyTheNextIsSleptFor() async {
        await ringing { time, timers, ring, rings in
            _ = timers.after(.milliseconds(50), ring(1))
            #expect(await first(1, of: time.sleeps) == [50])
            for number in 2...100 { _ = timers.after(.milliseconds(50 + number), ring(number)) }
            // An earlier one overtakes the one that is slept for, and is the only other sleep.
            _ = timers.after(.milliseconds(20), ring(0))
            #expect(await first(1, of: time.sleeps) == [20])
            time.advance(to: 20)
            #expect(await first(1, of: rings) == [0])
            time.advance(to: 50)
            #expect(await first(1, of: rings) == [1])
            #expect(await first(1, of: time.sleeps) == [52])
        }
    }
}
