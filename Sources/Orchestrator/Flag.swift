import Synchronization

/// Set once, read from anywhere.
final class Flag: Sendable {
    private let value = Atomic<Bool>(false)

    var isSet: Bool { value.load(ordering: .acquiring) }

    func set() { value.store(true, ordering: .releasing) }
}

/// Set and cleared, read from anywhere.
final class Mark: Sendable {
    private let value = Atomic<Bool>(false)

    var isSet: Bool { value.load(ordering: .acquiring) }

    func set(_ isSet: Bool) { value.store(isSet, ordering: .releasing) }
}
