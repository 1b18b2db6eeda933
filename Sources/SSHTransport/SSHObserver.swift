/// Wraps what a connection does with its server's bytes, on its event loop: so that a handler of crashes, say, can tell whose
/// bytes a thread was at. It must call what it is given, once and before it returns, and should do little else.
///
/// Calls are nested where one connection runs through another.
public final class SSHObserver: Sendable, Hashable {
    let around: @Sendable (() -> Void) -> Void

    public init(_ around: @escaping @Sendable (() -> Void) -> Void) { self.around = around }

    public static func == (one: SSHObserver, other: SSHObserver) -> Bool { one === other }

    public func hash(into hasher: inout Hasher) { hasher.combine(ObjectIdentifier(self)) }
}
