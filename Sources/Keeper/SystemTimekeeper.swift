import Glibc
package import MayflyCore

/// This host's clocks: `CLOCK_REALTIME` for people, `CLOCK_BOOTTIME` (which counts sleep) for elapsed time.
package struct SystemTimekeeper: Timekeeper {
    package let bootID: String

    package init() {
        var buffer = [UInt8](repeating: 0, count: 64)
        let descriptor = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC)
        let count = descriptor < 0 ? 0 : read(descriptor, &buffer, buffer.count)
        if descriptor >= 0 { close(descriptor) }
        bootID = String(decoding: buffer[..<max(0, count)].filter { $0 > 32 }, as: UTF8.self)
    }

    package func now() -> Moment {
        Moment(
            wall: WallTime(rawValue: Self.milliseconds(CLOCK_REALTIME)),
            boot: BootInstant(rawValue: Self.milliseconds(CLOCK_BOOTTIME)))
    }

    package func sleep(for duration: Duration) async throws {
        try await Task.sleep(for: duration, clock: .continuous)
    }

    private static func milliseconds(_ clock: clockid_t) -> Int64 {
        var time = timespec()
        clock_gettime(clock, &time)
        return Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000
    }
}

/// The system's random numbers.
package struct SystemEntropy: Entropy {
    package init() {}

    package func bytes(_ count: Int) -> [UInt8] {
        var generator = SystemRandomNumberGenerator()
        return (0..<count).map { _ in UInt8.random(in: .min ... .max, using: &generator) }
    }
}
