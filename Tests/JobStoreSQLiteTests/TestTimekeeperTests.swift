import MayflyCore
import MayflyTestKit
import Testing

@Suite struct TestTimekeeperTests {
    @Test func sleepersWakeWhenTheirTimeHasCome() async throws {
        let time = TestTimekeeper()
        async let short: Void = time.sleep(for: .seconds(1))
        async let long: Void = time.sleep(for: .seconds(10))
        await time.waitForSleepers(2)
        time.jumpWall(by: .seconds(100))
        #expect(time.sleeperCount == 2, "a wall-clock jump wakes nobody")
        time.advance(by: .seconds(1))
        try await short
        #expect(time.sleeperCount == 1)
        time.advance(by: .seconds(9))
        try await long
        #expect(Fixtures.now.boot.duration(to: time.now().boot) == .seconds(10))
        #expect(Fixtures.now.wall.duration(to: time.now().wall) == .seconds(110))
    }

    @Test func aCancelledSleeperThrows() async throws {
        let time = TestTimekeeper()
        let task = Task { try await time.sleep(for: .seconds(1)) }
        await time.waitForSleepers()
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
        #expect(time.sleeperCount == 0)
    }

    @Test func entropyIsTheSameForOneSeedAndNeverTheSameTwice() {
        let (one, other) = (TestEntropy(seed: 7), TestEntropy(seed: 7))
        let first = one.bytes(16)
        #expect(first == other.bytes(16))
        #expect(first != one.bytes(16))
    }
}
