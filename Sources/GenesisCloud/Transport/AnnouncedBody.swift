internal import NIOCore
internal import Synchronization

/// Becomes set at the moment from which a request may be acted upon.
final class SentFlag: Sendable {
    private let flag = Atomic(false)

    var isSet: Bool { flag.load(ordering: .acquiring) }
    func set() { flag.store(true, ordering: .releasing) }
}

/// A request's body that notes when the HTTP client asks for it.
///
/// The client does so only over an established connection, past DNS, TCP and TLS. Before that nothing of the body has
/// left this process, and no server can act on a create whose body it never saw: so every earlier failure, of whatever
/// type, is known to have had no effect.
struct AnnouncedBody: AsyncSequence, Sendable {
    typealias Element = ByteBuffer

    let buffer: ByteBuffer
    let sent: SentFlag

    struct AsyncIterator: AsyncIteratorProtocol {
        var rest: ByteBuffer?
        let sent: SentFlag

        mutating func next() async -> ByteBuffer? {
            sent.set()
            defer { rest = nil }
            return rest
        }
    }

    func makeAsyncIterator() -> AsyncIterator { AsyncIterator(rest: buffer, sent: sent) }
}
