/// Draws that are the same in every run of one seed (SplitMix64).
package struct SeededRandom: Sendable {
    private var state: UInt64

    /// - Parameter stream: tells one use of a seed from another, so that a draw more here moves nothing there.
    package init(seed: UInt64, stream: UInt64 = 0) {
        state = seed &* 0x9e37_79b9_7f4a_7c15 ^ (stream &+ 1) &* 0xd1b5_4a32_d192_ed03
    }

    package mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }

    /// A number of `0..<count`; 0 where `count` is not positive.
    package mutating func below(_ count: Int) -> Int {
        guard count > 1 else { return 0 }
        return Int(truncatingIfNeeded: next().multipliedFullWidth(by: UInt64(count)).high)
    }

    package mutating func within(_ range: ClosedRange<Int>) -> Int { range.lowerBound + below(range.count) }

    package mutating func milliseconds(_ range: ClosedRange<Int>) -> Duration { .milliseconds(within(range)) }

    /// True in so many cases of a thousand.
    package mutating func chance(_ permille: Int) -> Bool { below(1000) < permille }
}
