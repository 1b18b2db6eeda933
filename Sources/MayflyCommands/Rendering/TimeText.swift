import MayflyCore

/// How durations and wall times are written for people and in records.
enum TimeText {
    /// `0.4s`, `12s`, `1m 05s`, `2h 05m`, `1d 3h`: two units at most, so that columns stay narrow.
    static func duration(_ duration: Duration) -> String {
        let milliseconds = max(0, duration.milliseconds)
        let seconds = milliseconds / 1000
        switch seconds {
        case ..<10: return "\(milliseconds / 1000).\(milliseconds % 1000 / 100)s"
        case ..<60: return "\(seconds)s"
        case ..<3600: return "\(seconds / 60)m \(padded(seconds % 60))s"
        case ..<86_400: return "\(seconds / 3600)h \(padded(seconds % 3600 / 60))m"
        default: return "\(seconds / 86_400)d \(seconds % 86_400 / 3600)h"
        }
    }

    /// `87 ms`: for what is short.
    static func milliseconds(_ duration: Duration) -> String { "\(max(0, duration.milliseconds)) ms" }

    /// A limit as a spec would write it: `30m`, `2h30m`, `1d`, `90s`.
    static func limit(_ duration: Duration) -> String {
        var rest = max(0, duration.milliseconds / 1000)
        if rest == 0 { return "0s" }
        var text = ""
        for (unit, size) in [("d", Int64(86_400)), ("h", 3600), ("m", 60), ("s", 1)] where rest >= size {
            text += "\(rest / size)\(unit)"
            rest %= size
        }
        return text
    }

    /// ISO 8601 in UTC with milliseconds: `2026-11-24T04:03:32.120Z`.
    static func iso8601(_ time: WallTime) -> String {
        let parts = Civil(time)
        let date = "\(padded(parts.year, 4))-\(padded(parts.month))-\(padded(parts.day))"
        return "\(date)T\(parts.clock).\(padded(parts.millisecond, 3))Z"
    }

    /// The time of day in UTC: `04:03:32Z`.
    static func clock(_ time: WallTime) -> String { Civil(time).clock + "Z" }

    /// `2026-11-24 04:03Z`
    static func minute(_ time: WallTime) -> String {
        let parts = Civil(time)
        let date = "\(padded(parts.year, 4))-\(padded(parts.month))-\(padded(parts.day))"
        return "\(date) \(padded(parts.hour)):\(padded(parts.minute))Z"
    }

    private static func padded(_ number: Int64, _ width: Int = 2) -> String {
        let digits = String(number)
        return String(repeating: "0", count: max(0, width - digits.count)) + digits
    }

    /// The proleptic Gregorian calendar in UTC. Written out because a formatter of Foundation costs more than a
    /// whole `mayfly ls`. Algorithm: Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms", civil_from_days.
    private struct Civil {
        let year, month, day, hour, minute, second, millisecond: Int64

        init(_ time: WallTime) {
            let total = time.rawValue
            let days = Int64((Double(total) / 86_400_000).rounded(.down))
            let rest = total - days * 86_400_000
            hour = rest / 3_600_000
            minute = rest / 60_000 % 60
            second = rest / 1000 % 60
            millisecond = rest % 1000
            let shifted = days + 719_468
            let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
            let dayOfEra = shifted - era * 146_097
            let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
            let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
            let shiftedMonth = (5 * dayOfYear + 2) / 153
            day = dayOfYear - (153 * shiftedMonth + 2) / 5 + 1
            month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
            year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
        }

        var clock: String { "\(padded(hour)):\(padded(minute)):\(padded(second))" }
    }
}

/// How amounts of bytes are written for people.
enum SizeText {
    /// `512 B`, `23.4 KB`, `1.2 GB`: powers of 1000, as file managers and clouds count.
    static func bytes(_ count: Int64) -> String {
        guard count >= 1000 else { return "\(count) B" }
        var value = Double(count)
        var unit = 0
        let units = ["B", "KB", "MB", "GB", "TB", "PB"]
        while value >= 999.95, unit < units.count - 1 {
            value /= 1000
            unit += 1
        }
        let tenths = Int64((value * 10).rounded())
        return "\(tenths / 10).\(tenths % 10) \(units[unit])"
    }
}
