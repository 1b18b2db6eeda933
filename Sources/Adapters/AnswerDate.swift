import GenesisCloud
import MayflyCore
import Synchronization

/// Remembers the `Date` header of the last answer.
final class AnswerDate: RequestObserver {
    private let date = Mutex<WallTime?>(nil)

    /// `nil` before the first answer, and where it has no such header.
    var last: WallTime? { date.withLock { $0 } }

    func requestEnded(_ record: RequestRecord) {
        // A sending that got no answer says nothing; the one that did comes after it.
        guard record.status != nil else { return }
        let told = record.serverDate.flatMap(HTTPDate.parse)
        date.withLock { $0 = told }
    }
}
