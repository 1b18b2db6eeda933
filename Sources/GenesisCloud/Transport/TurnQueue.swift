/// Who is next: the most urgent first, each urgency in the order of arrival.
///
/// Nobody starves: who is passed over four times in a row by more urgent ones gets the next turn, so that a flood of
/// creates cannot stop all reads. A destroy is therefore behind one other request at most.
struct TurnQueue: Sendable {
    typealias Ticket = UInt64

    private var queues: [[Ticket]]
    /// How often each urgency was passed over since its last turn.
    private var passedOver: [Int]
    private static let patience = 4

    init() {
        queues = Array(repeating: [], count: RequestPriority.allCases.count)
        passedOver = Array(repeating: 0, count: queues.count)
    }

    var isEmpty: Bool { queues.allSatisfy(\.isEmpty) }
    var count: Int { queues.reduce(0) { $0 + $1.count } }

    mutating func append(_ ticket: Ticket, _ priority: RequestPriority) { queues[priority.rawValue].append(ticket) }

    /// - Returns: whether it was waiting.
    @discardableResult
    mutating func remove(_ ticket: Ticket) -> Bool {
        for index in queues.indices {
            guard let place = queues[index].firstIndex(of: ticket) else { continue }
            queues[index].remove(at: place)
            return true
        }
        return false
    }

    /// Takes the next one out.
    mutating func next() -> Ticket? {
        let waiting = queues.indices.reversed().filter { !queues[$0].isEmpty }
        guard let urgent = waiting.first else { return nil }
        let chosen = waiting.first { passedOver[$0] >= Self.patience } ?? urgent
        passedOver[chosen] = 0
        for other in waiting where other < chosen { passedOver[other] += 1 }
        return queues[chosen].removeFirst()
    }

    /// Some waiting one, without taking it out.
    var anyone: Ticket? { queues.reversed().lazy.compactMap(\.first).first }
}
